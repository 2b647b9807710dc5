"""The bytes of an upload, taken out of the transfer format that signing clients wrap them in.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from local_runtime.errors import AwsError
from local_runtime.wire.http import Receive

BLOCK = 1 << 20
_LONGEST_LINE = 8192
_STREAMING = "STREAMING-"


class ChunkedDecoder:
    """`aws-chunked`: `size;chunk-signature=...` lines, each before its bytes, and trailers at the end."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._left: int | None = None
        """Bytes of the chunk under way that are still to come; None before a size line."""
        self._in_trailers = False
        self.trailers: dict[str, str] = {}
        self.complete = False

    def feed(self, data: bytes) -> bytes:
        self._pending += data
        payload = bytearray()
        while self._step(payload):
            pass
        return bytes(payload)

    def _step(self, payload: bytearray) -> bool:
        if self._left:
            taken = self._pending[: self._left]
            del self._pending[: self._left]
            payload += taken
            self._left -= len(taken)
            return bool(taken)
        line = self._line()
        if line is None:
            return False
        if self._in_trailers:
            self._trailer(line)
        elif self._left == 0:
            if line:
                raise _incomplete(f"a chunk is longer than its size: {line[:40]!r}")
            self._left = None
        else:
            self._begin_chunk(line)
        return True

    def _line(self) -> bytes | None:
        end = self._pending.find(b"\r\n")
        if end < 0:
            if len(self._pending) > _LONGEST_LINE:
                raise _incomplete("a line of the chunked body does not end")
            return None
        line = bytes(self._pending[:end])
        del self._pending[: end + 2]
        return line

    def _begin_chunk(self, line: bytes) -> None:
        size = line.partition(b";")[0]
        try:
            self._left = int(size, 16)
        except ValueError:
            raise _incomplete(f"{size[:40]!r} is not the size of a chunk") from None
        if self._left == 0:
            self._in_trailers = True
            self.complete = True

    def _trailer(self, line: bytes) -> None:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            self.trailers[name.strip().lower()] = value.strip()


class UploadBody:
    """Iterates over an upload's payload in blocks of about a MiB; `trailers` are there at its end."""

    def __init__(self, headers: Mapping[str, str], receive: Receive) -> None:
        self._receive = receive
        chunked = headers.get("x-amz-content-sha256", "").startswith(_STREAMING)
        self._decoder = ChunkedDecoder() if chunked else None
        length = headers.get("x-amz-decoded-content-length" if chunked else "content-length")
        self._expected = None if length is None else int(length)

    @property
    def trailers(self) -> Mapping[str, str]:
        return {} if self._decoder is None else self._decoder.trailers

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """
        Raises:
            AwsError: IncompleteBody, when the client sent less than it announced.
        """
        block = bytearray()
        total = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _incomplete("the client went away")
            data: bytes = message.get("body", b"")
            block += data if self._decoder is None else self._decoder.feed(data)
            more = message.get("more_body", False)
            if len(block) >= BLOCK:
                total += len(block)
                yield bytes(block)
                block.clear()
        total += len(block)
        if block:
            yield bytes(block)
        if self._decoder is not None and not self._decoder.complete:
            raise _incomplete("the last chunk is missing")
        if self._expected is not None and total != self._expected:
            raise _incomplete(f"{self._expected} bytes were announced, {total} came")


def _incomplete(detail: str) -> AwsError:
    return AwsError("IncompleteBody", f"The request body is not as it was announced: {detail}.")
