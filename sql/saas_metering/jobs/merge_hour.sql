-- One hour of the log as a table of its own, each request once. The merge fills in the names and the folder.
create table "${made_database}"."${made_table}"
with (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '${folder}'
)
as
with lines as (
    select
        requestid,
        ip,
        "user",
        cast(from_unixtime(try_cast(requesttime as double) / 1000) as timestamp) as requesttime,
        httpmethod,
        resourcepath,
        status,
        protocol,
        try_cast(responselength as integer) as responselength,
        row_number() over (partition by requestid order by requesttime) as copy
    from "${log_database}"."${log_table}"
    where year = ? and month = ? and day = ? and hour = ?
)
select "${columns}"
from lines
where copy = 1
