"""The Athena API over the run's SQL engine.

https://docs.aws.amazon.com/athena/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_runtime.assembly.model import Assembly
from local_runtime.errors import AwsError
from local_runtime.service import Service
from local_runtime.services.athena.catalog import CATALOG, INVALID, AthenaCatalog
from local_runtime.services.athena.executions import SUCCEEDED, ExecutionStore, QueryExecution
from local_runtime.services.athena.results import api_rows, column_info, read_csv, read_text_file
from local_runtime.services.athena.workgroups import (
    PRIMARY,
    NamedQuery,
    WorkGroup,
    default_output_bucket,
    named_queries,
    work_groups,
)
from local_runtime.services.paging import page

if TYPE_CHECKING:
    from local_runtime.athena.engine import Athena
    from local_runtime.lakehouse.lakehouse import Lakehouse

Request = dict[str, Any]
Response = dict[str, Any]

MAX_QUERY_BYTES = 262_144
MAX_ROWS = 1000
DEFAULT_REUSE_MINUTES, MAX_REUSE_MINUTES = 60, 7 * 24 * 60
_UTILITY = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN"})
_DML = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "UNLOAD", "EXECUTE"})
_TOKEN = re.compile(r"[\x20-\x7e]{32,128}")
_CTAS = re.compile(r"\bas\s*[\s(]\s*(select|with|values)\b", re.IGNORECASE)


class AthenaService:
    """A `Service`; `athena` and `lakehouse` wait until the tables are there."""

    def __init__(
        self,
        assembly: Assembly,
        state: Path,
        athena: Callable[[], Athena],
        lakehouse: Callable[[], Lakehouse],
        glue: Service,
    ) -> None:
        from local_runtime.services.athena.runner import QueryRunner

        self._lakehouse = lakehouse
        self._default_bucket = default_output_bucket(assembly)
        self._work_groups = work_groups(assembly)
        self._named_queries = named_queries(assembly)
        self._store = ExecutionStore(state)
        self._store.fail_unfinished(time.time())
        self._runner = QueryRunner(self._store, athena, lambda: lakehouse().objects)
        self._actions: dict[str, Callable[[Request], Response]] = {
            "StartQueryExecution": self._start_query_execution,
            "GetQueryExecution": self._get_query_execution,
            "BatchGetQueryExecution": self._batch_get_query_execution,
            "StopQueryExecution": self._stop_query_execution,
            "GetQueryResults": self._get_query_results,
            "ListQueryExecutions": self._list_query_executions,
            "ListWorkGroups": self._list_work_groups,
            "GetWorkGroup": lambda request: {"WorkGroup": self._work_group(request).to_api()},
            "ListNamedQueries": self._list_named_queries,
            "GetNamedQuery": self._get_named_query,
            "BatchGetNamedQuery": self._batch_get_named_query,
            **AthenaCatalog(glue).actions,
        }

    def __call__(self, action: str, request: Request) -> Response:
        answer = self._actions.get(action)
        if answer is None:
            known = ", ".join(sorted(self._actions))
            raise AwsError(
                "UnknownOperationException", f"Athena {action} is not run here; these are: {known}"
            )
        return answer(request)

    def close(self) -> None:
        """Cancel what runs."""
        self._runner.close()
        self._store.close()

    # -- executions

    def _start_query_execution(self, request: Request) -> Response:
        query = _query(request)
        work_group = self._work_group(request)
        if not work_group.enabled:
            raise AwsError(INVALID, f"WorkGroup {work_group.name} is disabled.")
        folder = work_group.result_folder(_text(_members(request, "ResultConfiguration"), "OutputLocation"))
        context = _members(request, "QueryExecutionContext")
        kind, statement_type = _statement(query)
        execution_id = str(uuid.uuid4())
        suffix = ".csv" if kind == "SELECT" else "" if statement_type == "DML" else ".txt"
        execution = QueryExecution(
            id=execution_id,
            query=query,
            statement_kind=kind,
            statement_type=statement_type,
            work_group=work_group.name,
            output_location=f"{folder}{execution_id}{suffix}",
            submitted=time.time(),
            database=_text(context, "Database"),
            catalog=_catalog(context),
            parameters=_parameters(request),
            token=_token(request),
            reuse_minutes=_reuse_minutes(request),
        )
        self._reuse(execution)
        added = self._store.add(execution)
        if added is execution and not execution.is_reused:
            self._make_default_bucket(execution)
            self._runner.start(execution, work_group)
        return {"QueryExecutionId": added.id}

    def _reuse(self, execution: QueryExecution) -> None:
        """Answer with an earlier result, where the client takes one and it is still there."""
        if execution.reuse_minutes is None or not execution.is_select:
            return
        since = execution.submitted - execution.reuse_minutes * 60
        known = self._store.reusable(execution, since)
        if known is None or not self._lakehouse().objects.path_of_uri(known.output_location).is_file():
            return
        execution.is_reused, execution.state = True, SUCCEEDED
        execution.started = execution.completed = time.time()
        execution.output_location, execution.columns = known.output_location, known.columns

    def _make_default_bucket(self, execution: QueryExecution) -> None:
        if execution.output_location.startswith(f"s3://{self._default_bucket}/"):
            self._lakehouse().objects.create_bucket(self._default_bucket)

    def _get_query_execution(self, request: Request) -> Response:
        return {"QueryExecution": self._execution(request).to_api()}

    def _batch_get_query_execution(self, request: Request) -> Response:
        found, missing = [], []
        for execution_id in _ids(request, "QueryExecutionIds"):
            execution = self._store.find(execution_id)
            if execution is None:
                missing.append({"QueryExecutionId": execution_id, **_NOT_FOUND})
            else:
                found.append(execution.to_api())
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def _stop_query_execution(self, request: Request) -> Response:
        execution = self._execution(request)
        if not execution.is_over:
            self._runner.cancel(execution)
        return {}

    def _list_query_executions(self, request: Request) -> Response:
        work_group = self._work_group(request)
        limit = request.get("MaxResults", 50)
        token = request.get("NextToken")
        if not isinstance(limit, int) or not 0 <= limit <= 50:
            raise AwsError(INVALID, f"MaxResults must be from 0 to 50 (got {limit!r})")
        if token is not None and not str(token).isdecimal():
            raise AwsError(INVALID, "NextToken is not valid")
        rows = self._store.ids(work_group.name, None if token is None else int(token), limit + 1)
        answer: Response = {"QueryExecutionIds": [execution_id for _, execution_id in rows[:limit]]}
        if len(rows) > limit > 0:
            answer["NextToken"] = str(rows[limit - 1][0])
        return answer

    def _execution(self, request: Request) -> QueryExecution:
        execution_id = request.get("QueryExecutionId")
        execution = self._store.find(str(execution_id))
        if execution is None:
            raise AwsError(INVALID, f"QueryExecution {execution_id} was not found")
        return execution

    # -- results

    def _get_query_results(self, request: Request) -> Response:
        execution = self._execution(request)
        if not execution.is_over:
            message = f"Query has not yet finished. Current state: {execution.state}"
            raise AwsError(INVALID, message)
        if execution.state != SUCCEEDED:
            message = f"Query did not finish successfully. Final query state: {execution.state}"
            raise AwsError(INVALID, message)
        limit = request.get("MaxResults", MAX_ROWS)
        if not isinstance(limit, int) or not 1 <= limit <= MAX_ROWS:
            raise AwsError(INVALID, f"MaxResults must be from 1 to {MAX_ROWS} (got {limit!r})")
        rows, following = self._read(execution, _offset(request), limit)
        answer: Response = {
            "ResultSet": {
                "Rows": api_rows(rows),
                "ResultSetMetadata": {"ColumnInfo": [column_info(*column) for column in execution.columns]},
            }
        }
        if execution.update_count is not None:
            answer["UpdateCount"] = execution.update_count
        if following is not None:
            answer["NextToken"] = str(following)
        return answer

    def _read(
        self, execution: QueryExecution, offset: int, limit: int
    ) -> tuple[list[list[str | None]], int | None]:
        if execution.statement_type == "DML" and not execution.is_select:
            return [], None
        path = self._lakehouse().objects.path_of_uri(execution.output_location)
        read = read_csv if execution.is_select else read_text_file
        try:
            return read(path, offset, limit)
        except FileNotFoundError:
            raise AwsError(INVALID, f"Could not find results: {execution.output_location} is gone") from None
        except ValueError as error:
            raise AwsError(INVALID, f"NextToken is not valid: {error}") from None

    # -- workgroups and named queries

    def _work_group(self, request: Request) -> WorkGroup:
        name = _text(request, "WorkGroup")
        name = PRIMARY if name is None else name
        group = self._work_groups.get(name)
        if group is None:
            known = ", ".join(self._work_groups)
            raise AwsError(INVALID, f"WorkGroup {name} is not found (the local run has {known})")
        return group

    def _list_work_groups(self, request: Request) -> Response:
        shown, more = page(list(self._work_groups.values()), request, most=50, error_code=INVALID)
        return {"WorkGroups": [group.summary() for group in shown], **more}

    def _list_named_queries(self, request: Request) -> Response:
        name = self._work_group(request).name
        ids = [query.id for query in self._named_queries.values() if query.work_group == name]
        shown, more = page(ids, request, most=50, error_code=INVALID)
        return {"NamedQueryIds": list(shown), **more}

    def _get_named_query(self, request: Request) -> Response:
        query_id = request.get("NamedQueryId")
        query = self._named_queries.get(str(query_id))
        if query is None:
            raise AwsError(INVALID, f"NamedQuery {query_id} was not found")
        return {"NamedQuery": query.to_api()}

    def _batch_get_named_query(self, request: Request) -> Response:
        ids = _ids(request, "NamedQueryIds")
        found: Iterable[NamedQuery] = (self._named_queries[key] for key in ids if key in self._named_queries)
        missing = [{"NamedQueryId": key, **_NOT_FOUND} for key in ids if key not in self._named_queries]
        return {"NamedQueries": [query.to_api() for query in found], "UnprocessedNamedQueryIds": missing}


_NOT_FOUND = {"ErrorCode": "INVALID_INPUT", "ErrorMessage": "It does not exist."}


def _query(request: Request) -> str:
    query = request.get("QueryString")
    if not isinstance(query, str) or not query:
        raise AwsError(INVALID, "QueryString must be a non-empty string")
    if len(query.encode()) > MAX_QUERY_BYTES:
        raise AwsError(
            INVALID, f"QueryString has at most {MAX_QUERY_BYTES} bytes (got {len(query.encode())})"
        )
    return query


def _statement(query: str) -> tuple[str, str]:
    """The statement's kind and type; what is no statement at all is refused at once, as Athena does."""
    from local_runtime.athena.result import QueryError
    from local_runtime.athena.statements import read_statement

    try:
        kind = read_statement(query).kind
    except QueryError as error:
        raise AwsError(INVALID, error.message) from error
    first = kind.split()[0]
    if first in _UTILITY:
        return kind, "UTILITY"
    if first in _DML:
        return kind, "DML"
    if kind == "CREATE TABLE" and _CTAS.search(query):
        return "CREATE TABLE AS SELECT", "DML"
    return kind, "DDL"


