"""Erasing one person: where their events are, deleting them, and what remains until when."""
