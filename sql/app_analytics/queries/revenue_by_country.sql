-- Where do customers come from, and what does each country bring in?
select
    countrycode as country,
    count(*) as events,
    count(distinct customerid) as customers,
    count_if(event.type = 'checkout') as purchases,
    round(sum(if(event.type = 'checkout', event.amount, 0.0e0)), 2) as revenue
from "serverless-app-analytics-database".firehose
group by countrycode
order by revenue desc, country
