-- How many days after they happened do events arrive?
select
    date_diff('day', date("timestamp"), date(dt)) as days_late,
    count(*) as events
from events
where "timestamp" is not null
group by 1
order by days_late
