-- What are the events without nesting, a column for each value?
select
    date_parse(concat(partition_0, partition_1, partition_2, partition_3), '%Y%m%d%H') as hour,
    customerid as customer_id,
    ipaddress as ip_address,
    countrycode as country,
    gender,
    trafficorigin as traffic_origin,
    event.type as event_type,
    event.product as product,
    cast(event.amount as double) as amount
from "serverless-app-analytics-database".firehose
