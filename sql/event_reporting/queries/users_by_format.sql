-- Which formats do users get, and how often?
select
    coalesce(format, '(none)') as format,
    count(*) as events,
    count(distinct userid) as users,
    round(100.0e0 * count(*) / sum(count(*)) over (), 1) as percent_of_events
from events
group by 1
order by events desc, format
