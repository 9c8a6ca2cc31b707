"""Memory for what the kernels read and write: side by side, so that a hop finds it all on few pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.native.library import address

CHUNK = 1 << 23
LARGE_PAGE = 1 << 21
LINE = 64  # bytes of a line of the caches


class Memory:
    """Arrays one after the other, in the order in which they are asked for, on large pages."""

    def __init__(self) -> None:
        self._chunk = np.zeros(0, np.uint8)
        self._used = 0

    def array(self, shape: Sequence[int], dtype: Any = np.float32) -> NDArray[Any]:
        """Return zeros that begin at a line of the caches."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self._used + size > len(self._chunk):
            self._chunk = np.zeros(max(CHUNK, size) + LARGE_PAGE, np.uint8)
            self._used = -address(self._chunk) % LARGE_PAGE
        begin, self._used = self._used, self._used + size + -size % LINE
        array: NDArray[Any] = self._chunk[begin:begin + size].view(dtype).reshape(shape)
        return array

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a copy that begins at a line of the caches."""
        kept = self.array(array.shape, array.dtype)
        kept[...] = array
        return kept
