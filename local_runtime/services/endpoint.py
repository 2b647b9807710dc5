"""All AWS services of a run behind one ASGI app."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from local_runtime.addresses import LocalAddresses
from local_runtime.assembly.model import Assembly
from local_runtime.service import Service
from local_runtime.services.athena.service import AthenaService
from local_runtime.services.cloudwatch.service import CloudWatchService
from local_runtime.services.cloudwatch.store import MetricStore
from local_runtime.services.events import Events
from local_runtime.services.glue import GlueService
from local_runtime.services.glue_crawlers import GlueCrawlers
from local_runtime.services.lambda_api import LambdaEndpoint
from local_runtime.services.managed_login import ManagedLogin
from local_runtime.services.moto_sidecar import MotoSidecar
from local_runtime.services.s3.context import S3Context
from local_runtime.services.s3.endpoint import S3Endpoint
from local_runtime.services.s3.multipart import MultipartUploads
from local_runtime.services.s3.store import S3Store
from local_runtime.services.stateful import Stateful
from local_runtime.services.stateful.cognito import UserPools
from local_runtime.services.stateful.dynamodb import DynamoDbTables
from local_runtime.services.stateful.event_rules import EventRules
from local_runtime.services.stateful.messages import MessageFiles
from local_runtime.services.stateful.queues import Queues
from local_runtime.services.stateful.secrets_manager import Secrets
from local_runtime.services.stateful.sns import Topics
from local_runtime.services.stateful.store import ServiceStore
from local_runtime.services.sts import StsService
from local_runtime.wire.endpoint import AwsJsonEndpoint
from local_runtime.wire.http import Receive, Scope, Send
from local_runtime.wire.query import QueryEndpoint
from local_runtime.wire.router import AwsRouter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local_runtime.athena.engine import Athena
    from local_runtime.crawler.crawlers import Crawlers
    from local_runtime.lakehouse.lakehouse import Lakehouse
    from local_runtime.lambdas.function import LambdaFunction


class AwsEndpoint:
    """Takes what the run has; `lakehouse` and `athena` wait until the tables are there."""

    def __init__(
        self,
        assembly: Assembly,
        state: Path,
        *,
        endpoint_url: str,
        kinesis: Service,
        firehose: Service,
        functions: Sequence[LambdaFunction],
        stepfunctions: Service,
        events: Events,
        metrics: MetricStore,
        crawlers: Crawlers,
        lakehouse: Callable[[], Lakehouse],
        athena: Callable[[], Athena],
    ) -> None:
        glue = GlueService(lakehouse, assembly.account, GlueCrawlers(crawlers).actions)
        cloudwatch = CloudWatchService(metrics)
        self._athena = AthenaService(assembly, state / "athena.db", athena, lakehouse, glue)
        self._lambda = LambdaEndpoint(functions, events)
        self._s3 = _S3(assembly, state, lakehouse)
        json = AwsJsonEndpoint(
            {
                "Kinesis_20131202": kinesis,
                "Firehose_20150804": firehose,
                "AmazonAthena": self._athena,
                "AWSGlue": glue,
                "GraniteServiceVersion20100801": cloudwatch,
                "AWSStepFunctions": stepfunctions,
            },
            in_thread={
                "Firehose_20150804",
                "AmazonAthena",
                "AWSGlue",
                "GraniteServiceVersion20100801",
                "AWSStepFunctions",
            },
        )
        self._kept = ServiceStore(state / "services.db")
        self.messages = MessageFiles(state / "messages")
        stateful: dict[str, Stateful] = {
            "cognito-idp": UserPools(assembly, self._kept, self.messages),
            "dynamodb": DynamoDbTables(assembly, self._kept),
            "secretsmanager": Secrets(assembly, self._kept),
            "sns": Topics(assembly, self.messages),
            "sqs": Queues(assembly),
            "events": EventRules(assembly),
        }
        self._others = MotoSidecar(assembly.region, assembly.account, endpoint_url, stateful)
        self.login = ManagedLogin(self._others, LocalAddresses(assembly, endpoint_url))
        self._router = AwsRouter(
            json,
            {
                "s3": S3Endpoint(self._s3),
                "lambda": self._lambda,
                "sts": QueryEndpoint(StsService(assembly), "https://sts.amazonaws.com/doc/2011-06-15/"),
                "monitoring": QueryEndpoint(cloudwatch, "http://monitoring.amazonaws.com/doc/2010-08-01/"),
            },
            self._others,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._router(scope, receive, send)

    def close(self) -> None:
        """End what runs in the background."""
        self._lambda.close()
        self._others.close()
        self._kept.close()
        self._athena.close()
        self._s3.close()


class _S3:
    """The S3 stores, opened with the buckets."""

    def __init__(self, assembly: Assembly, state: Path, lakehouse: Callable[[], Lakehouse]) -> None:
        self._assembly = assembly
        self._state = state
        self._lakehouse = lakehouse
        self._context: S3Context | None = None
        self._lock = threading.Lock()

    def __call__(self) -> S3Context:
        objects = self._lakehouse().objects
        with self._lock:
            if self._context is None:
                store = S3Store(objects, self._state)
                place = self._assembly
                self._context = S3Context(store, MultipartUploads(store), place.region, place.account)
            return self._context

    def close(self) -> None:
        if self._context is not None:
            self._context.store.close()
