"""Connections of a client to the server, as tests make them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from rtsep.api.server import Server
from tests.rigs.live import TIMEOUT_S


@contextmanager
def client(server: Server, query: str = "", **headers: str) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{server.access.port}/socket{query}", open_timeout=TIMEOUT_S, compression=None,
                 additional_headers=headers) as connection:
        yield connection


def ask(connection: ClientConnection, command: str, argument: Any = None) -> Any:
    """Send a command; return the value, or the name and the text of the error."""
    connection.send(json.dumps(command if argument is None else {command: argument}))
    return result(connection, command)


def result(connection: ClientConnection, command: str) -> Any:
    reply = json.loads(connection.recv(TIMEOUT_S))
    assert list(reply) == [command]
    found = reply[command]
    return found.get("value") if found["result"] == "Ok" else next(iter(found["result"].items()))
