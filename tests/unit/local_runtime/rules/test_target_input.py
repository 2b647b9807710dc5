"""What a rule's target gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_runtime.rules.target_input import problem, target_input

RULE = "arn:aws:events:us-east-1:123456789012:rule/monthly"
TIME, ROWS = "$.time", "$.detail.rows"
EVENT = {
    "source": "aws.events",
    "time": "2026-11-01T08:00:00Z",
    "resources": [RULE],
    "detail": {"rows": 3, "name": 'a "b"'},
}


def transform(template: str, **paths: str) -> dict[str, Any]:
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, EVENT),
        ({"Input": '{"startDate": "2026-10-01"}'}, {"startDate": "2026-10-01"}),
        ({"InputPath": "$.detail.rows"}, 3),
        ({"InputPath": "$.gone"}, None),
        (transform('{"at": <time>, "rows": <rows>}', time=TIME, rows=ROWS), {"at": EVENT["time"], "rows": 3}),
        (
            transform('{"text": "at <time>: <rows> rows"}', time=TIME, rows=ROWS),
            {"text": "at 2026-11-01T08:00:00Z: 3 rows"},
        ),
        (transform('{"said": "<name>"}', name="$.detail.name"), {"said": 'a "b"'}),
        (transform('"<time> \\"<rows>\\""', time=TIME, rows=ROWS), '2026-11-01T08:00:00Z "3"'),
        (transform("<rows> rows at <time>", time=TIME, rows=ROWS), "3 rows at 2026-11-01T08:00:00Z"),
        (
            transform('{"rule": <aws.events.rule-name>, "all": <aws.events.event.json>}'),
            {"rule": "monthly", "all": EVENT},
        ),
        (transform('{"left": "<nobody>"}'), {"left": "<nobody>"}),
    ],
)
def test_a_target_gets_the_event_or_what_is_made_of_it(target: dict[str, Any], expected: Any) -> None:
    assert json.loads(target_input(target, EVENT, RULE)) == expected


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Input": "{", "Id": "a"}, "Input is not JSON"),
        ({"Input": "1", "InputPath": "$"}, "exclude one another"),
        ({"InputPath": "$.["}, "is no JSONPath"),
        (transform("<a>", a="$["), "is no JSONPath"),
    ],
)
def test_a_wrong_input_is_known_at_the_start(target: dict[str, Any], message: str) -> None:
    assert message in str(problem(target))


def test_a_right_input_has_no_problem() -> None:
    assert problem(transform("<a>", a="$.detail")) is None
