"""Rendering of one template, with a body and parameters where a test needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local_runtime.vtl import Input, Payload, Template, Util

Render = Callable[..., str]


@pytest.fixture
def render() -> Render:
    def run(
        template: str,
        body: str = "",
        params: Mapping[str, Mapping[str, str]] | None = None,
        context: dict[str, Any] | None = None,
    ) -> str:
        given = {"path": {}, "querystring": {}, "header": {}} if params is None else params
        return Template(template).render(
            {
                "input": Input(Payload(body.encode()), given),
                "util": Util(),
                "context": {} if context is None else context,
            }
        )

    return run
