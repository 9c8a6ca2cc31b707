"""MIDI ports: finds them, opens one, and opens it again when it was away."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from rtsep.errors import MidiError
from rtsep.midi.inbox import Inbox
from rtsep.midi.jack_system import JackInput, JackOutput

try:
    import rtmidi

    _RtMidiError: type[Exception] = rtmidi.RtMidiError
except ImportError:  # it has no wheels for Python 3.13 and later
    rtmidi = None
    _RtMidiError = MidiError

VIRTUAL = "virtual"
"""Instead of a port's name: offer a port of our own."""

INPUT_CLIENT, OUTPUT_CLIENT = "rtsep-midi", "rtsep-midi-feedback"
PORT = "control"
OFFERED = (f"{INPUT_CLIENT}:{PORT}", f"{OUTPUT_CLIENT}:{PORT}")
"""Full names of our own ports on a JACK server."""
_QUEUE = 16384  # messages that may wait for one poll
_ALSA_ADDRESS = re.compile(r" \d+:\d+$")


@dataclass(frozen=True)
class System:
    """The input and the output of one of the computer's MIDI systems."""

    source: Any
    sink: Any

    def close(self) -> None:
        """Leave the system; python-rtmidi does not do that by itself."""
        self.source.delete()
        self.sink.delete()


def open_systems() -> list[System]:
    """Every MIDI system that answers: those that python-rtmidi was built with, and JACK in any case.

    Raises
    ------
    MidiError
        When none answers.
    """
    systems = []
    tried = []
    for name, opener in _openers().items():
        try:
            with _quiet():
                systems.append(opener())
        except (MidiError, _RtMidiError) as error:
            tried.append(f"{name} ({error})" if rtmidi is None else name)
    if systems:
        return systems
    if rtmidi is None:
        raise MidiError(f"no MIDI system answers; tried: {tried[0]}. For others install python-rtmidi, which needs "
                        f"the headers of ALSA where it has no wheel: pip install python-rtmidi")
    raise MidiError(f"no MIDI system answers; tried: {', '.join(tried)}")


def _openers() -> dict[str, Callable[[], System]]:
    """Return what opens each system, by name; JACK comes last."""
    apis = [] if rtmidi is None else rtmidi.get_compiled_api()
    found: dict[str, Callable[[], System]] = {
        rtmidi.get_api_display_name(api): partial(_open_rtmidi, api) for api in apis if api != rtmidi.API_UNIX_JACK}
    found["JACK"] = partial(_open_any_jack, rtmidi is not None and rtmidi.API_UNIX_JACK in apis)
    return found


def _open_rtmidi(api: int) -> System:
    return System(rtmidi.MidiIn(api, INPUT_CLIENT, _QUEUE), rtmidi.MidiOut(api, OUTPUT_CLIENT))


def _open_any_jack(by_rtmidi: bool) -> System:
    """Open JACK by python-rtmidi, whose callbacks need no interpreter, else by JACK-Client.

    The wheels of python-rtmidi have a JACK library of their own, which does not reach PipeWire.
    """
    if by_rtmidi:
        with suppress(_RtMidiError):
            return _open_rtmidi(rtmidi.API_UNIX_JACK)
    return _open_jack()


def _open_jack() -> System:
    source = JackInput(INPUT_CLIENT, _QUEUE)
    try:
        return System(source, JackOutput(OUTPUT_CLIENT))
    except MidiError:
        source.delete()
        raise


def labels(names: Sequence[str]) -> list[str]:
    """Names by which people know ports: without ALSA's changing numbers, and each one different."""
    plain = [_ALSA_ADDRESS.sub("", name) for name in names]
    seen: Counter[str] = Counter()
    found = []
    for name in plain:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def match(requested: str, candidates: Sequence[str]) -> list[int]:
    """Find the indices of the labels that a name stands for: that label, else all that have the name in them."""
    if requested in candidates:
        return [candidates.index(requested)]
    return [index for index, label in enumerate(candidates) if requested.casefold() in label.casefold()]


def list_ports() -> tuple[list[str], list[str]]:
    """Labels of all inputs and all outputs; the first system that has any speaks.

    Raises
    ------
    MidiError
        When there is no MIDI system.
    """
    systems = open_systems()
    try:
        found = [(labels(system.source.get_ports()), labels(system.sink.get_ports())) for system in systems]
    finally:
        for system in systems:
            system.close()
    return next((ports for ports in found if any(ports)), ([], []))


