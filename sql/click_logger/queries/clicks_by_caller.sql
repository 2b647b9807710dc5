-- Who clicks most, in how many contexts, on how many components? The last 30 days; each click as it was last sent.
with clicks as (
    select
        requestid,
        contextid,
        max_by(component, createdtime) as component,
        max_by(callerid, createdtime) as callerid
    from click_logger_db.click_log
    where data >= date_format(current_date - interval '30' day, '%Y-%m-%d')
    group by requestid, contextid
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
