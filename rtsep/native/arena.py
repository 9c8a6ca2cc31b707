"""Memory for what the native code reads and writes: side by side, so that a hop finds it all on few pages."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.native.bindings import address

CHUNK = 1 << 23
LARGE_PAGE = 1 << 21
LINE = 64  # bytes of a line of the caches


class Memory:
    """Arrays one after the other, in the order in which they are asked for, on large pages.

    The native code knows addresses only, so all memory lives as long as this object.
    """

    def __init__(self) -> None:
        self._chunks = [np.zeros(0, np.uint8)]
        self._used = 0
        self._begins: list[int] = []
        self._ends: list[int] = []

    def array(self, shape: Sequence[int], dtype: Any = np.float32) -> NDArray[Any]:
        """Return zeros that begin at a line of the caches."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if self._used + size > len(self._chunks[-1]):
            self._chunks.append(np.zeros(max(CHUNK, size) + LARGE_PAGE, np.uint8))
            self._used = -address(self._chunks[-1]) % LARGE_PAGE
        begin, self._used = self._used, self._used + size + -size % LINE
        array: NDArray[Any] = self._chunks[-1][begin:begin + size].view(dtype).reshape(shape)
        at = bisect.bisect(self._begins, address(array))
        self._begins.insert(at, address(array))
        self._ends.insert(at, address(array) + size)
        return array

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a copy that begins at a line of the caches."""
        kept = self.array(array.shape, array.dtype)
        kept[...] = array
        return kept

    def holds(self, begin: int, size: int) -> bool:
        """Whether some bytes, by their address, lie in one array."""
        at = bisect.bisect(self._begins, begin) - 1
        return at >= 0 and begin + size <= self._ends[at]
