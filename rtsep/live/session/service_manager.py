"""Tells a service manager such as systemd that music plays, as sd_notify(3) describes."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

from rtsep.live.session.run_state import Phase, RunState

_WATCHDOG_SHARE = 0.3  # of the manager's timeout, after which it is told that all is well


class ServiceManager:
    """Tells what has changed; nothing where no manager listens.

    Parameters
    ----------
    state
        What the run is at.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._every_s = _WATCHDOG_SHARE * int(os.environ.get("WATCHDOG_USEC") or 0) / 1e6
        self._phase: Phase | None = None
        self._told = 0.0

    def look(self) -> None:
        """Look once."""
        if not self._address:
            return
        now, phase = time.monotonic(), self._state.phase
        if phase is not self._phase:
            self._phase = phase
            self._tell(f"{'READY=1' if phase is Phase.PLAYING else ''}\nSTATUS={phase.value}".strip())
        if self._every_s and now - self._told >= self._every_s:
            self._told = now
            self._tell("WATCHDOG=1")

    def end(self) -> None:
        """Tell that the run ends."""
        if self._address:
            self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.sendto(text.encode(), name)
