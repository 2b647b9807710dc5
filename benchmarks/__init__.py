"""What this project promises about speed, measured beside plain references; never part of the tests."""
