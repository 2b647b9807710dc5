"""Query executions: what was asked, how far it is, what came of it. Finished ones are kept.

https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from local_runtime.errors import AwsError, LocalRuntimeError

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
USER_ERROR, SYSTEM_ERROR = 2, 1
"""`ErrorCategory` of https://docs.aws.amazon.com/athena/latest/ug/error-reference.html"""

_SUBSTATEMENT = {"INSERT INTO": "INSERT", "DELETE FROM": "DELETE", "MERGE INTO": "MERGE"}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS execution (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    work_group TEXT NOT NULL,
    token TEXT,
    document TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS execution_by_token ON execution (work_group, token);
CREATE INDEX IF NOT EXISTS execution_by_query ON execution (work_group, json_extract(document, '$.query'));
"""


@dataclass
class QueryExecution:
    """One execution; the thread that runs it alone changes it, under the store's lock."""

    id: str
    query: str
    statement_kind: str
    """`SELECT`, `CREATE TABLE` ..."""
    statement_type: str
    """DDL, DML or UTILITY."""
    work_group: str
    output_location: str
    """The result object, not its folder."""
    submitted: float
    database: str | None = None
    catalog: str | None = None
    parameters: list[str] = field(default_factory=list)
    token: str | None = None
    state: str = QUEUED
    reason: str | None = None
    error_category: int | None = None
    started: float | None = None
    completed: float | None = None
    engine_millis: int = 0
    scanned_bytes: int = 0
    columns: list[list[str]] = field(default_factory=list)
    """Name and type of each result column."""
    update_count: int | None = None
    reuse_minutes: int | None = None
    """How old a result may be that is given instead of running the query; None: it is run."""
    is_reused: bool = False

    @property
    def is_over(self) -> bool:
        return self.state in (SUCCEEDED, FAILED, CANCELLED)

    @property
    def is_select(self) -> bool:
        return self.statement_kind == "SELECT"

    def to_api(self) -> dict[str, Any]:
        context = {"Database": self.database, "Catalog": self.catalog}
        answer: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement_type,
            "SubstatementType": _SUBSTATEMENT.get(self.statement_kind, self.statement_kind.replace(" ", "_")),
            "ResultConfiguration": {"OutputLocation": self.output_location},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": self._reuse()},
            "QueryExecutionContext": {name: value for name, value in context.items() if value is not None},
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": self.work_group,
            "EngineVersion": ENGINE,
        }
        if self.parameters:
            answer["ExecutionParameters"] = self.parameters
        return answer

    def _reuse(self) -> dict[str, Any]:
        if self.reuse_minutes is None:
            return {"Enabled": False}
        return {"Enabled": True, "MaxAgeInMinutes": self.reuse_minutes}

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.error_category is not None:
            status["AthenaError"] = {
                "ErrorCategory": self.error_category,
                "ErrorType": 0,
                "Retryable": False,
                "ErrorMessage": self.reason,
            }
        return status

    def _statistics(self) -> dict[str, Any]:
        if self.completed is None:
            return {}
        total = round((self.completed - self.submitted) * 1000)
        started = self.completed if self.started is None else self.started
        queued = round((started - self.submitted) * 1000)
        return {
            "EngineExecutionTimeInMillis": self.engine_millis,
            "DataScannedInBytes": self.scanned_bytes,
            "TotalExecutionTimeInMillis": total,
            "QueryQueueTimeInMillis": queued,
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": max(0, total - queued - self.engine_millis),
            "ResultReuseInformation": {"ReusedPreviousResult": self.is_reused},
        }


class ExecutionStore:
    """Executions in SQLite; safe for many threads."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_SCHEMA}")
        except sqlite3.Error as error:
            raise LocalRuntimeError(f"{path}: the query history cannot be opened: {error}") from error
        self._lock = threading.RLock()
        row = self._db.execute("SELECT coalesce(max(number), 0) FROM execution").fetchone()
        self._number: int = row[0]

    def fail_unfinished(self, now: float) -> None:
        """What a run did not finish fails: its rows are gone with the process that had them."""
        query = "SELECT document FROM execution WHERE json_extract(document, '$.state') IN (?, ?)"
        for (document,) in self._db.execute(query, (QUEUED, RUNNING)).fetchall():
            execution = QueryExecution(**json.loads(document))
            reason = "The local run ended before the query did; please start the query again."
            self.update(execution, state=FAILED, reason=reason, error_category=SYSTEM_ERROR, completed=now)

    def add(self, execution: QueryExecution) -> QueryExecution:
        """Keep a new execution, or give the one that the same client request token has made before.

        Raises:
            AwsError: the token was used for another request.
        """
        with self._lock:
            known = self._by_token(execution.work_group, execution.token)
            if known is not None:
                same = (known.query, known.database, known.parameters)
                if same != (execution.query, execution.database, execution.parameters):
                    raise AwsError("InvalidRequestException", "Idempotent parameters do not match")
                return known
            self._number += 1
            row = (execution.id, self._number, execution.work_group, execution.token, _json(execution))
            self._db.execute("INSERT INTO execution VALUES (?, ?, ?, ?, ?)", row)
            return execution

    def reusable(self, execution: QueryExecution, since: float) -> QueryExecution | None:
        """The newest execution of the same query, run since then, whose result answers this one too."""
        query = (
            "SELECT document FROM execution WHERE work_group = ? AND json_extract(document, '$.query') = ?"
            " ORDER BY number DESC"
        )
        folder = execution.output_location.rpartition("/")[0]
        with self._lock:
            for (document,) in self._db.execute(query, (execution.work_group, execution.query)):
                known = QueryExecution(**json.loads(document))
                if known.completed is None or known.is_reused:
                    continue
                if known.completed < since:
                    break
                same = (known.database, known.catalog, known.parameters)
                if (
                    known.state == SUCCEEDED
                    and same == (execution.database, execution.catalog, execution.parameters)
                    and known.output_location.rpartition("/")[0] == folder
                ):
                    return known
        return None

    def _by_token(self, work_group: str, token: str | None) -> QueryExecution | None:
        row = self._db.execute(
            "SELECT document FROM execution WHERE work_group = ? AND token = ?", (work_group, token)
        ).fetchone()
        return None if row is None else QueryExecution(**json.loads(row[0]))

    def update(self, execution: QueryExecution, **changes: Any) -> bool:
        """Change an execution that is not over yet; whether it was not."""
        with self._lock:
            current = self.find(execution.id)
            if current is None or current.is_over:
                return False
            for name, value in changes.items():
                setattr(execution, name, value)
            row = (_json(execution), execution.id)
            self._db.execute("UPDATE execution SET document = ? WHERE id = ?", row)
            return True

    def find(self, execution_id: str) -> QueryExecution | None:
        with self._lock:
            query = "SELECT document FROM execution WHERE id = ?"
            row = self._db.execute(query, (execution_id,)).fetchone()
        return None if row is None else QueryExecution(**json.loads(row[0]))

    def ids(self, work_group: str, before: int | None, limit: int) -> list[tuple[int, str]]:
        """(number, id), the newest first."""
        query = (
            "SELECT number, id FROM execution WHERE work_group = ? AND number < ?"
            " ORDER BY number DESC LIMIT ?"
        )
        newest = self._number + 1 if before is None else before
        with self._lock:
            return self._db.execute(query, (work_group, newest, limit)).fetchall()

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _json(execution: QueryExecution) -> str:
    document: Mapping[str, Any] = asdict(execution)
    return json.dumps(document)
