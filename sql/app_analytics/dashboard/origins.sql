-- Through which channels do customers come, and which of them sell?
select
    coalesce(trafficorigin, 'unknown') as origin,
    count(distinct customerid) as customers,
    count_if(event.type = 'checkout') as orders
from firehose
where partition_0 || '-' || partition_1 || '-' || partition_2 >= ?
    and partition_0 || '-' || partition_1 || '-' || partition_2 < ?
group by coalesce(trafficorigin, 'unknown')
order by customers desc, origin
limit 10
