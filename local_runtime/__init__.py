"""Runs a synthesized CDK app (`cdk.out`) on one machine: no account, no Docker, no network."""
