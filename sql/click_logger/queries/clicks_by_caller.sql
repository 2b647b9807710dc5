-- Who clicks most, in how many contexts, and on how many components? The last 30 days, each click once.
with clicks as (
    select distinct
        requestid,
        contextid,
        component,
        callerid
    from click_logger_db.click_log
    where data >= date_format(current_date - interval '30' day, '%Y-%m-%d')
)
select
    callerid,
    count(*) as clicks,
    count(distinct contextid) as contexts,
    count(distinct component) as components
from clicks
group by callerid
order by clicks desc, callerid
limit 20
