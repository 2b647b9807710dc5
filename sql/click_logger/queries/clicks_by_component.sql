-- What is clicked most, and by how many callers? The last 30 days; each click once, as it was last sent.
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
    component,
    count(*) as clicks,
    count(distinct callerid) as callers
from clicks
group by component
order by clicks desc, component
limit 20
