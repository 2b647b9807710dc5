-- How much happens in the app, and what does it bring in?
select
    count(*) as events,
    count(distinct customerid) as customers,
    count_if(event.type = 'search') as searches,
    count_if(event.type = 'checkout') as orders,
    round(coalesce(sum(if(event.type = 'checkout', cast(event.amount as double))), 0e0), 2) as revenue,
    count(distinct if(event.type = 'checkout', customerid)) as buyers
from firehose
where partition_0 || '-' || partition_1 || '-' || partition_2 >= ?
    and partition_0 || '-' || partition_1 || '-' || partition_2 < ?
