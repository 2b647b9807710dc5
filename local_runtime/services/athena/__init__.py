"""The Athena API: queries that run in the background, their states, and their results in S3."""
