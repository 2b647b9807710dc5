-- What do visitors do?
select
    event,
    count(*) as events,
    count(distinct user_id) as visitors
from web_log_iceberg
where "timestamp" >= cast(? as timestamp) and "timestamp" < cast(? as timestamp)
group by event
order by events desc, event
