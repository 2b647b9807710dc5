-- Where are the customers, and what do they spend?
select
    coalesce(countrycode, 'unknown') as country,
    count(distinct customerid) as customers,
    round(coalesce(sum(if(event.type = 'checkout', cast(event.amount as double))), 0e0), 2) as revenue
from firehose
where partition_0 || '-' || partition_1 || '-' || partition_2 >= ?
    and partition_0 || '-' || partition_1 || '-' || partition_2 < ?
group by coalesce(countrycode, 'unknown')
order by customers desc, country
limit 10
