"""Each kind of repair, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from src.utils.replay.fixes import Fixes, load_fixes


def fixes(tmp_path: Path, *steps: str) -> Fixes:
    path = tmp_path / "fixes.yaml"
    path.write_text("fixes:\n" + "".join(f"  - {step}\n" for step in steps))
    return load_fixes(path)


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("rename: {from: userId, to: user_id}", {"userId": "u"}, {"user_id": "u"}),
        ("rename: {from: userId, to: user_id}", {"userId": "u", "user_id": None}, {"user_id": "u"}),
        ("rename: {from: userId, to: user_id}", {"userId": "u", "user_id": "v"}, None),
        ("default: {field: hostname, value: unknown}", {}, {"hostname": "unknown"}),
        ("default: {field: hostname, value: unknown}", {"hostname": None}, {"hostname": "unknown"}),
        ("default: {field: hostname, value: unknown}", {"hostname": ""}, None),
        ("cast: {field: uri, to: string}", {"uri": 1.50}, {"uri": "1.5"}),
        ("cast: {field: uri, to: string}", {"uri": True}, {"uri": "true"}),
        ("cast: {field: uri, to: string}", {"uri": [1]}, None),
        ("cast: {field: ip, to: ip}", {"ip": 212234672}, {"ip": "12.166.113.176"}),
        ("cast: {field: ip, to: ip}", {"ip": -1}, None),
        ("cast: {field: ip, to: ip}", {"ip": "192.0.2.1"}, None),
        ("drop: {field: debug}", {"debug": {"x": 1}}, {}),
        ("drop: {field: debug}", {"x": 1}, None),
        (
            'parse_timestamp: {field: t, format: "%Y-%m-%d %H:%M:%S"}',
            {"t": "2022-09-16 07:35:46"},
            {"t": "2022-09-16T07:35:46Z"},
        ),
        (
            'parse_timestamp: {field: t, format: "%d.%m.%Y %H:%M", timezone: Asia/Seoul}',
            {"t": "16.09.2022 07:35"},
            {"t": "2022-09-15T22:35:00Z"},
        ),
        (
            "parse_timestamp: {field: t, format: iso8601, timezone: Asia/Seoul}",
            {"t": "2022-09-16T07:35:46.5+02:00"},
            {"t": "2022-09-16T05:35:46Z"},
        ),
        (
            "parse_timestamp: {field: t, format: epoch_ms}",
            {"t": 1663313746999},
            {"t": "2022-09-16T07:35:46Z"},
        ),
        ("parse_timestamp: {field: t, format: epoch}", {"t": "1663313746"}, {"t": "2022-09-16T07:35:46Z"}),
        ("parse_timestamp: {field: t, format: epoch}", {"t": 1e300}, None),
        ("parse_timestamp: {field: t, format: epoch}", {"t": [1]}, None),
        ("parse_timestamp: {field: t, format: epoch}", {"t": "2022-09-16T07:35:46Z"}, None),
    ],
)
def test_step_repairs_what_fits_and_nothing_else(
    tmp_path: Path, step: str, before: dict[str, object], after: dict[str, object] | None
) -> None:
    repaired = fixes(tmp_path, step).repaired(json.dumps(before).encode(), "any", "id-1")
    assert (None if repaired is None else json.loads(repaired)) == (
        None if after is None else {**after, "event_id": "id-1"}
    )


def test_steps_are_tried_in_order_and_one_that_does_not_fit_ends_the_repair(tmp_path: Path) -> None:
    both = fixes(tmp_path, "rename: {from: a, to: ip}", "cast: {field: ip, to: ip}")
    assert both.repaired(b'{"a": 1}', "any", "x") == b'{"ip":"0.0.0.1","event_id":"x"}\n'
    assert both.repaired(b'{"a": -1}', "any", "x") is None


def test_step_with_a_condition_is_for_those_reasons_alone(tmp_path: Path) -> None:
    only = fixes(tmp_path, "{drop: {field: a}, when: [wrong_type]}")
    assert only.repaired(b'{"a": 1}', "missing_field", "x") is None
    assert only.repaired(b'{"a": 1}', "wrong_type", "x") is not None


def test_own_id_and_other_members_stay_as_the_client_wrote_them(tmp_path: Path) -> None:
    payload = b'{"a": 1, "price": 1.10, "big": 12345678901234567890123, "text": "\\u00e9", "event_id": "own"}'
    repaired = fixes(tmp_path, "drop: {field: a}").repaired(payload, "any", "derived")
    assert repaired == (b'{"price":1.10,"big":12345678901234567890123,"text":"\\u00e9","event_id":"own"}\n')


@pytest.mark.parametrize("payload", [b"poison", b"[]", b"", b"\xff", b'"text"'])
def test_what_is_no_object_cannot_be_repaired(tmp_path: Path, payload: bytes) -> None:
    assert fixes(tmp_path, "default: {field: a, value: 1}").repaired(payload, "not_json", "x") is None


def test_unknown_timezone_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        Exception, match=r"fixes\[0\].parse_timestamp: timezone must be one such as .* \(got 'Mars'\)"
    ):
        fixes(tmp_path, "parse_timestamp: {field: t, format: epoch, timezone: Mars}")
