"""What the tools share that talk to AWS, or to the local run by AWS_ENDPOINT_URL."""
