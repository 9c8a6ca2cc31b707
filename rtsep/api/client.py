"""One client of the API: its commands are answered in their order, its feeds are sent at their pace."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from rtsep.api.commands import COMMANDS
from rtsep.api.feeds import Feeds, Subscription
from rtsep.api.protocol import ProtocolError, answer, read_message, refusal, write
from rtsep.surface.events import Event
from rtsep.surface.surface import Surface

SLOW_S = 2.0
"""A client that takes no bytes for so long is dropped."""
MOST_MESSAGES = 300
"""Commands in a second, above which a client is dropped."""

_ANSWER_S = 10.0  # what the run may take to do something
_MOST_EVENTS = 200  # that wait for a client
_COMMANDS = {command.name: command for command in COMMANDS}


class Client:
    """A connection.

    Parameters
    ----------
    connection
        The websocket.
    surface
        Of the run.
    feeds
        Shared by all clients.
    """

    def __init__(self, connection: ServerConnection, surface: Surface, feeds: Feeds) -> None:
        self._connection = connection
        self._surface = surface
        self._subscription = Subscription(feeds)
        self._changed = asyncio.Event()
        self._events: list[Event] = []
        self._second, self._messages = 0, 0

    async def serve(self) -> None:
        """Talk until either side has enough."""
        pushing = asyncio.create_task(self._push())
        pushing.add_done_callback(lambda _: self.drop())  # whatever ended it: a client must not wait for nothing
        try:
            with suppress(ConnectionClosed):
                async for data in self._connection:
                    if not self._is_calm():
                        self.drop()
                        return
                    await self._send(await self._answer(data))
        finally:
            pushing.cancel()
            with suppress(asyncio.CancelledError):
                await pushing

    def tell(self, event: Event) -> None:
        """Have an event sent, where events are requested; by the thread of the server."""
        if self._subscription.events:
            self._events.append(event)
            self._changed.set()
            if len(self._events) > _MOST_EVENTS:
                self.drop()

    def drop(self) -> None:
        """End the connection at once, without a word that could be waited for."""
        self._connection.transport.abort()

    async def _answer(self, data: str | bytes) -> str:
        name = "Invalid"
        try:
            name, argument = read_message(data)
            if name == "Subscribe":
                rates = self._subscription.change(argument)
                self._changed.set()
                return answer(name, rates)
            return answer(name, await self._act(name, argument))
        except ProtocolError as error:
            return refusal("Invalid" if error.name == "UnknownCommandError" else name, error)
        except Exception as error:  # what nobody expected is told, and ends no connection
            return refusal(name, error)

    async def _act(self, name: str, argument: Any) -> Any:
        command = _COMMANDS.get(name)
        if command is None:
            raise ProtocolError("UnknownCommandError", f"no command {name!r:.60}; there are: {', '.join(_COMMANDS)}")
        if argument is not None and not command.argument:
            raise ProtocolError("InvalidMessageError", f"{name} takes no argument")
        value = command.act(self._surface, argument)
        if isinstance(value, Future):
            value = await asyncio.wait_for(asyncio.wrap_future(value), _ANSWER_S)
        return value

    async def _push(self) -> None:
        """Send what is subscribed to."""
        with suppress(ConnectionClosed):
            while True:
                events, self._events = self._events, []
                for message in (*(write({"Event": event}) for event in events), *self._subscription.messages()):
                    await self._send(message)
                self._changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), self._subscription.wait_s())

    async def _send(self, message: str) -> None:
        """Send; drop a client that does not take it."""
        try:
            await asyncio.wait_for(self._connection.send(message), SLOW_S)
        except TimeoutError:
            self.drop()

    def _is_calm(self) -> bool:
        """Count commands; False where there are too many in this second."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._messages = second, 0
        self._messages += 1
        return self._messages <= MOST_MESSAGES
