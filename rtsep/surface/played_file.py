"""The file that a run plays: where it is, and how it is moved through. Nothing of it holds where a device is played."""

from __future__ import annotations

from concurrent.futures import Future

from rtsep.live.session.session import Session
from rtsep.live.session.transport import Transport


class PlayedFile:
    """Any thread reads, and asks; answers come as of `rtsep.surface.surface.Surface`.

    Parameters
    ----------
    session
        The run.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def position_s(self) -> float | None:
        """Second that is played; None where the input is a device."""
        transport = self._transport
        return None if transport is None else transport.position / self._samplerate

    @property
    def length_s(self) -> float | None:
        """Its seconds; None where that is not known."""
        transport = self._transport
        return None if transport is None or transport.frames is None else transport.frames / self._samplerate

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._transport is not None and self._transport.paused

    @property
    def loop_s(self) -> tuple[float, float] | None:
        """Seconds between which it is repeated; None where it is not."""
        loop = None if self._transport is None else self._transport.loop
        return None if loop is None else (loop[0] / self._samplerate, loop[1] / self._samplerate)

    def pause(self, on: bool | None = None) -> Future[None]:
        """Let it stand still, or go on; None for the other one of the two."""
        return self._session.requests.ask(lambda: self._session.commands.transport.pause(
            not self.paused if on is None else on))

    def seek(self, second: float) -> Future[None]:
        """Go to a second."""
        frame = round(second * self._samplerate)
        return self._session.requests.ask(lambda: self._session.commands.transport.seek(frame))

    def repeat(self, loop_s: tuple[float, float] | None) -> Future[None]:
        """Repeat it between two of its seconds; None to end that."""
        loop = None if loop_s is None else (round(loop_s[0] * self._samplerate), round(loop_s[1] * self._samplerate))
        return self._session.requests.ask(lambda: self._session.commands.transport.repeat(loop))

    @property
    def _transport(self) -> Transport | None:
        return self._session.services.transport

    @property
    def _samplerate(self) -> int:
        return self._session.state.samplerate
