"""Looks how far the Athena query of a report is."""
