"""Amazon CloudWatch metrics: what the run and its functions measure, kept minute by minute."""
