"""Amazon S3's REST API over the folders of the run's buckets."""
