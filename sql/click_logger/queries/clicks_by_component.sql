-- What is clicked most, and by how many callers? The last 30 days; a click that was delivered twice counts once.
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
    component,
    count(*) as clicks,
    count(distinct callerid) as callers
from clicks
group by component
order by clicks desc, component
limit 20
