-- How do the genders that customers gave differ in what they buy?
select
    gender,
    count(distinct customerid) as customers,
    count(distinct if(event.type = 'checkout', customerid)) as buyers,
    count_if(event.type = 'checkout') as purchases,
    round(avg(if(event.type = 'checkout', event.amount)), 2) as average_purchase
from "serverless-app-analytics-database".firehose
group by gender
order by customers desc, gender
