"""The one error of this tool."""


class BadInputError(Exception):
    """A user's mistake; its text is the whole message."""
