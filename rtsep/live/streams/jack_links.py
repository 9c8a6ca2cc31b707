"""Connections of our ports on a JACK server: made to the devices at first, and the user's from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from rtsep.live.protocol import Pair

_MOST_TRIES = 25  # a client may be there for a while before it can be connected


class Links:
    """What one side of our ports is to be connected with.

    Parameters
    ----------
    pairs
        Connections at the start.
    by_hand
        Whether the user made them, in an earlier run of the stream.

    Attributes
    ----------
    requested
        All that was connected and that nobody has taken apart; it may be absent at present.
    """

    def __init__(self, pairs: Iterable[Pair], by_hand: bool) -> None:
        self.requested = set(pairs)
        self._ours = None if by_hand else set(self.requested)
        self._tries = dict.fromkeys(self.requested, _MOST_TRIES)  # that are left for those that are to be made
        self._cut: set[Pair] = set()  # at the last look, with both ports there

    def look(self, now: set[Pair], exists: Callable[[str], bool]) -> set[Pair]:
        """Compare with what is connected.

        What is cut at two looks, with both ports there, was cut by the user: a client that leaves loses its
        connections a moment before its ports.

        Parameters
        ----------
        now
            What is connected.
        exists
            Whether there is a port of this name.

        Returns
        -------
        returned
            What is to be connected, since the other port has come.
        """
        missing = self.requested - now
        self._tries = {pair: tries for pair, tries in self._tries.items() if pair in missing}
        self._tries |= {pair: _MOST_TRIES for pair in missing if not exists(pair[1])}
        returned = {pair for pair, tries in self._tries.items() if tries and exists(pair[1])}
        for pair in returned:
            self._tries[pair] -= 1
        cut = {pair for pair in missing if exists(pair[1])} - returned
        self.requested = (self.requested - (cut & self._cut)) | now
        self._cut = cut - self._cut
        return returned

    def made(self, pair: Pair) -> None:
        """Note that a connection was made: if it is missing later, the user has cut it."""
        self._tries.pop(pair, None)

    @property
    def settled(self) -> bool:
        """Whether another look at the same state would find nothing new."""
        return not self._cut

    @property
    def by_hand(self) -> tuple[Pair, ...] | None:
        """What the user made; None where that is what we made."""
        return None if self.requested == self._ours else tuple(sorted(self.requested))


class PortLinks:
    """Connections of ports that another process offers, all made by the user; the process may be away for a moment.

    Parameters
    ----------
    client
        JACK-Client's client, of this process.
    names
        Full names of the ports.
    pairs
        What was connected before.
    """

    def __init__(self, client: Any, names: Iterable[str], pairs: Iterable[Pair]) -> None:
        before = list(pairs)
        self._client = client
        self._links = {name: Links([pair for pair in before if pair[0] == name], by_hand=True) for name in names}

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What is to be connected, by the full names of both ports."""
        return tuple(pair for links in self._links.values() for pair in sorted(links.requested))

    @property
    def settled(self) -> bool:
        """As of `Links`."""
        return all(links.settled for links in self._links.values())

    def follow(self) -> None:
        """Compare with what is connected, and make what has become possible."""
        for name, links in self._links.items():
            there = exists(self._client, name)
            found = self._client.get_all_connections(name) if there else ()
            now = {(name, str(other.name)) for other in found}
            for pair in links.look(now, partial(exists, self._client) if there else _is_away):
                self._connect(links, pair)

    def _connect(self, links: Links, pair: Pair) -> None:
        import jack

        with suppress(jack.JackError):  # one of the ports goes just now
            hears = self._client.get_port_by_name(pair[0]).is_input
            self._client.connect(*(reversed(pair) if hears else pair))
            links.made(pair)


def _is_away(name: str) -> bool:
    """No port can be connected with one that is not there."""
    return False


def exists(client: Any, name: str) -> bool:
    """Whether a JACK server has a port of this name."""
    import jack

    try:
        client.get_port_by_name(name)
    except jack.JackError:
        return False
    return True
