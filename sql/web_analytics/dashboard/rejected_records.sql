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
    if(
        date_diff('day', cast(? as timestamp), cast(? as timestamp)) <= 7,
        date_trunc('hour', arrived),
        date_trunc('day', arrived)
    ) as time,
    reason,
    count(*) as records
from failed
where arrived >= cast(? as timestamp) and arrived < cast(? as timestamp)
group by 1, 2
order by 1, 2