class Link:
    """The way to a controller and back.

    Parameters
    ----------
    requested
        Name of an input port, or part of it; or `VIRTUAL`.

    Attributes
    ----------
    label
        Port that is open; None while there is none.
    """

    def __init__(self, requested: str) -> None:
        self._requested = requested
        self._systems: list[System] = []
        self._system: System | None = None  # whose input is open
        self._inbox: Inbox | None = None  # of that input
        self._name = ""  # of the port, as the system writes it
        self._answers = False  # whether the output is open
        self._notice = ""
        self.label: str | None = None

    def look(self) -> str | None:
        """Open the port where it is there, give it up where it is gone; return news for the user.

        Call about once a second: no MIDI system tells by itself.
        """
        try:
            if self._system is not None and not self._is_there(self._system):
                self.close()
            if not self._systems:
                self._systems = open_systems()
            if self._system is None:
                self._find()
            notice = f"MIDI: {self.label} is open" + ("" if self._answers else ", without a way back")
        except (MidiError, _RtMidiError) as error:
            self.close()
            notice = f"{error}; looking again every second"
        news = None if notice == self._notice else notice
        self._notice = notice
        return news

    def read(self) -> Iterator[list[int]]:
        """Yield the bytes of what has arrived, message by message."""
        while self._inbox is not None and (data := next(self._inbox.read(), None)) is not None:
            yield data

    @property
    def rests(self) -> bool:
        """Whether the next message is announced."""
        return self._inbox is not None and self._inbox.rests

    def rest(self, wake: Callable[[], None]) -> bool:
        """Have the next message announced; return whether that is new, and so what came meanwhile is to be read."""
        if self._inbox is None or self._inbox.rests:
            return False
        self._inbox.rest(wake)
        return True

    def send(self, data: list[int]) -> None:
        """Send a message back; where nothing listens, it is lost."""
        if self._system is not None and self._answers:
            with suppress(_RtMidiError):
                self._system.sink.send_message(data)

    def close(self) -> None:
        """Leave all MIDI systems."""
        systems, self._systems = self._systems, []
        self._system = self._inbox = self.label = None
        for system in systems:
            system.close()

    def _is_there(self, system: System) -> bool:
        """Whether the port that is open is still there; our own one is seen through the output."""
        if self._requested == VIRTUAL:
            return any(PORT in name for name in system.sink.get_ports())
        return self._name in system.source.get_ports()

    def _find(self) -> None:
        """Open what is requested on the first system that has it; MidiError where that is none, or not one."""
        for system in self._systems:
            if self._requested == VIRTUAL:
                self._offer(system)
            else:
                self._open(system)
            if self._system is not None:
                self._inbox = Inbox(self._system.source)
                return
        if self._requested == VIRTUAL:
            raise MidiError("this system has no virtual MIDI ports; name a port, see rtsep midi ports")
        there = ", ".join(label for system in self._systems for label in labels(system.source.get_ports()))
        raise MidiError(f"no MIDI input matches {self._requested!r}; there are: {there or 'none'}")

    def _offer(self, system: System) -> None:
        with suppress(_RtMidiError, NotImplementedError):
            system.source.open_virtual_port(PORT)
            system.sink.open_virtual_port(PORT)
            self._system, self._answers, self.label = system, True, f"{INPUT_CLIENT}:{PORT}"

    def _open(self, system: System) -> None:
        names = system.source.get_ports()
        known = labels(names)
        found = match(self._requested, known)
        if len(found) > 1:
            which = ", ".join(known[index] for index in found)
            raise MidiError(f"{self._requested!r} matches several MIDI inputs: {which}; give more of the name")
        if found:
            system.source.open_port(found[0], PORT)
            self._system, self._name, self.label = system, names[found[0]], known[found[0]]
            self._answers = self._open_way_back(system.sink, known[found[0]])

    def _open_way_back(self, sink: Any, label: str) -> bool:
        """Open the output of the same name, else the only one that was asked for too."""
        outputs = labels(sink.get_ports())
        found = match(label.replace("capture", "playback"), outputs) or match(self._requested, outputs)
        if len(found) == 1:
            sink.open_port(found[0], PORT)
        return len(found) == 1


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the systems' own libraries write about a missing server from the terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
