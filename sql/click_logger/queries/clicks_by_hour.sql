-- How many clicks has each hour (UTC), by how many callers? The last 7 days; each click once, at its first time.
with clicks as (
    select
        requestid,
        contextid,
        min(createdtime) as createdtime,
        min(callerid) as callerid
    from click_logger_db.click_log
    where data >= date_format(current_date - interval '7' day, '%Y-%m-%d')
    group by requestid, contextid
)
select
    date_trunc('hour', createdtime) as hour,
    count(*) as clicks,
    count(distinct callerid) as callers
from clicks
group by date_trunc('hour', createdtime)
order by hour
