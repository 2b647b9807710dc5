"""click_logger: who may send clicks, taking them, and keeping each in DynamoDB."""
