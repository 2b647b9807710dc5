-- Which records did not reach the table, when, and why? A batch's folder is that of its first record's arrival.
with failed as (
    select
        cast(from_unixtime(arrivaltimestamp / 1000) as timestamp) as arrived,
        coalesce(errorcode, lasterrorcode, 'unknown') as reason
    from web_log_failed_records
    where year || '-' || month || '-' || day >= cast(date_add('day', -1, date(?)) as varchar)
        and year || '-' || month || '-' || day < ?
)
select
    if(by_hour, date_trunc('hour', arrived), date_trunc('day', arrived)) as time,
    reason,
    count(*) as records
from failed
cross join (values (true), (false)) as steps (by_hour)
where arrived >= cast(? as timestamp) and arrived < cast(? as timestamp)
    -- A parameter may stand in a WHERE alone: of the two lines of a record it keeps one.
    and by_hour = (date_diff('day', cast(? as timestamp), cast(? as timestamp)) <= 7)
group by 1, 2
order by 1, 2
