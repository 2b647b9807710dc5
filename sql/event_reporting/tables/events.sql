-- The table as the app declares it, for those who make it by hand: put your bucket in the two locations.
create external table event_reporting.events (
    `id` string,
    `userid` string,
    `format` string,
    `timestamp` timestamp
)
partitioned by (`dt` string)
stored as parquet
location 's3://events-dev-reporting-us-east-1-111122223333/events/'
tblproperties (
    'classification' = 'parquet',
    'projection.enabled' = 'true',
    'projection.dt.type' = 'date',
    'projection.dt.format' = 'yyyy-MM-dd',
    'projection.dt.interval' = '1',
    'projection.dt.interval.unit' = 'DAYS',
    'projection.dt.range' = '2026-01-01,NOW',
    'storage.location.template' = 's3://events-dev-reporting-us-east-1-111122223333/events/dt=${dt}/'
)
