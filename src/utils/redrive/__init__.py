"""Dead letters of click_logger on their way into the table."""
