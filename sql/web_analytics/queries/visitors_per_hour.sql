-- How many visitors and sessions does each hour (UTC) have? The latest day of the data, hour by hour.
with latest as (
    select date(max("timestamp")) as day
    from web_log_iceberg_db.web_log_iceberg
)
select
    date_trunc('hour', log."timestamp") as hour,
    count(distinct log.user_id) as visitors,
    count(distinct log.session_id) as sessions,
    count(*) as events
from web_log_iceberg_db.web_log_iceberg as log
cross join latest
where date(log."timestamp") = latest.day
group by date_trunc('hour', log."timestamp")
order by hour
