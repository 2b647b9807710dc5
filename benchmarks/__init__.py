"""What this project promises about speed, measured side by side with plain references; never part of the tests."""
