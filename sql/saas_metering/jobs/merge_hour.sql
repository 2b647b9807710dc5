-- One hour of the log as a table of its own, each request once. The merge fills in the names and the folder.
create table "${made_database}"."${made_table}"
with (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '${folder}',
    -- One bucket is one file: without it each of Athena's writers makes a small one of its own.
    bucketed_by = array['requestid'],
    bucket_count = 1
)
as
with log_lines as (
    select
        requestid,
        ip,
        "user",
        cast(from_unixtime(try_cast(requesttime as double) / 1000) as timestamp) as requesttime,
        httpmethod,
        resourcepath,
        status,
        protocol,
        try_cast(responselength as integer) as responselength
    from "${log_database}"."${log_table}"
    where year = ? and month = ? and day = ? and hour = ?
),
lines as (
    select "${columns}", 1 as source
    from log_lines
    union all
    -- What was merged before stays: its files may have expired since.
    select "${columns}", 2 as source
    from "${merged_database}"."${merged_table}"
    where year = ? and month = ? and day = ? and hour = ?
),
copies as (
    select "${columns}", row_number() over (partition by requestid order by source, requesttime) as copy
    from lines
)
select "${columns}"
from copies
where copy = 1
