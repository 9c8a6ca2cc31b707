"""Rendering while training runs: a process of its own replaces the oldest rendered segments."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

from rtsep.errors import ConfigError, RtsepError
from rtsep.signals import signals_blocked, unblock_signals
from training.render.pool import PoolConfig, render_pool, rendered


@contextmanager
def rendering(data: Path, stems: Path, processes: int) -> Iterator[None]:
    """Keep a folder of stems as large as it is and its rendered sounds new, until the context is left.

    Parameters
    ----------
    data
        Data folder of the renderer.
    stems
        Folder with rendered segments; sounds of other origin stay.
    processes
        That render; none leaves everything as it is.

    Raises
    ------
    ConfigError
        When there is nothing rendered to replace.
    """
    if not processes:
        yield
        return
    count = len(rendered(stems))
    if not count:
        raise ConfigError(f"--render replaces rendered sounds, and {stems} has none: make some first, with "
                          f"python -m training render {stems}")
    context = multiprocessing.get_context("spawn")  # a fork of a process that computes may hold one of its locks
    stop = context.Event()
    config = PoolConfig(hours=count * PoolConfig.seconds / 3600, endless=True)
    child = context.Process(target=_render, args=(data, stems, config, processes, stop))
    with signals_blocked():
        child.start()
    try:
        yield
    finally:
        stop.set()
        child.join()


def _render(data: Path, stems: Path, config: PoolConfig, processes: int, stop: Event) -> None:
    """Render until asked to stop, or until the process that trains is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that trains
    unblock_signals()
    parent = multiprocessing.parent_process()
    try:
        written = render_pool(data, stems, config, processes,
                              lambda: not stop.is_set() and parent is not None and parent.is_alive())
        print(f"{written} segments rendered meanwhile", file=sys.stderr)
    except (RtsepError, OSError, BrokenExecutor) as error:
        print(f"rendering has ended: {error}; training goes on with the sounds that are there", file=sys.stderr)
