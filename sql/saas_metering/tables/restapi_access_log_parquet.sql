-- The merged log, for those who make their tables by hand. Put your region and account into LOCATION.
create external table mydatabase.restapi_access_log_parquet (
    requestid string comment 'The id that API Gateway gave the request: no client can choose it.',
    ip string comment 'The address of the caller.',
    `user` string comment 'Who called: the id (sub) in the user pool; - without a valid token.',
    requesttime timestamp comment 'When the request came: UTC; in the log, milliseconds since 1970.',
    httpmethod string comment 'The method.',
    resourcepath string comment 'The path of the resource, parameters by their names.',
    status string comment 'The status of the answer.',
    protocol string comment 'The protocol, HTTP/1.1.',
    responselength int comment 'The length of the body of the answer in bytes.'
)
partitioned by (year int, month int, day int, hour int)
stored as parquet
location 's3://apigw-access-log-to-firehose-us-east-1-123456789012/parquet-data/'
