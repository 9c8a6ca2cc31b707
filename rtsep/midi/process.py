"""The MIDI process: hears the port, moves the controls on the board, sends their state back.

It is a process of its own, so that it costs the audio callback nothing, and one that a dead sound server has caught
can be ended and started again. While messages come, the port is polled. While none come, it sleeps until one does.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path

from rtsep.controls.followed_file import FollowedFile
from rtsep.controls.live_controls import LiveControls
from rtsep.controls.presets import load_presets, preset_file
from rtsep.controls.targets import Target
from rtsep.errors import ConfigError
from rtsep.live.board import Board
from rtsep.live.session.helper import Learn, Moved
from rtsep.midi.control_surface import ControlSurface
from rtsep.midi.effects import hear
from rtsep.midi.learning import Learning
from rtsep.midi.mapping import load_mapping, mapping_file, own_mapping
from rtsep.midi.messages import Parser, encode
from rtsep.midi.ports import VIRTUAL, Link

POLL_S = 0.001
_RESTS_S = 2.0  # without a message, until a controller counts as resting
_REST_S = 0.05  # between two turns while it does: what others move is shown as late as this, at most
_POLLS = 10  # between two looks at everything else
LOOK_S = 1.0  # how often ports and files are looked after
_IDLE_S = 0.25  # between two turns while no port is open
_FEEDBACK_S = 0.02
_TELL_S = 0.1  # between two messages about what was moved
_MOST_FEEDBACK = 20  # messages at once; a MIDI cable carries about one a millisecond
_HANG_S = 10.0  # a process that has not looked after its ports for so long ends itself
_TRIES = 3  # until a MIDI system that nobody asked for counts as missing


@dataclass(frozen=True)
class MidiSettings:
    """What to listen to, and what it does.

    Parameters
    ----------
    port
        Name of an input port or part of it, or `virtual`; None for a virtual port where the system has them.
    mapping, presets
        Files; None for the user's own ones.
    """

    port: str | None = None
    mapping: Path | None = None
    presets: Path | None = None


def run_midi(board: Board, stems: tuple[str, ...], pipe: Connection, settings: MidiSettings) -> None:
    """Body of the MIDI process.

    Parameters
    ----------
    board
        Shared with the audio process.
    stems
        Stems that are played, in the board's order.
    pipe
        Takes sentences for the user, presets that have a model, and what was moved last. Through it comes what is to
        be learned; anything else, its end too, ends the process.
    settings
        What to listen to.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # sound libraries write to the terminal
    controls = LiveControls(board, stems, call=pipe.send)
    woken, waker = multiprocessing.Pipe(duplex=False)
    listener = Listener(controls, settings, pipe.send, lambda: waker.send_bytes(b"!"))
    looks = 0
    while _told(pipe, listener):
        if listener.due():
            faulthandler.dump_traceback_later(_HANG_S, exit=True, file=nowhere)  # needs no help of a thread that hangs
            listener.look()
            looks += 1
            if settings.port is None and not listener.open and looks >= _TRIES:
                break
        listener.poll()
        if not listener.open:
            pipe.poll(_IDLE_S)
        elif listener.rests:
            if woken in wait((pipe, woken), _REST_S):
                woken.recv_bytes()
        else:
            for _ in range(_POLLS):
                time.sleep(POLL_S)
                listener.poll()
    faulthandler.cancel_dump_traceback_later()
    listener.close()


def _told(pipe: Connection, listener: Listener) -> bool:
    """Hear what the session says; False where the run is over."""
    while pipe.poll():
        try:
            message = pipe.recv()
        except EOFError:
            return False
        if not isinstance(message, Learn):
            return False
        listener.learn(None if message.target is None else Target.parse(message.target))
    return True


