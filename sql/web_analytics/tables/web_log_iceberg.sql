-- The events' table as a user makes it by hand, when the app is told not to. Put your region and account into LOCATION.
create table web_log_iceberg_db.web_log_iceberg (
    user_id string comment 'Who: the visitor, as the site knows them.',
    session_id string comment 'The visit that the event belongs to.',
    event string comment 'What happened: visit, view, list, like, cart, purchase, or any other name.',
    referrer string comment 'The page that the visitor came from.',
    user_agent string comment 'The browser, in its own words.',
    ip string comment 'The address of the visitor, IPv4 or IPv6, as text.',
    hostname string comment 'The host that served the page.',
    os string comment 'The operating system of the visitor.',
    `timestamp` timestamp comment 'When it happened: UTC, to the second.',
    uri string comment 'The path of the page, as the client requested it.',
    event_id string comment 'Which event it is, the same on every retry.',
    received_at timestamp comment 'When the stream took the record: UTC, to the millisecond.'
)
partitioned by (event, day(`timestamp`))
location 's3://web-analytics-us-east-1-123456789012/web_log_iceberg_db/web_log_iceberg'
tblproperties (
    'table_type' = 'iceberg',
    'format' = 'parquet',
    'write_compression' = 'snappy',
    'optimize_rewrite_delete_file_threshold' = '10'
)
