-- How far do customers get, from a search to the checkout? Each step counts those who took all before it too.
with customers as (
    select
        customerid,
        count_if(event.type = 'search') > 0 as searched,
        count_if(event.type = 'view') > 0 as viewed,
        count_if(event.type = 'add_to_cart') > 0 as added,
        count_if(event.type = 'checkout') > 0 as bought
    from firehose
    where partition_0 || '-' || partition_1 || '-' || partition_2 >= ?
        and partition_0 || '-' || partition_1 || '-' || partition_2 < ?
    group by customerid
),
totals as (
    select
        count_if(searched) as searched,
        count_if(searched and viewed) as viewed,
        count_if(searched and viewed and added) as added,
        count_if(searched and viewed and added and bought) as bought
    from customers
)
select
    element_at(array['search', 'view', 'add to cart', 'checkout'], position) as step,
    element_at(array[searched, viewed, added, bought], position) as customers
from totals
cross join unnest(sequence(1, 4)) as numbers (position)
where searched > 0
order by position
