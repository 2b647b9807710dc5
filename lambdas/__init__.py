"""The code that runs on AWS Lambda: a room a system, a folder a function."""
