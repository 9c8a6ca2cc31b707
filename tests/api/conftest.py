"""A server over a run that does not play, and a session that serves requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

pytest.importorskip("websockets", reason="pip install 'rtsep[panel]'")

from rtsep.api.access import Access
from rtsep.api.server import Server
from tests.rigs.surface import Run

StartServer = Callable[..., Server]


@pytest.fixture
def start(served_run: Run) -> Iterator[StartServer]:
    """Start servers of the run, whose requests are served meanwhile."""
    with ExitStack() as stack:
        yield lambda host="127.0.0.1", token="": stack.enter_context(
            Server(served_run.surface, Access(host, 0, token)))
