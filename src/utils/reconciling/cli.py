"""The command line. Exit codes: 0 the account closes; 1 it does not; 2 wrong input, or a call that failed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from src.utils.aws.command_line import run_app
from src.utils.aws.errors import BadInputError, aws_calls

from .time_range import parse_range

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def reconcile(
    start: Annotated[
        str | None, typer.Option("--from", help="Start, ISO 8601, UTC unless it says otherwise.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="End, exclusive. Default: now.")] = None,
    last: Annotated[str | None, typer.Option(help="The latest 90m, 1h, 2d ... instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    stream_name: Annotated[str, typer.Option(help="The Kinesis stream.")] = "PUT-Firehose-aEhWz",
    delivery_stream: Annotated[
        str | None,
        typer.Option(help="The Firehose stream. Default: the only one with metrics."),
    ] = None,
    database: Annotated[str, typer.Option(help="The table's database.")] = "web_log_iceberg_db",
    table: Annotated[str, typer.Option(help="The table.")] = "web_log_iceberg",
    bucket: Annotated[
        str | None, typer.Option(help="The bucket. Default: web-analytics-{region}-{account}.")
    ] = None,
    error_prefix: Annotated[str, typer.Option(help="The fixed start of error_output_prefix.")] = "error/",
    unique_keys: Annotated[
        bool, typer.Option("--unique-keys", help="The delivery merges rows by unique_keys.")
    ] = False,
    longest_delay: Annotated[
        int,
        typer.Option(help="Seconds after which a record that is nowhere is lost, 0-86400; 0 after a flush."),
    ] = 900,
    tolerance: Annotated[
        int, typer.Option(help="Records by which both sides may differ, for ranges that cut a busy flow.")
    ] = 0,
    namespace: Annotated[str, typer.Option(help="The transform's metrics.")] = "WebAnalytics",
    api_name: Annotated[str, typer.Option(help="The REST API.")] = "log-collector",
    stage: Annotated[str, typer.Option(help="Its stage.")] = "v1",
    region: Annotated[str | None, typer.Option(help="The AWS region. Default: the configured one.")] = None,
    workgroup: Annotated[str, typer.Option(help="Athena's workgroup.")] = "primary",
    athena_output: Annotated[
        str | None, typer.Option(help="s3://... for query results. Default: athena-results/ in the bucket.")
    ] = None,
) -> None:
    """Account for every record of a time range: accepted = stored + rejected + undeliverable + in flight.

    Each figure comes from a place of its own. With AWS_ENDPOINT_URL=http://127.0.0.1:4566 the local run
    is asked.
    """
    now = datetime.now(UTC)
    within = parse_range(start, end, last, now)
    if not 0 <= longest_delay <= 86_400:
        raise BadInputError(f"--longest-delay must be 0-86400 seconds (got {longest_delay})")
    if tolerance < 0:
        raise BadInputError(f"--tolerance must be 0 or more (got {tolerance})")
    # boto3 and rich are no business of --help and of wrong input
    from src.utils.aws.athena import Athena, checked_name
    from src.utils.aws.clients import Clients
    from src.utils.aws.existence import require_delivery_stream, require_stream

    from .collect import Collector, Places, Statement
    from .metrics import Metrics
    from .report import as_report, print_report
    from .table import CountedTable

    checked_name("--database", database)
    checked_name("--table", table)
    with aws_calls():
        clients = Clients(region)
        # a metric of a thing that does not exist is no error to CloudWatch: it has no data points
        require_stream(clients("kinesis"), stream_name)
        if delivery_stream is not None:
            require_delivery_stream(clients("firehose"), delivery_stream)
        bucket_name = clients.bucket(bucket)
        output = f"s3://{bucket_name}/athena-results/" if athena_output is None else athena_output
        athena = Athena(clients("athena"), database, output, workgroup)
        places = Places(
            stream=stream_name,
            delivery_stream=delivery_stream,
            api=api_name,
            stage=stage,
            bucket=bucket_name,
            error_roots=(error_prefix, "replayed/", "unrecoverable/"),
            namespace=namespace,
            table_name=f"{database}.{table}",
            longest_delay=timedelta(seconds=longest_delay),
            keyed=unique_keys,
            tolerance=tolerance,
        )
        collector = Collector(
            clients("s3"),
            Metrics(clients("cloudwatch")),
            CountedTable(athena, database, table),
            places,
            now,
        )
        statement: Statement = collector.collect(within)
    if as_json:
        print(json.dumps(as_report(statement), indent=2))
    else:
        print_report(statement)
    raise typer.Exit(0 if statement.account.closes else 1)


def run_command_line(arguments: Sequence[str]) -> int:
    return run_app(app, "reconcile.py", arguments)
