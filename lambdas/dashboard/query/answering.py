"""An answer from where it is cheapest: as it was given in this span of time, else by Athena."""

import hashlib
import time

from lambdas.common.telemetry import write_line
from lambdas.dashboard.query.answers import Answers
from lambdas.dashboard.query.athena import Athena
from lambdas.dashboard.query.logic import Question, answer_text
from lambdas.dashboard.query.settings import Settings

TOKEN_SECONDS = 30
"""A failed query can be asked anew after that; until then all who ask share one execution."""


def answer(
    question: Question, settings: Settings, *, athena: Athena, answers: Answers, deadline: float
) -> str:
    """The answer as JSON, docs/decisions/0109.

    Raises:
        QuestionError: there is none by the deadline, a moment of `time.monotonic()`.
    """
    now = int(time.time())
    key = question.key(settings.database, now // settings.cache_seconds)
    kept = answers.get(key)
    if kept is not None:
        return kept
    token = hashlib.sha256(f"{key}{now // TOKEN_SECONDS}".encode()).hexdigest()
    table = athena.answer(question, token=token, deadline=deadline)
    asked_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    text = answer_text(question, table.columns, table.rows, asked_at=asked_at)
    answers.put(key, text)
    facts = {"query": question.name, "scannedBytes": table.scanned_bytes}
    write_line({"level": "INFO", "message": "Athena was asked", **facts})
    return text
