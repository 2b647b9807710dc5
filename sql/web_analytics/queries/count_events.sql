-- How many events are in the table, and from when to when?
select
    count(*) as events,
    min("timestamp") as first_event,
    max("timestamp") as last_event
from web_log_iceberg_db.web_log_iceberg
