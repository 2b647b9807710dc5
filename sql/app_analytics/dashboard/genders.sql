-- Who are the customers?
select
    coalesce(gender, 'unknown') as gender,
    count(distinct customerid) as customers,
    count_if(event.type = 'checkout') as orders
from firehose
where partition_0 || '-' || partition_1 || '-' || partition_2 >= ?
    and partition_0 || '-' || partition_1 || '-' || partition_2 < ?
group by coalesce(gender, 'unknown')
order by 2 desc, 1
