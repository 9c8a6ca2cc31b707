"""The server of the API: a thread of the interface process, which the audio process knows nothing of."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from rtsep.api.access import Access
from rtsep.api.client import Client
from rtsep.api.feeds import Feeds
from rtsep.api.pages import SOCKET, page, plain
from rtsep.api.protocol import LONGEST_MESSAGE
from rtsep.errors import ConfigError
from rtsep.surface.events import Event
from rtsep.surface.surface import Surface

MOST_CLIENTS = 16

_OPEN_S = 5.0  # what a handshake may take
_BUFFERED = 1 << 14  # bytes that wait for a client before the next message waits too, and about twice as many in the
# system: half a second of meters and spectra, so that a slow one is not far behind
_STARTED_S = 10.0


class Server:
    """Use as a context manager.

    Parameters
    ----------
    surface
        Of the run.
    access
        Who may connect; with port 0, a free port is taken.

    Attributes
    ----------
    access
        With the port that is taken, once the context is entered.

    Raises
    ------
    ConfigError
        When the port cannot be taken.
    """

    def __init__(self, surface: Surface, access: Access) -> None:
        self.access = access
        self._surface = surface
        self._feeds = Feeds(surface)
        self._clients: set[Client] = set()
        self._loop = asyncio.new_event_loop()
        self._started: Future[int] = Future()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)
        self._log = logging.getLogger("rtsep.api")
        self._log.addHandler(logging.NullHandler())
        self._log.propagate = False  # what strangers send is no news for a terminal

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            port = self._started.result(_STARTED_S)
        except OSError as error:
            raise ConfigError(f"the API cannot listen at {self.access.host} port {self.access.port}: {error.strerror}; "
                              f"give another --api PORT") from None
        self.access = Access(self.access.host, port, self.access.token)
        return self

    def __exit__(self, *_: object) -> None:
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STARTED_S)

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    def tell(self, event: Event) -> None:
        """Send an event to all who subscribed to it; any thread may call this, and is never kept waiting."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._tell, event)

    def _tell(self, event: Event) -> None:
        for client in list(self._clients):
            client.tell(event)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            self._started.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        async with serve(self._talk, self.access.host, self.access.port, process_request=self._check,
                         max_size=LONGEST_MESSAGE, max_queue=8, write_limit=_BUFFERED, open_timeout=_OPEN_S,
                         close_timeout=1.0, compression=None, server_header=None, logger=self._log) as server:
            self._started.set_result(int(server.sockets[0].getsockname()[1]))
            await self._stop.wait()
            for client in list(self._clients):
                client.drop()

    async def _check(self, _: ServerConnection, request: Request) -> Response | None:
        """Refuse who may not connect; hand out pages; let websockets through, by None."""
        headers = {name: request.headers.get_all(name)[0] for name in ("Host", "Origin", "Authorization", "Cookie")
                   if len(request.headers.get_all(name)) == 1}
        refusal = self.access.refusal(request.path, headers)
        if len(request.headers.get_all("Origin")) > 1:
            refusal = "it has several origins"
        if refusal:
            return plain(HTTPStatus.FORBIDDEN, refusal)
        if urlsplit(request.path).path != SOCKET:
            cookie = f"{self.access.cookie}={self.access.token}" if self.access.token else ""
            return page(request.path, headers["Host"], cookie)
        if len(self._clients) >= MOST_CLIENTS:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_CLIENTS} clients are connected already")
        return None

    async def _talk(self, connection: ServerConnection) -> None:
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFERED)
        client = Client(connection, self._surface, self._feeds)
        self._clients.add(client)
        try:
            await client.serve()
        finally:
            self._clients.discard(client)
