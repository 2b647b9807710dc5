"""What can go wrong with a mapping template: read, run, or given a payload that is no JSON."""

from __future__ import annotations

from local_runtime.errors import LocalRuntimeError


class TemplateSyntaxError(LocalRuntimeError):
    """The template cannot be parsed; AWS would refuse it or answer every request with 500."""

    def __init__(self, name: str, line: int, detail: str) -> None:
        super().__init__(f"{name}, line {line}: {detail}")
        self.line = line


class TemplateError(Exception):
    """The template asked a value for something that it does not do (Java would throw): AWS answers 500."""


class PayloadError(Exception):
    """The template reads the payload as JSON, and it is none: AWS answers 400 to a request."""
