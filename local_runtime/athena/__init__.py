"""Athena's SQL over the run's Iceberg tables: sqlglot reads it, DuckDB runs it on the current files."""

from __future__ import annotations
