-- The table of clicks as a user makes it by hand; the app makes the same. Put your region and account in.
create external table click_logger_db.click_log (
    requestid string comment 'Which click it is, the same on every retry.',
    contextid string comment 'What the click belongs to: a session, an order, a page.',
    callerid string comment 'Who clicked, or which application reports it.',
    component string comment 'What was clicked.',
    action string comment 'What it does.',
    type string comment 'The kind of event, for example click or webpage.',
    clientip string comment 'The address from which the request came.',
    createdtime timestamp comment 'When the API took the request: UTC.'
)
partitioned by (data string)
stored as parquet
location 's3://click-logger-us-east-1-123456789012/clicklog/'
tblproperties (
    'projection.enabled' = 'true',
    'projection.data.type' = 'date',
    'projection.data.format' = 'yyyy-MM-dd',
    'projection.data.interval' = '1',
    'projection.data.interval.unit' = 'DAYS',
    'projection.data.range' = '2026-01-01,NOW',
    'storage.location.template' = 's3://click-logger-us-east-1-123456789012/clicklog/data=${data}/'
)
