"""A mapping template: parsed and compiled once, rendered for each request."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from local_runtime.vtl.compiler import BreakSignal, Compiler, StopSignal
from local_runtime.vtl.errors import PayloadError
from local_runtime.vtl.template_parser import TemplateParser


class Template:
    """A compiled template; `name` says where it is written, for errors.

    Raises:
        TemplateSyntaxError: the text is no template; the message names the template and the line.
    """

    def __init__(self, text: str, name: str = "template") -> None:
        self.name = name
        self._run = Compiler().block(TemplateParser(text, name).parse())

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text for these variables (`{"input": Input(...), "util": Util(), "context": {...}}`).

        Maps in `variables` are shared with the template: what it sets in `$context` is there afterwards.

        Raises:
            TemplateError: a method that Java would throw from.
            PayloadError: the payload is read as JSON and is none, or is nested too deeply to be printed.
        """
        out: list[str] = []
        try:
            with suppress(BreakSignal, StopSignal):
                self._run(dict(variables), out.append)
        except RecursionError as error:
            raise PayloadError("the payload is nested too deeply") from error
        return "".join(out)
