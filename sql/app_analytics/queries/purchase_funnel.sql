-- How far do customers get: searched, then viewed a product, filled a cart, and bought?
with customers as (
    select
        customerid,
        count_if(event.type = 'search') > 0 as searched,
        count_if(event.type = 'view') > 0 as viewed,
        count_if(event.type = 'add_to_cart') > 0 as filled_a_cart,
        count_if(event.type = 'checkout') > 0 as bought
    from "serverless-app-analytics-database".firehose
    group by customerid
),
totals as (
    select
        count_if(searched) as searched,
        count_if(searched and viewed) as viewed,
        count_if(searched and viewed and filled_a_cart) as filled_a_cart,
        count_if(searched and viewed and filled_a_cart and bought) as bought
    from customers
),
steps as (
    select
        position,
        element_at(array['searched', 'viewed a product', 'filled a cart', 'bought'], position) as step,
        element_at(array[searched, viewed, filled_a_cart, bought], position) as customers,
        searched
    from totals
    cross join unnest(sequence(1, 4)) as numbers (position)
)
select
    position,
    step,
    customers,
    round(100.0e0 * customers / nullif(searched, 0), 1) as percent_of_searchers
from steps
order by position
