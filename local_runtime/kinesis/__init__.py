"""Kinesis Data Streams on one machine: a durable store and the service's own API over it."""
