"""A live run beside a bench: `rtsep.live` on a JACK server, in a thread of this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from rtsep import RtsepError
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings
from rtsep.live.session.result import Result
from rtsep.live.session.session import OnLook, OnTick, Session
from tests.rigs.jack_server import JackServer


@contextmanager
def live_run(server: JackServer, settings: LiveSettings, on_tick: Callable[[Board], None] = lambda _: None,
             follow: Callable[[Session], OnLook | None] = lambda _: None) -> Iterator[Future[Result]]:
    """Play until the block is left; the block begins once all ports are there, and the future then holds the result.

    `follow` gets the session before it plays, and returns what looks at it.

    Raises
    ------
    RtsepError
        When the run cannot start, or did not last.
    """
    os.environ.update(server.env)
    session, playing = Session(settings), threading.Event()
    look = follow(session)

    def tick(board: Board, _: int) -> None:
        on_tick(board)
        playing.set()

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(_run, session, tick, look)
        run.add_done_callback(lambda _: playing.set())
        try:
            playing.wait()
            if run.done():
                run.result()
                raise RtsepError("rtsep ended at once")
            yield run
        finally:
            session.stop()


def _run(session: Session, tick: OnTick, look: OnLook | None) -> Result:
    """Play to the end, which must not be an early one."""
    result = session.run(tick, look)
    if result is None or result.failure is not None:
        raise RtsepError(f"the run failed: {'stopped before it began' if result is None else result.failure}")
    return result
