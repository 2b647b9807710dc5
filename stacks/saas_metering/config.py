"""The settings of saas_metering: usage per user of an API, metered from its access log.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html
https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.common.config_values import (
    BucketName,
    EmailAddress,
    ErrorPrefix,
    Folder,
    GlueName,
    RunbookAddress,
)
from stacks.config import CommonConfig, Section
from stacks.saas_metering.access_log import FIELDS
from stacks.saas_metering.access_log import Field as LogField
from stacks.saas_metering.config_values import (
    HOUR_FOLDER,
    Characters,
    ColumnNames,
    LogStreamName,
    WorkGroupName,
)

ATHENA_RESULTS = "athena-results"


class Firehose(Section):
    """The delivery stream that takes the access log, and the bucket that it delivers to."""

    stream_name: LogStreamName = "random-gen"
    """The delivery stream is `amazon-apigateway-{stream_name}`: API Gateway takes no other."""

    buffer_size_in_mbs: int = Field(default=128, ge=1, le=128)
    """Megabytes to collect."""

    buffer_interval_in_seconds: int = Field(default=300, ge=0, le=900)
    """Seconds to wait; the hourly merge comes a minute after the last lines of its hour."""

    s3_bucket: BucketName | None = None
    """The bucket's name; without it `apigw-access-log-to-firehose-{region}-{account}`."""

    s3_output_folder: Folder = "json-data"
    """The folder of the log as it came."""

    prefix: str = f"json-data/{HOUR_FOLDER}"
    """Where lines go: s3_output_folder, then the folder of the hour as it is here."""

    error_output_prefix: ErrorPrefix = (
        "error/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
        "!{firehose:error-output-type}/"
    )
    """Where undeliverable lines go; a missing final slash is added."""

    @model_validator(mode="after")
    def _lines_lie_in_the_folders_of_their_hours(self) -> Firehose:
        found_by_the_merge = f"{self.s3_output_folder}/{HOUR_FOLDER}"
        if self.prefix != found_by_the_merge:
            raise ValueError(
                f"prefix must be {found_by_the_merge!r}, where the merge finds an hour's lines "
                f"(got {self.prefix!r})"
            )
        if self.error_output_prefix.startswith(f"{self.s3_output_folder}/"):
            raise ValueError(
                f"error_output_prefix must lie outside s3_output_folder {self.s3_output_folder!r} "
                f"(got {self.error_output_prefix!r})"
            )
        return self


class MergeSmallFiles(Section):
    """The tables: the log as it came, and the merged one. The function has these as its environment."""

    OLD_DATABASE: GlueName = "mydatabase"
    """The database of the table of JSON files."""

    OLD_TABLE_NAME: GlueName = "restapi_access_log_json"
    """The table of JSON files."""

    NEW_DATABASE: GlueName = "mydatabase"
    """The database of the merged table."""

    NEW_TABLE_NAME: Annotated[GlueName, Field(max_length=200)] = "restapi_access_log_parquet"
    """The merged table: Parquet, each request once."""

    NEW_TABLE_S3_FOLDER_NAME: Folder = "parquet-data"
    """The folder of the merged table."""

    COLUMN_NAMES: ColumnNames = ",".join(field.name for field in FIELDS)
    """The fields that the merged table has, in this order."""

    @property
    def fields(self) -> list[LogField]:
        by_name = {field.name: field for field in FIELDS}
        return [by_name[name] for name in self.COLUMN_NAMES.split(",")]


class UserPool(Section):
    """Who may call the API, and how they sign in."""

    self_sign_up: bool = False
    """Whether anybody may make an account; otherwise an administrator does."""

    password_minimum_length: int = Field(default=12, ge=8, le=99)
    """Characters of a password."""

    password_requires: Characters = ("lowercase", "uppercase", "numbers", "symbols")
    """Kinds of characters that a password must have."""

    mfa: Literal["off", "optional", "required"] = "optional"
    """Whether users sign in with a code of an authenticator app too. No token can be had by password alone
    where it is required, so that the demo and `call_random_strings.py` need one of the other two."""

    threat_protection: Literal["off", "audit", "enforced"] = "off"
    """Whether Cognito watches for risky sign-ins and leaked passwords, and blocks them when enforced. It
    needs the Plus plan, $0.02 a month for each user who signs in, without a free part."""

    password_sign_in: bool = False
    """Whether a client may send a password to Cognito as it is (`USER_PASSWORD_AUTH`); without it people sign
    in by SRP and administrators with IAM (`ADMIN_USER_PASSWORD_AUTH`)."""

    id_token_valid_for_minutes: int = Field(default=60, ge=5, le=1440)
    """How long a token lets its user in."""


