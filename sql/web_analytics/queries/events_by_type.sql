-- What do visitors do: events, visitors and share of each event type?
with types as (
    select
        event,
        count(*) as events,
        count(distinct user_id) as visitors
    from web_log_iceberg_db.web_log_iceberg
    group by event
)
select
    event,
    events,
    visitors,
    round(100.0e0 * events / sum(events) over (), 1) as percent_of_events
from types
order by events desc, event
