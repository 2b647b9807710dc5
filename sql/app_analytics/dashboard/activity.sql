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
    if(date_diff('day', cast(? as timestamp), cast(? as timestamp)) <= 7, hour, date_trunc('day', hour)) as time,
    type,
    count(*) as events
from events
group by 1, 2
order by 1, 2
