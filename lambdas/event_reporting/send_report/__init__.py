"""Mails a report, or why there is none."""
