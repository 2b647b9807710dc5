-- Which products bring in the money?
select
    coalesce(event.product, 'unknown') as product,
    round(sum(cast(event.amount as double)), 2) as revenue,
    count(*) as orders
from firehose
where partition_0 || '-' || partition_1 || '-' || partition_2 >= ?
    and partition_0 || '-' || partition_1 || '-' || partition_2 < ?
    and event.type = 'checkout'
group by coalesce(event.product, 'unknown')
order by revenue desc, product
limit 10
