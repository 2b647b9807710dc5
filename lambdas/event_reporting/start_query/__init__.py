"""Starts the Athena query of a report."""
