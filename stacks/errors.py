"""What the person at the keyboard must mend: a sentence on standard error, no traceback."""

from __future__ import annotations


class AppError(Exception):
    """The app cannot be synthesized; the message says what to change."""
