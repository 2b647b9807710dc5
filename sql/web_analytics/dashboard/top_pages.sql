-- Which pages are opened most? The query string is left out, so that one page is one row.
select
    split_part(uri, '?', 1) as page,
    count(*) as openings,
    count(distinct user_id) as visitors
from web_log_iceberg
where "timestamp" >= cast(? as timestamp) and "timestamp" < cast(? as timestamp)
    and event in ('visit', 'view', 'list')
group by split_part(uri, '?', 1)
order by openings desc, page
limit 10
