-- What do customers do, by the hour in a period of up to a week, by the day in a longer one?
with events as (
    select
        date_parse(concat(partition_0, partition_1, partition_2, partition_3), '%Y%m%d%H') as hour,
        event.type as type
    from firehose
    where partition_0 || '-' || partition_1 || '-' || partition_2 >= ?
        and partition_0 || '-' || partition_1 || '-' || partition_2 < ?
)
select
    if(by_hour, hour, date_trunc('day', hour)) as time,
    type,
    count(*) as events
from events
cross join (values (true), (false)) as steps (by_hour)
-- A parameter may stand in a WHERE alone: of the two lines of an event it keeps one.
where by_hour = (date_diff('day', cast(? as timestamp), cast(? as timestamp)) <= 7)
group by 1, 2
order by 1, 2
