"""What a run is asked to do, checked once: a wrong value is one sentence that says what is allowed."""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from ..aws.errors import BadInputError as BadInputError
from .sessions import Clock
from .templates import TEMPLATES

MAX_BATCH = 500  # the limit of PutRecords
DEFAULT_MAX_COUNT = 10
DEFAULT_MAX_RETRIES = 5
TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

TARGETS = ("api", "firehose", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run. `max_count` None: until `duration` is over; `plain`: no flag beyond the contract's five."""

    api_url: str | None = None
    stream_name: str | None = None
    api_method: str = "records"
    max_count: int | None = DEFAULT_MAX_COUNT
    dry_run: bool = False
    batch_size: int = 1
    rate: float | None = None
    concurrency: int = 1
    duration: float | None = None
    seed: int | None = None
    base_time: str | None = None
    invalid_ratio: float = 0.0
    template: str = "web_log"
    template_file: str | None = None
    target: str = "api"
    delivery_stream: str | None = None
    max_retries: int = DEFAULT_MAX_RETRIES
    report: str = "text"
    quiet: bool = False
    plain: bool = False

    def __post_init__(self) -> None:
        self._check_numbers()
        _check_choice("--api-method", self.api_method, ("record", "records"))
        _check_choice("--template", self.template, tuple(TEMPLATES))
        _check_choice("--report", self.report, ("text", "json"))
        _check_choice("--target", self.target, TARGETS)
        if self.api_method == "record" and self.batch_size > 1:
            raise BadInputError(f"--batch-size must be 1 with --api-method record (got {self.batch_size})")
        if self.base_time is not None:
            _epoch(self.base_time)
        if self.dry_run:
            self._check_dry_run()
        else:
            self._check_target()
        if self.template_file is not None and self.invalid_ratio:
            raise BadInputError("--invalid-ratio spoils events of --template; --template-file makes texts")

    def _check_target(self) -> None:
        if self.target == "firehose":
            _check_delivery_stream(self.delivery_stream)
        elif self.delivery_stream is not None:
            raise BadInputError(f"--delivery-stream needs --target firehose (got --target {self.target})")
        if self.target == "api":
            _check_api(self.api_url, self.stream_name)
        elif self.api_url is not None or self.stream_name is not None:
            raise BadInputError(f"--api-url and --stream-name need --target api (got --target {self.target})")
        if self.target == "-" and self.report == "json":
            raise BadInputError("--report json goes to stdout, and so do the records of --target -")

    def _check_numbers(self) -> None:
        _check_range("--batch-size", self.batch_size, 1, MAX_BATCH, note=", the limit of PutRecords")
        _check_range("--concurrency", self.concurrency, 1, 256)
        _check_range("--max-retries", self.max_retries, 0, 20)
        _check_range("--invalid-ratio", self.invalid_ratio, 0, 1)
        if self.max_count is not None and self.max_count < 1:
            raise BadInputError(f"--max-count must be at least 1 (got {self.max_count})")
        _check_positive("--rate", self.rate)
        _check_positive("--duration", self.duration)

    def _check_dry_run(self) -> None:
        if self.max_count is None:
            raise BadInputError("--dry-run needs --max-count beside --duration: it prints without waiting")
        if self.report == "json":
            raise BadInputError(
                "--report json has no meaning with --dry-run, which sends nothing and prints the events"
            )

    @property
    def clock(self) -> Clock:
        """What the events take for now: the moment of --base-time, or the machine's clock."""
        if self.base_time is None:
            return time.time
        fixed = _epoch(self.base_time)
        return lambda: fixed

    @property
    def put_url(self) -> str:
        if self.api_url is None or self.stream_name is None:
            raise BadInputError("--api-url and --stream-name are needed to send")
        return f"{self.api_url.rstrip('/')}/streams/{quote(self.stream_name, safe='')}/{self.api_method}"


def _check_range(flag: str, value: float, low: int, high: int, note: str = "") -> None:
    if not low <= value <= high:
        raise BadInputError(f"{flag} must be {low}-{high}{note} (got {value})")


def _check_positive(flag: str, value: float | None) -> None:
    if value is not None and not 0 < value < float("inf"):
        raise BadInputError(f"{flag} must be greater than 0 and finite (got {value})")


def _check_choice(flag: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadInputError(f"{flag} must be one of {', '.join(choices)} (got '{value}')")


def _check_api(api_url: str | None, stream_name: str | None) -> None:
    if api_url is None:
        raise BadInputError("--api-url is needed to send, for example http://127.0.0.1:4566/log-collector/v1")
    if not _is_http_url(api_url):
        raise BadInputError(
            "--api-url must be an http or https URL with a host and no query, for example "
            f"http://127.0.0.1:4566/log-collector/v1 (got '{api_url}')"
        )
    if stream_name is None:
        raise BadInputError("--stream-name is needed to send, for example PUT-Firehose-aEhWz")
    if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,128}", stream_name):
        raise BadInputError(
            "--stream-name must be 1-128 letters, digits, '_', '.' or '-', as Kinesis has it "
            f"(got '{stream_name}')"
        )


def _check_delivery_stream(name: str | None) -> None:
    if name is None:
        raise BadInputError("--target firehose needs --delivery-stream, for example app-analytics-events")
    if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name):
        raise BadInputError(
            "--delivery-stream must be 1-64 letters, digits, '_', '.' or '-', as Firehose has it "
            f"(got '{name}')"
        )


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return False
    blank_free = re.search(r"\s", text) is None
    bare = not parts.query and not parts.fragment
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and port_is_sound and blank_free and bare
    )


def _epoch(text: str) -> float:
    try:
        return datetime.strptime(text + "+0000", TIMESTAMP_FORMAT + "%z").timestamp()
    except ValueError:
        raise BadInputError(
            f"--base-time must be a UTC time like 2026-11-21T09:30:00Z (got '{text}')"
        ) from None
