-- Where do sessions come from? A session's source is its first event's referrer.
with sessions as (
    select
        session_id,
        min_by(referrer, "timestamp") as referrer,
        count_if(event = 'purchase') > 0 as has_purchase
    from web_log_iceberg
    where "timestamp" >= cast(? as timestamp) and "timestamp" < cast(? as timestamp)
    group by session_id
)
select
    coalesce(url_extract_host(referrer), 'direct') as source,
    count(*) as sessions,
    count_if(has_purchase) as sessions_with_a_purchase
from sessions
group by coalesce(url_extract_host(referrer), 'direct')
order by sessions desc, source
limit 10
