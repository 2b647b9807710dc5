-- How long are sessions, and which of them end in a purchase?
with sessions as (
    select
        session_id,
        count(*) as events,
        date_diff('second', min("timestamp"), max("timestamp")) as seconds,
        count_if(event = 'purchase') > 0 as has_purchase
    from web_log_iceberg
    where "timestamp" >= cast(? as timestamp) and "timestamp" < cast(? as timestamp)
    group by session_id
),
sized as (
    select
        case when events = 1 then 1 when events <= 3 then 2 when events <= 9 then 3 else 4 end as position,
        seconds,
        has_purchase
    from sessions
)
select
    element_at(array['1', '2-3', '4-9', '10+'], position) as length,
    count_if(has_purchase) as with_a_purchase,
    count_if(not has_purchase) as without_a_purchase,
    round(avg(seconds), 0) as mean_seconds
from sized
group by position
order by position
