"""Templates of the Kinesis Data Generator: what each expression gives, and what is said of a wrong one."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from src.utils.aws.errors import BadInputError
from src.utils.fake_data.kdg.expressions import EXPRESSIONS
from src.utils.fake_data.kdg.template import TextTemplate
from src.utils.fake_data.payloads import RecordSource

AT = 1_795_253_400.25  # 2026-11-21T09:30:00.250Z


def values(text: str, count: int = 2000, seed: int = 1) -> list[str]:
    records = TextTemplate(text).records(random.Random(seed), lambda: AT)
    return [record.decode() for record in islice(records, count)]


@pytest.mark.parametrize(
    ("expression", "pattern"),
    [
        ("{{internet.ip}}", r"\d{1,3}(\.\d{1,3}){3}"),
        ("{{random.uuid}}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("{{random.boolean}}", r"true|false"),
        ("{{random.alphaNumeric(8)}}", r"[a-z0-9]{8}"),
        ('{{random.float({"min": 1, "max": 2})}}', r"1(\.\d{1,2})?|2"),
        ("{{commerce.price(10, 20)}}", r"(1\d|20)\.\d\d"),
        ("{{name.firstName}},{{name.lastName}}", r"[^,]+,[^,]+"),
        ("{{internet.email}}", r"\S+@\S+"),
        ("{{address.countryCode}}", r"[A-Z]{2}"),
        ("{{ internet.ip() }}", r"[\d.]+"),
    ],
)
def test_expression_has_its_form(expression: str, pattern: str) -> None:
    assert all(re.fullmatch(pattern, value) for value in values(expression, 300))


@pytest.mark.parametrize("name", sorted(set(EXPRESSIONS) - {"random.weightedArrayElement"}))
def test_every_expression_fits_into_a_json_text_and_varies(name: str) -> None:
    texts = [json.loads(value) for value in values(f'"{{{{{name}}}}}"', 300)]
    assert all(texts)
    assert len(set(texts)) > 1 or name.startswith("date.")


@pytest.mark.parametrize(
    ("expression", "all_values"),
    [
        ("{{random.number(3)}}", {"0", "1", "2", "3"}),
        ('{{random.number({"min":50,"max":52})}}', {"50", "51", "52"}),
        ('{{random.number({"min":-1,"max":0})}}', {"-1", "0"}),
        ('{{random.number({"min":1,"max":2,"precision":0.5})}}', {"1", "1.5", "2"}),
        ('{{random.number({"min":10,"max":30,"precision":10})}}', {"10", "20", "30"}),
        ('{{random.arrayElement(["a b", 1, 2.5, null, "ü"])}}', {"a b", "1", "2.5", "null", "ü"}),
    ],
)
def test_expression_gives_all_its_values_and_no_other(expression: str, all_values: set[str]) -> None:
    assert set(values(expression)) == all_values


def test_number_of_a_large_range_stays_in_it() -> None:
    numbers = [int(value) for value in values('{{random.number({"min":1000000,"max":9000000})}}')]
    assert 1_000_000 <= min(numbers) < 1_100_000
    assert 8_900_000 < max(numbers) <= 9_000_000


def test_weights_are_shares() -> None:
    expression = '{{random.weightedArrayElement({"weights":[3,0,1],"data":["cat","fish","dog"]})}}'
    counts = Counter(values(expression, 4000))
    assert set(counts) == {"cat", "dog"}
    assert 2800 < counts["cat"] < 3200


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("DD/MMM/YYYY:HH:mm:ss Z", "21/Nov/2026:09:30:00 +00:00"),
        ("dddd, MMMM Do YYYY, h:mm:ss a", "Saturday, November 21st 2026, 9:30:00 am"),
        ("ddd, hA", "Sat, 9AM"),
        ("YYYY-MM-DDTHH:mm:ss.SSS[Z]", "2026-11-21T09:30:00.250Z"),
        ("x X", "1795253400250 1795253400"),
        ("YY M D DDDD H m s ZZ", "26 11 21 325 9 30 0 +0000"),
        ("[day] D", "day 21"),
    ],
)
def test_time_is_told_in_the_words_of_moment(pattern: str, text: str) -> None:
    assert values(f'{{{{date.utc("{pattern}")}}}}', 1) == [text]


def test_time_without_a_format_is_iso() -> None:
    assert values("{{date.utc}}", 1) == ["2026-11-21T09:30:00Z"]
    assert re.fullmatch(r"2026-11-2[12]T\d\d:\d0:00[+-]\d\d:\d\d", values("{{date.now}}", 1)[0])
    assert values("{{date.utc(YYYY)}}", 1) == ["2026"]


def test_time_goes_on_with_the_clock() -> None:
    now = iter(range(100))
    records = TextTemplate('{{date.utc("X")}}').records(random.Random(1), lambda: next(now))
    assert [next(records) for _ in range(3)] == [b"0", b"1", b"2"]


def test_record_is_one_line_and_its_other_text_stays() -> None:
    template = '\n{\n  "a": {"b": {{random.number(0)}}},\r\n  "share": "100%s"\n}\n'
    assert values(template, 1) == ['{  "a": {"b": 0},  "share": "100%s"}']


def test_same_seed_gives_the_same_records() -> None:
    template = "{{name.findName}} {{random.uuid}} {{random.number}}"
    assert values(template, 50, seed=7) == values(template, 50, seed=7)
    assert values(template, 50, seed=7) != values(template, 50, seed=8)


def test_a_template_knows_whether_its_records_are_json() -> None:
    assert TextTemplate('{"a": "{{random.word}}"}').is_json
    assert not TextTemplate("{{name.firstName}},{{random.number(70)}}").is_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{{random.nmber(5)}} {{x.y}} {{x.y}}",
            r"unknown: {{random.nmber}}, {{x.y}}; did you mean random.num",
        ),
        ("{{x}}", r"There are: address.city, .*random.word$"),
        ("{{random.number('a')}}", r"the arguments of .* are no JSON: texts stand in double quotes"),
        ('{{random.number("a")}}', r"must have a number or {.min.: 1"),
        ('{{random.number({"min":3,"max":1})}}', r"with min up to max"),
        ('{{random.number({"low":3})}}', r"must have a number or"),
        ("{{random.number(true)}}", r"must have a number or"),
        ("{{random.number(1, 2)}}", r"has more arguments than random.number takes"),
        ("{{random.number(Infinity)}}", r"are no JSON"),
        ("{{random.arrayElement([])}}", r"must have a list"),
        ('{{random.weightedArrayElement({"weights":[1],"data":["a","b"]})}}', r"as many weights as data"),
        ('{{random.weightedArrayElement({"weights":[0],"data":["a"]})}}', r"as many weights as data"),
        ("{{date.now(5)}}", r"must have a format of moment.js"),
        ("{{random.alphaNumeric(0)}}", r"must have a count of 1-1000"),
        ("{{random number}}", r"is no expression"),
        ('{"a": {{random.number(5)}', r"{{random\.number\(5\)} has no end"),
        ("  \n ", r"the template is empty"),
    ],
)
def test_a_wrong_template_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        TextTemplate(text)


def test_a_file_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "template.txt"
    with pytest.raises(BadInputError, match=r"--template-file .*template.txt cannot be read: No such file"):
        TextTemplate.read(str(file))
    file.write_bytes(b"\xff")
    with pytest.raises(BadInputError, match=r"it is not UTF-8"):
        TextTemplate.read(str(file))
    file.write_text("{{a.b}}")
    with pytest.raises(BadInputError, match=r"--template-file .*template.txt: unknown: {{a.b}}"):
        TextTemplate.read(str(file))


def test_records_of_a_template_are_spread_over_shards() -> None:
    source = RecordSource(TextTemplate("{{random.word}}"), seed=1, clock=lambda: AT, max_count=100)
    records = list(source)
    assert len({record.partition_key for record in records}) == 100
    assert {record.flaw for record in records} == {None}
