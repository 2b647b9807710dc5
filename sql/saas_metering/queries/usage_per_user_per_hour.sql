-- What did each user use in each hour (UTC) of a day? The parameter is the day, such as '2026-11-22'.
with day as (
    -- A parameter may stand in a WHERE alone, so one of all days is chosen by it.
    select start
    from unnest(sequence(date '2020-01-01', date '2047-01-01', interval '1' day)) as days (start)
    where start = cast(? as date)
),
around as (
    -- A line lies in the hour in which Firehose took the first line of its buffer: maybe that of a neighbour.
    select start - interval '1' day as before, start, start + interval '1' day as next
    from day
),
folders as (
    select year(folder) as year, month(folder) as month, day(folder) as day
    from around
    cross join unnest(array[before, start, next]) as days (folder)
),
requests as (
    -- Firehose may deliver a line twice, even to two hours; a request counts once.
    select distinct log.requestid, log."user", log.requesttime, log.status, log.responselength
    from mydatabase.restapi_access_log_parquet as log
    inner join folders on log.year = folders.year and log.month = folders.month and log.day = folders.day
    cross join day
    where date(log.requesttime) = day.start
)
select
    date_trunc('hour', requesttime) as hour,
    "user",
    count(*) as calls,
    coalesce(sum(responselength), 0) as bytes,
    count_if(try_cast(status as integer) >= 400) as errors,
    approx_percentile(responselength, 0.95) as p95_length
from requests
group by date_trunc('hour', requesttime), "user"
order by hour, calls desc, "user"
