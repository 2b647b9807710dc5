-- The declared table, as a user makes it by hand instead of the crawler. Put your region and account into the two URIs.
create external table `serverless-app-analytics-database`.`firehose` (
    customerid string,
    ipaddress string,
    countrycode string,
    gender string,
    trafficorigin string,
    event struct<type:string,product:string,amount:double>
)
partitioned by (partition_0 string, partition_1 string, partition_2 string, partition_3 string)
row format serde 'org.openx.data.jsonserde.JsonSerDe'
location 's3://app-analytics-us-east-1-123456789012/raw/firehose/'
tblproperties (
    'projection.enabled' = 'true',
    'storage.location.template' = 's3://app-analytics-us-east-1-123456789012/raw/firehose/${partition_0}/${partition_1}/${partition_2}/${partition_3}/',
    'projection.partition_0.type' = 'date',
    'projection.partition_0.format' = 'yyyy',
    'projection.partition_0.range' = '2026,NOW',
    'projection.partition_0.interval' = '1',
    'projection.partition_0.interval.unit' = 'YEARS',
    'projection.partition_1.type' = 'integer',
    'projection.partition_1.range' = '1,12',
    'projection.partition_1.digits' = '2',
    'projection.partition_2.type' = 'integer',
    'projection.partition_2.range' = '1,31',
    'projection.partition_2.digits' = '2',
    'projection.partition_3.type' = 'integer',
    'projection.partition_3.range' = '0,23',
    'projection.partition_3.digits' = '2'
)
