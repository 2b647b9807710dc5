"""Glue crawlers: the schema of JSON lines under an S3 folder becomes a table, and stays it.

https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
"""
