-- How does the traffic change, by the hour in a period of up to a week, by the day in a longer one?
select
    if(by_hour, date_trunc('hour', "timestamp"), date_trunc('day', "timestamp")) as time,
    count(*) as events,
    count(distinct session_id) as sessions,
    count(distinct user_id) as visitors
from web_log_iceberg
cross join (values (true), (false)) as steps (by_hour)
where "timestamp" >= cast(? as timestamp) and "timestamp" < cast(? as timestamp)
    -- A parameter may stand in a WHERE alone: of the two lines of an event it keeps one.
    and by_hour = (date_diff('day', cast(? as timestamp), cast(? as timestamp)) <= 7)
group by 1
order by 1
