"""The local Athena against what Trino answers, expression by expression."""

from __future__ import annotations

import pytest

from local_runtime.athena.engine import Athena
from local_runtime.athena.result import QueryError
from local_runtime.lakehouse.lakehouse import Lakehouse
from tests.unit.local_runtime.athena.trino_answers import AGGREGATES, EXPRESSIONS, REFUSALS, Answer, Refusal

ROWS = "(values (1, 'a'), (2, 'b'), (3, 'c'), (7, 'd')) as t (x, s)"


@pytest.fixture(scope="module")
def athena(shared: tuple[Lakehouse, Athena]) -> Athena:
    return shared[1]


def check(athena: Athena, sql: str, answer: Answer) -> None:
    result = athena.execute(sql)
    [[value]] = result.rows
    if isinstance(answer.value, float):
        assert value == pytest.approx(answer.value), answer.why
    else:
        assert value == answer.value, answer.why
        assert isinstance(value, bool) == isinstance(answer.value, bool)
    if answer.type is not None:
        assert result.columns[0].type == answer.type, answer.why


@pytest.mark.parametrize("answer", EXPRESSIONS, ids=lambda answer: answer.expression)
def test_expression_has_trinos_value(athena: Athena, answer: Answer) -> None:
    check(athena, f"select {answer.expression}", answer)


@pytest.mark.parametrize("answer", AGGREGATES, ids=lambda answer: answer.expression)
def test_aggregate_over_1_2_3_7_has_trinos_value(athena: Athena, answer: Answer) -> None:
    check(athena, f"select {answer.expression} from {ROWS}", answer)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.expression)
def test_expression_is_refused_as_trino_refuses_it(athena: Athena, refusal: Refusal) -> None:
    with pytest.raises(QueryError) as failed:
        athena.execute(f"select {refusal.expression}")
    assert failed.value.code == refusal.code, refusal.why


def test_there_are_more_than_eighty_of_them() -> None:
    assert len(EXPRESSIONS) + len(AGGREGATES) + len(REFUSALS) >= 80
