"""Intrinsic functions: the examples of their page, and how wrong ones are refused.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from local_runtime.states.errors import DefinitionError, StatesError
from local_runtime.states.intrinsics import parse_expression
from local_runtime.states.paths import Scope

DATA = {
    "name": "Ana",
    "n": 3,
    "list": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "twice": [1, 2, 2, {"a": 1}, {"a": 1}, "1"],
    "json": '{"a": [1, null]}',
    "one": {"a": 1, "b": 1},
    "other": {"b": 2},
    "a, b": {"c)": "odd"},
}


def value(text: str) -> Any:
    return parse_expression(text).value(Scope(DATA, {"Execution": {"Name": "one"}}), "field.$")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("States.Format('Hello, {}.', $.name)", "Hello, Ana."),
        ("States.Format('{} {} {}', $.n, true, null)", "3 true null"),
        (r"States.Format('\{{}\} it\'s \\', $.one)", r"""{{"a":1,"b":1}} it's \ """.strip()),
        ("States.Format('no places')", "no places"),
        ("States.Format('{}', $$.Execution.Name)", "one"),
        ("States.StringToJson($.json)", {"a": [1, None]}),
        ("States.JsonToString($.one)", '{"a":1,"b":1}'),
        ("States.Array($.n, 'a, (b)', -2.5, States.Array())", [3, "a, (b)", -2.5, []]),
        ("States.ArrayPartition($.list, 4)", [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ("States.ArrayContains($.list, $.n)", True),
        ("States.ArrayContains($.list, '3')", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.list, 5)", 6),
        ("States.ArrayLength($.list)", 9),
        ("States.ArrayUnique($.twice)", [1, 2, {"a": 1}, "1"]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGVjb2RlZCBkYXRh')", "Decoded data"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.JsonMerge($.one, $.other, false)", {"a": 1, "b": 2}),
        ("States.MathAdd($.n, -1)", 2),
        ("States.StringSplit('1,2,,3', ',')", ["1", "2", "3"]),
        ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
        ("States.ArrayLength(States.StringSplit('a b', ' '))", 2),
        ("States.ArrayLength($.list[0:2])", 2),
        ("States.JsonToString($['a, b']['c)'])", '"odd"'),
        ("$.list[?(@ > 7)]", [8, 9]),
    ],
)
def test_functions_answer_as_their_page_says(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_random_numbers_stay_between_their_limits_and_ids_are_ids() -> None:
    assert {value("States.MathRandom(1, 3)") for _ in range(50)} == {1, 2}
    assert value("States.MathRandom(1, 1000, 7)") == value("States.MathRandom(1, 1000, 7)")
    assert uuid.UUID(value("States.UUID()")).version == 4


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('{} {}', 1)",
        "States.StringToJson('{')",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayGetItem($.list, 9)",
        "States.ArrayRange(1, 5000, 1)",
        "States.ArrayLength($.name)",
        "States.Base64Decode('a')",
        "States.Hash('a', 'CRC')",
        "States.JsonMerge($.one, $.other, true)",
        "States.MathAdd('a', 1)",
        "States.MathAdd(1)",
    ],
)
def test_arguments_that_do_not_suit_fail_by_their_name(text: str) -> None:
    with pytest.raises(StatesError) as caught:
        value(text)

    assert caught.value.error == "States.IntrinsicFailure"
    assert text.partition("(")[0] in str(caught.value.cause)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name", "neither a path nor"),
        ("States.Sum(1)", "no intrinsic function States.Sum"),
        ("States.Format('a'", "')' is missing"),
        ("States.Format('a' 1)", "',' or ')' is missing"),
        ("States.Format(a)", "'a)' is no argument"),
        ("States.UUID() + 1", "what follows the function"),
        ("States.Format($.[)", "JSONPath"),
        ("$.[", "JSONPath"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_runs(text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_expression(text)

    assert message in str(caught.value)
