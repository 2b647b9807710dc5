"""A server that the gateway case compares: `python -m benchmarks.gateway_server KIND ASSEMBLY STATE`.

`empty` reads a body and answers 200, `api` is the REST APIs of the assembly over its stream, `wire` the same
stream as the SDKs call it. All three run on the same uvicorn; the port is the first line of the output.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn

from local_runtime.assembly import load_assembly
from local_runtime.gateway import Gateway
from local_runtime.kinesis.model import StreamDefinition
from local_runtime.kinesis.service import KinesisService
from local_runtime.kinesis.store import StreamStore
from local_runtime.server import listen
from local_runtime.wire.endpoint import AwsJsonEndpoint

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]


async def empty(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body", False):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def application(kind: str, assembly_directory: Path, state: Path) -> App:
    if kind == "empty":
        return empty
    assembly = load_assembly(assembly_directory)
    store = StreamStore(state / "kinesis.db")
    for resource in assembly.of_type("AWS::Kinesis::Stream"):
        store.ensure_stream(StreamDefinition.from_resource(resource))
    kinesis = KinesisService(store)
    if kind == "wire":
        return AwsJsonEndpoint({"Kinesis_20131202": kinesis})
    return Gateway(assembly, {"kinesis": kinesis})


def main() -> None:
    kind, assembly, state = sys.argv[1:]
    listener = listen(0)
    app = application(kind, Path(assembly), Path(state))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
