"""What the main system costs a month on AWS, from its templates and a dated list of prices."""
