"""AWS services as clients call them, over what the run has: tables, buckets, functions, metrics."""
