-- What do customers do: events, customers and share of each event type?
with types as (
    select
        event.type as type,
        count(*) as events,
        count(distinct customerid) as customers
    from "serverless-app-analytics-database".firehose
    group by event.type
)
select
    type,
    events,
    customers,
    round(100.0e0 * events / sum(events) over (), 1) as percent_of_events
from types
order by events desc, type
