"""Data Firehose's record transformation: which web events reach the Iceberg table."""
