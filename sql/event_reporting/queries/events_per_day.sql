-- How many events happened each day of the last four weeks, and from how many users?
select
    date(coalesce("timestamp", cast(dt as timestamp))) as day,
    count(*) as events,
    count(distinct userid) as users
from events
where
    dt >= date_format(current_date - interval '29' day, '%Y-%m-%d')
    and coalesce("timestamp", cast(dt as timestamp)) >= current_date - interval '28' day
group by 1
order by day desc
