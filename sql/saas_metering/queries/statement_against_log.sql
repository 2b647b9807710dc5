-- Does a month's statement hold each line of the log once? The parameter is a day of it, such as '2026-11-01'.
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
lines as (
    -- Firehose may deliver a line twice, even to two hours; a request counts once.
    select distinct log.requestid, try_cast(log.responselength as integer) as responselength
    from mydatabase.restapi_access_log_json as log
    inner join folders on log.year = folders.year and log.month = folders.month
    cross join month
    where date_trunc('month', date(from_unixtime(try_cast(log.requesttime as double) / 1000))) = month.start
),
requests as (
    select distinct log.requestid, log.responselength
    from mydatabase.restapi_access_log_parquet as log
    inner join folders on log.year = folders.year and log.month = folders.month
    cross join month
    where date_trunc('month', date(log.requesttime)) = month.start
)
select
    count(lines.requestid) as calls_in_log,
    count(requests.requestid) as calls_in_statement,
    coalesce(sum(lines.responselength), 0) as bytes_in_log,
    coalesce(sum(requests.responselength), 0) as bytes_in_statement,
    count_if(requests.requestid is null) as calls_not_merged_yet,
    count_if(lines.requestid is null) as calls_no_longer_in_log
from lines
full outer join requests on lines.requestid = requests.requestid
