"""Notes of C libraries kept off the terminal, while they are called: mpg123 writes about frames that it repairs."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_lock = threading.Lock()


class _Depth:
    """How many threads are inside, and the stream that C had before the first of them."""

    count = 0
    stream: int | None = None


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Let C's own `stderr` lead nowhere; that of Python and all file descriptors stay as they are.

    Nothing changes where the C library does not let its stream be replaced.
    """
    found = _streams()
    if found is None:
        yield
        return
    stderr, null = found
    with _lock:
        if not _Depth.count:
            _Depth.stream, stderr.value = stderr.value, null
        _Depth.count += 1
    try:
        yield
    finally:
        with _lock:
            _Depth.count -= 1
            if not _Depth.count:
                stderr.value = _Depth.stream


@cache
def _streams() -> tuple[ctypes.c_void_p, int] | None:
    """Return C's variable `stderr`, and a stream that leads nowhere."""
    try:
        library = ctypes.CDLL(None)
        library.fopen.restype = ctypes.c_void_p
        variable = ctypes.c_void_p.in_dll(library, "stderr")
    except (AttributeError, OSError, TypeError, ValueError):  # not this C library's way, or no such call (Windows)
        return None
    null = library.fopen(os.fsencode(os.devnull), b"w")
    return (variable, null) if null else None
