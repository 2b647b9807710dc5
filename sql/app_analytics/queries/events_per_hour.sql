-- How many events arrived in each hour (UTC) of the latest day?
with hours as (
    select
        date_parse(concat(partition_0, partition_1, partition_2, partition_3), '%Y%m%d%H') as hour,
        event.type as type
    from "serverless-app-analytics-database".firehose
),
latest as (
    select date(max(hour)) as day
    from hours
)
select
    hours.hour,
    count(*) as events,
    count_if(hours.type = 'checkout') as purchases
from hours
cross join latest
where date(hours.hour) = latest.day
group by hours.hour
order by hours.hour
