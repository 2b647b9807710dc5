-- What did each user use on each day (UTC) of a month? The parameter is a day of it, such as '2026-11-01'.
with month as (
    -- A parameter may stand in a WHERE alone, so one of all months is chosen by it.
    select start
    from unnest(sequence(date '2020-01-01', date '2050-01-01', interval '1' month)) as months (start)
    where start = date_trunc('month', cast(? as date))
),
around as (
    -- A line lies in the hour in which Firehose took the first line of its buffer: maybe that of a neighbour.
    select start - interval '1' day as before, start, start + interval '1' month as next
    from month
),
folders as (
    select year(folder) as year, month(folder) as month
    from around
    cross join unnest(array[before, start, next]) as days (folder)
),
requests as (
    -- Firehose may deliver a line twice, even to two hours; a request counts once.
    select distinct log.requestid, log."user", log.requesttime, log.status, log.responselength
    from mydatabase.restapi_access_log_parquet as log
    inner join folders on log.year = folders.year and log.month = folders.month
    cross join month
    where date_trunc('month', date(log.requesttime)) = month.start
)
select
    date(requesttime) as day,
    "user",
    count(*) as calls,
    coalesce(sum(responselength), 0) as bytes,
    count_if(try_cast(status as integer) >= 400) as errors,
    approx_percentile(responselength, 0.95) as p95_length
from requests
group by date(requesttime), "user"
order by day, calls desc, "user"