class Listener:
    """Messages in, controls moved, state back.

    Parameters
    ----------
    controls
        Where the controls are.
    settings
        What to listen to.
    tell
        Gets sentences for the user, and what was moved last.
    wake
        Called in any thread once a message has arrived after a rest.
    """

    def __init__(self, controls: LiveControls, settings: MidiSettings, tell: Callable[[str | Moved], None],
                 wake: Callable[[], None]) -> None:
        self._controls = controls
        self._settings = settings
        self._tell = tell
        self._wake = wake
        self._link = Link(settings.port or VIRTUAL)
        self._parser = Parser()
        self._surface = ControlSurface((), controls)
        self._mapping = FollowedFile(own_mapping(settings.mapping),
                                     lambda: load_mapping(mapping_file(settings.mapping)))
        self._presets = FollowedFile(preset_file(settings.presets), lambda: load_presets(settings.presets))
        self._looked = self._answered = self._heard = self._told = -LOOK_S
        self._shown: bytes | None = None  # state of the controls that the controller shows; None where it may not
        self._learning: Learning | None = None
        self._moved = ""  # that was not told yet

    @property
    def open(self) -> bool:
        """Whether a port is open."""
        return self._link.label is not None

    @property
    def rests(self) -> bool:
        """Whether nothing has to be done until the next message, but to look around."""
        return self._link.rests

    def due(self) -> bool:
        """Whether it is time to look."""
        return time.monotonic() - self._looked >= LOOK_S

    def look(self) -> None:
        """Look after the port and the files."""
        self._reload()
        news = self._link.look()
        if news is not None:
            self._forget()
            if self._settings.port is not None:
                self._tell(news)
        self._looked = time.monotonic()

    def learn(self, target: Target | None) -> None:
        """Bind what is moved next to a target; None to give up."""
        self._learning = None if target is None else Learning(target, self._settings.mapping)

    def poll(self) -> None:
        """Take what has arrived, and send back what has changed."""
        now = time.monotonic()
        self._read(now)
        if now - self._heard >= _RESTS_S and self._link.rest(self._wake):
            self._read(now)
        if now - self._answered >= _FEEDBACK_S:
            self._answered = now
            self._answer()
        if self._moved and now - self._told >= _TELL_S:
            self._told = now
            self._tell(Moved(self._moved))
            self._moved = ""
        if self._learning is not None and self._learning.done:
            self._finish(self._learning)

    def close(self) -> None:
        """Give the ports back, and end what is held."""
        self._forget()
        self._link.close()

    def _forget(self) -> None:
        """Count nothing as shown, and nothing as held."""
        self._surface.forget()
        self._shown = None

    def _read(self, now: float) -> None:
        """Take what has arrived."""
        for data in self._link.read():
            self._heard = now
            self._shown = None
            self._hear(data)

    def _answer(self) -> None:
        """Send back what has changed since the controller was last told all."""
        state = self._controls.board.controls_state()
        if state == self._shown:
            return
        messages = list(islice(self._surface.feedback(), _MOST_FEEDBACK))
        for message in messages:
            self._link.send(encode(message))
        self._shown = state if len(messages) < _MOST_FEEDBACK else None

    def _hear(self, data: Iterable[int]) -> None:
        for message in self._parser.feed(data):
            if self._learning is None:
                self._moved = hear(self._surface, self._controls, message)
            else:
                self._learning.hear(message)
        board = self._controls.board
        board.midi_malformed = self._parser.malformed
        board.midi_messages += 1  # last, so that what is counted has been done

    def _finish(self, learning: Learning) -> None:
        """Write down what was learned, and go by it."""
        self._learning = None
        try:
            self._tell(learning.finish())
        except ConfigError as error:
            self._tell(str(error))
        self._reload()

    def _reload(self) -> None:
        """Read mapping and presets where a file has changed; where one cannot be used, keep the old ones."""
        changed = [file.look() for file in (self._mapping, self._presets)]
        for news in filter(None, (self._mapping.news, self._presets.news)):
            self._tell(news)
        if not any(changed):
            return
        presets = self._presets.content
        if self._controls.presets not in ((), presets):
            self._controls.board.preset = -1  # its place may be another one's now
        self._controls.presets = presets
        self._forget()  # the new one does not know what is held
        self._surface = ControlSurface(self._mapping.content, self._controls)
        if self._mapping.path.exists():  # the default one names more stems than any one run has
            targets = {binding.target for binding in self._mapping.content}
            for text in filter(None, map(self._controls.unknown, targets)):
                self._tell(f"{self._mapping.path.name}: {text}")
