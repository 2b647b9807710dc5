"""Threads for one kind of work: what takes long must not keep what is short waiting.

Short calls run in the event loop's default threads, which `local_runtime.server` makes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Workers:
    """A pool of threads, awaited from the event loop."""

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        def call() -> Result:
            return work(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self, *, wait: bool = False) -> None:
        """Begin nothing more; what has begun ends by itself."""
        self._pool.shutdown(wait=wait, cancel_futures=True)
