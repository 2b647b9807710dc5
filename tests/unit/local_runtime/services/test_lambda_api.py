"""Functions that call back into the port that called them."""

from __future__ import annotations

import asyncio
import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn

from local_runtime.assembly.model import Assembly
from local_runtime.lambdas.execution import Invocation
from local_runtime.services.events import Events
from local_runtime.services.lambda_api import LambdaEndpoint
from local_runtime.services.sts import StsService
from local_runtime.wire.endpoint import AwsJsonEndpoint
from local_runtime.wire.query import QueryEndpoint
from local_runtime.wire.router import AwsRouter

CALLS = 20


def request(port: int, path: str, service: str, body: str, content_type: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    signature = f"AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/{service}/aws4_request, Signature=x"
    connection.request("POST", path, body, {"authorization": signature, "content-type": content_type})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


class CallingBack:
    """A function whose handler asks STS, at the port it was called through, who it is."""

    name = "calls-back"
    arn = "arn:aws:lambda:us-east-1:123456789012:function:calls-back"

    def __init__(self, port: int) -> None:
        self._port = port

    def invoke(self, payload: bytes) -> Invocation:
        form = "application/x-www-form-urlencoded"
        status = request(self._port, "/", "sts", "Action=GetCallerIdentity", form)
        return Invocation(str(status).encode(), None, "", "", 0.0)


def test_functions_that_call_back_into_the_port_do_not_starve_the_short_calls(tmp_path: Path) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    port = listener.getsockname()[1]
    assembly = Assembly(tmp_path, "aws", "us-east-1", "123456789012", (), {}, {})
    function: Any = CallingBack(port)
    endpoint = LambdaEndpoint([function], Events())
    sts = QueryEndpoint(StsService(assembly), "https://sts.amazonaws.com/doc/2011-06-15/")

    async def nobody(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError(scope["path"])

    router: Any = AwsRouter(AwsJsonEndpoint({}), {"lambda": endpoint, "sts": sts}, nobody)
    server = uvicorn.Server(uvicorn.Config(router, lifespan="off", log_config=None, access_log=False))

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(2))  # far fewer than the calls that wait
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        path = "/2015-03-31/functions/calls-back/invocations"
        with ThreadPoolExecutor(CALLS) as clients:
            calls = [
                loop.run_in_executor(clients, request, port, path, "lambda", "{}", "application/json")
                for _ in range(CALLS)
            ]
            answers = await asyncio.wait_for(asyncio.gather(*calls), 30)
        server.should_exit = True
        await serving
        return answers

    try:
        assert asyncio.run(main()) == [200] * CALLS
    finally:
        endpoint.close()
