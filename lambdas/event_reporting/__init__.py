"""event_reporting: the functions of the scheduled report."""
