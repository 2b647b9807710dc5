-- Which traffic origins bring buyers?
with customers as (
    select
        trafficorigin,
        customerid,
        count_if(event.type = 'checkout') > 0 as bought
    from "serverless-app-analytics-database".firehose
    group by trafficorigin, customerid
)
select
    trafficorigin as origin,
    count(*) as customers,
    count_if(bought) as buyers,
    round(100.0e0 * count_if(bought) / count(*), 1) as percent_buyers
from customers
group by trafficorigin
order by customers desc, origin
