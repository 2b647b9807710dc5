-- How much traffic was there, and how much of it ended in a purchase?
select
    count(*) as events,
    count_if(event in ('visit', 'view', 'list')) as page_views,
    count(distinct user_id) as visitors,
    count(distinct session_id) as sessions,
    count_if(event = 'purchase') as purchases,
    count(distinct if(event = 'purchase', session_id)) as buying_sessions
from web_log_iceberg
where "timestamp" >= cast(? as timestamp) and "timestamp" < cast(? as timestamp)
