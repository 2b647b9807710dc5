"""The lakehouse of the local run: S3 buckets as folders, Glue databases and Iceberg tables on them."""

from __future__ import annotations
