"""The account of a time range: what the stream accepted, against where each record is."""
