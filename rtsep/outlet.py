"""Text for a reader who may stop taking it: a terminal at Ctrl-S, a network in between, a program that is busy.

Nobody here waits for him: a thread writes, and past a bound text is lost.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TextIO

PATIENCE_S = 5.0
"""For how long the end of a program waits for a reader."""
MOST = 1 << 20
"""Characters that wait for a reader."""
_AGAIN_S = 0.02  # until a stream that does not wait is tried again


class Outlet:
    """A way out that never holds anybody up; any thread writes.

    Parameters
    ----------
    stream
        Standard output or error; None where there is none.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._texts: deque[str] = deque()
        self._size = 0  # characters that are not written yet
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def free(self) -> bool:
        """Whether all is written."""
        return self._size == 0

    def write(self, text: str) -> None:
        """Hand text over; it is lost where too much waits, or where the reader has left."""
        with self._change:
            if self._stream is None or self._size + len(text) > MOST:
                return
            self._texts.append(text)
            self._size += len(text)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outlet", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def settle(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until all is written; False where the reader takes nothing for so long."""
        with self._change:
            return self._change.wait_for(lambda: self.free, max(0.0, patience_s))

    def close(self, patience_s: float = PATIENCE_S) -> bool:
        """Settle, and end the thread once it has no more to write."""
        settled = self.settle(patience_s)
        with self._change:
            self._closed = True
            self._change.notify_all()
        return settled

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._texts or self._closed)
                if not self._texts:
                    return
                text = self._texts.popleft()
            with suppress(OSError, ValueError):
                self._put(text)
            with self._change:
                self._size -= len(text)
                self._change.notify_all()

    def _put(self, text: str) -> None:
        """Write past the stream's own buffer, whose lock would hold up the end of the program."""
        assert self._stream is not None
        raw = getattr(getattr(self._stream, "buffer", None), "raw", None)
        if raw is None:
            self._stream.write(text)
            self._stream.flush()
            return
        data = memoryview(text.encode(self._stream.encoding or "utf-8", self._stream.errors or "strict"))
        while data:
            written = raw.write(data)
            if written is None:  # somebody has set the terminal or pipe so that nobody waits for it
                time.sleep(_AGAIN_S)
            data = data[written or 0:]