class SaasMetering(Section):
    """The API, its users, the merge and its watch."""

    user_pool: UserPool = UserPool()

    throttling_rate_limit: int = Field(default=100, ge=1, le=10_000)
    """Requests a second that the stage accepts; more are answered 429."""

    throttling_burst_limit: int = Field(default=200, ge=1, le=5_000)
    """Requests that the stage accepts at once."""

    waf_rate_limit: int | None = Field(default=None, ge=10, le=2_000_000_000)
    """Requests in five minutes from one address after which AWS WAF answers 429; without a number there is no
    WAF, which costs about $6 a month and $0.60 for a million requests."""

    create_tables: bool = True
    """Whether the app creates databases and tables; `false` leaves them to `sql/saas_metering/tables`."""

    look_back_hours: int = Field(default=48, ge=1, le=168)
    """How many hours the merge looks at: the last one, and earlier ones that late lines changed. Firehose
    tries to deliver for 24 hours."""

    raw_log_expires_after_days: int | None = Field(default=None, ge=14, le=3650)
    """Days after which S3 deletes the JSON files; without a number they are kept."""

    scan_limit_in_mb: int | None = Field(default=None, ge=10, le=7_000_000)
    """Megabytes after which Athena ends a query of the work group; without a number, never."""

    delivery_late_after_minutes: int = Field(default=30, ge=5, le=1440)
    """How old the oldest line in Firehose may get before the alarm; more than the buffering interval."""

    alarm_email: EmailAddress | None = None
    """Who gets a mail from the alarm topic, after confirming the subscription."""

    runbook: RunbookAddress = "docs/systems/saas_metering.md"
    """Where people read what to do: each alarm links its section there."""


class SaasMeteringConfig(CommonConfig):
    """Everything that saas_metering can be told."""

    firehose: Firehose = Firehose()

    athena_work_group_name: WorkGroupName = "SaaSMeteringDemo"
    """The Athena work group."""

    merge_small_files_lambda_env: MergeSmallFiles = MergeSmallFiles()

    vpc_name: str | None = None
    """Accepted and not used: nothing here needs a network of its own."""

    saas_metering: SaasMetering = SaasMetering()

    @model_validator(mode="after")
    def _folders_lie_apart(self) -> SaasMeteringConfig:
        json_folder = self.firehose.s3_output_folder
        parquet_folder = self.merge_small_files_lambda_env.NEW_TABLE_S3_FOLDER_NAME
        error_folder = self.firehose.error_output_prefix.split("!{", 1)[0]
        folders = [f"{name.rstrip('/')}/" for name in (json_folder, parquet_folder, error_folder)]
        folders.append(f"{ATHENA_RESULTS}/")
        for folder in folders:
            others = [*folders]
            others.remove(folder)
            if any(other.startswith(folder) for other in others):
                raise ValueError(
                    "s3_output_folder, NEW_TABLE_S3_FOLDER_NAME and the folder of error_output_prefix must "
                    f"lie apart and outside {ATHENA_RESULTS} (got {', '.join(folders)})"
                )
        return self

    @model_validator(mode="after")
    def _tables_are_two(self) -> SaasMeteringConfig:
        names = self.merge_small_files_lambda_env
        if (names.OLD_DATABASE, names.OLD_TABLE_NAME) == (names.NEW_DATABASE, names.NEW_TABLE_NAME):
            raise ValueError(f"OLD and NEW must be two tables (got {names.NEW_TABLE_NAME!r} for both)")
        return self

    @model_validator(mode="after")
    def _late_is_later_than_the_buffer(self) -> SaasMeteringConfig:
        minutes, seconds = (
            self.saas_metering.delivery_late_after_minutes,
            self.firehose.buffer_interval_in_seconds,
        )
        if minutes * 60 <= seconds:
            raise ValueError(
                f"saas_metering.delivery_late_after_minutes must be more than the buffering interval, "
                f"{seconds} s (got {minutes})"
            )
        return self
