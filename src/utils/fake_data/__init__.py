"""Fake events for the pipeline: visitors with sessions, their encoding, and a sender that counts exactly."""
