"""Requests of other threads to the session, which does them in its own, between two ticks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from rtsep.errors import RtsepError

Answer = TypeVar("Answer")


class Requests:
    """A queue; anybody asks, the session's thread serves."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._closed = False

    def ask(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Have something done; the future gets what it returns, or the error that it raises."""
        future: Future[Answer] = Future()
        self._waiting.put((work, future))
        if self._closed:
            self.close()
        return future

    def serve(self) -> None:
        """Do all that was asked for."""
        for work, future in self._taken():
            try:
                future.set_result(work())
            except Exception as error:  # is the asker's, and must not end the music
                future.set_exception(error)

    def close(self) -> None:
        """Refuse what waits and what comes later: the run is over."""
        self._closed = True
        for _, future in self._taken():
            future.set_exception(RtsepError("the run is over"))

    def _taken(self) -> list[tuple[Callable[[], Any], Future[Any]]]:
        taken = []
        while True:
            try:
                taken.append(self._waiting.get_nowait())
            except Empty:
                return taken
