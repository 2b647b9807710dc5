"""Lets API Gateway know what the holder of a token may do."""
