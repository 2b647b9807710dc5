-- How many sessions end in a purchase, and how do they differ from the others?
with sessions as (
    select
        session_id,
        count_if(event = 'purchase') > 0 as has_purchase,
        count(*) as events,
        date_diff('second', min("timestamp"), max("timestamp")) as seconds
    from web_log_iceberg_db.web_log_iceberg
    group by session_id
)
select
    has_purchase,
    count(*) as sessions,
    round(100.0e0 * count(*) / sum(count(*)) over (), 1) as percent_of_sessions,
    round(avg(events), 1) as events_per_session,
    round(avg(seconds), 0) as seconds_per_session
from sessions
group by has_purchase
order by has_purchase desc
