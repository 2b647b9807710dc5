"""Keeps each click of a delivery in DynamoDB on its way to the bucket."""
