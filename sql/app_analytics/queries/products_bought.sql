-- Which products are bought most, and what do they bring in?
select
    event.product as product,
    count(*) as purchases,
    count(distinct customerid) as customers,
    round(sum(event.amount), 2) as revenue
from "serverless-app-analytics-database".firehose
where event.type = 'checkout'
group by event.product
order by revenue desc, product
