-- Which pages are opened most, by how many visitors? The query string is left out, so one page is one row.
with openings as (
    select
        split_part(uri, '?', 1) as page,
        user_id
    from web_log_iceberg_db.web_log_iceberg
    where event in ('visit', 'view', 'list')
)
select
    page,
    count(*) as openings,
    count(distinct user_id) as visitors
from openings
group by page
order by openings desc, page
limit 10
