"""Starts the report of the month that has ended."""