def _serialization_error(member: str, wanted: str, value: object) -> AwsError:
    return AwsError("SerializationException", f"{member} must be {wanted} (got {value!r})")


def _members(request: Request, member: str) -> dict[str, Any]:
    value = request.get(member)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _serialization_error(member, "an object", value)
    return value


def _text(request: Request, member: str) -> str | None:
    value = request.get(member)
    if value is not None and not isinstance(value, str):
        raise _serialization_error(member, "a string", value)
    return value


def _catalog(context: dict[str, Any]) -> str:
    catalog = _text(context, "Catalog")
    if catalog is not None and catalog.lower() != CATALOG.lower():
        raise AwsError(INVALID, f"Catalog {catalog} is not found (the local run has {CATALOG})")
    return CATALOG.lower()


def _parameters(request: Request) -> list[str]:
    value = request.get("ExecutionParameters")
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _serialization_error("ExecutionParameters", "a list of strings", value)
    return value


def _token(request: Request) -> str | None:
    token = request.get("ClientRequestToken")
    if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise AwsError(INVALID, f"ClientRequestToken must have 32 to 128 characters (got {token!r})")
    return token


def _reuse_minutes(request: Request) -> int | None:
    given = _members(_members(request, "ResultReuseConfiguration"), "ResultReuseByAgeConfiguration")
    if given.get("Enabled") is not True:
        return None
    minutes = given.get("MaxAgeInMinutes", DEFAULT_REUSE_MINUTES)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 <= minutes <= MAX_REUSE_MINUTES:
        raise AwsError(INVALID, f"MaxAgeInMinutes must be from 0 to {MAX_REUSE_MINUTES} (got {minutes!r})")
    return minutes


def _offset(request: Request) -> int:
    token = str(request.get("NextToken", "0"))
    if not token.isdecimal():
        raise AwsError(INVALID, f"NextToken is not valid: {token!r}")
    return int(token)


def _ids(request: Request, member: str) -> list[str]:
    ids = request.get(member)
    if not isinstance(ids, list) or not 1 <= len(ids) <= 50:
        raise AwsError(INVALID, f"{member} must have 1 to 50 items")
    return [str(item) for item in ids]
