"""The response's bytes: counted no lower than Lambda's own encoder makes them."""

from awslambdaric.lambda_runtime_marshaller import to_json
from hypothesis import given
from hypothesis import strategies as st

from lambdas.common.firehose import Metadata, Reply, ReplyBudget, accepted_overhead, encoded_size

METADATA: Metadata = {
    "otfMetadata": {"destinationDatabaseName": "db", "destinationTableName": "t", "operation": "insert"}
}


def test_budget_is_the_exact_size_of_a_response_in_ascii() -> None:
    replies: list[Reply] = [
        {"recordId": "1", "result": "Ok", "data": "YQ==", "metadata": METADATA},
        {"recordId": "22", "result": "ProcessingFailed", "data": ""},
    ]
    size = len(to_json({"records": replies}))
    taken = accepted_overhead(METADATA) + len("YQ==")
    # The last reply has no separator behind it.
    assert ReplyBudget(["1", "22"], limit=size + 2).take(taken)
    assert not ReplyBudget(["1", "22"], limit=size + 1).take(taken)


def test_refused_bytes_are_not_taken() -> None:
    budget = ReplyBudget([], limit=len('{"records": []}') + 10)
    assert not budget.take(11)
    assert budget.take(10)
    assert not budget.take(1)


@given(st.text(max_size=20))
def test_text_is_counted_no_smaller_than_the_runtime_encodes_it(text: str) -> None:
    assert encoded_size({"recordId": text}) >= len(to_json({"recordId": text}).encode())
