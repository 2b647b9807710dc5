"""Arrow and the C library keep freed memory for later; after a large batch the run gives it back."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def release_arrow_memory() -> None:
    """Hand unused memory back to the system, as far as the allocators can."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    library = _c_library()
    if library is not None:
        library.malloc_trim(0)


@cache
def _c_library() -> Any:
    """The C library if it is glibc, which alone has `malloc_trim`."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None
