"""As it was: what a run played last is kept in a file, and a later run begins with it."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any

from rtsep.controls.controls import Values
from rtsep.controls.preset_writing import plain_preset
from rtsep.controls.presets import Preset, read_preset, snapshot
from rtsep.controls.strict_yaml import Section, document_of
from rtsep.controls.user_files import read_text, user_file, write_text
from rtsep.errors import ConfigError
from rtsep.live.protocol import Connections, Pair
from rtsep.surface.surface import Surface

FILE = "state.json"
"""Its name in the user's folder of settings."""

_KEEP_S = 2.0  # between two looks whether something has changed
_WHAT = ("stem", "remove", "split")
_SIDES = tuple(side.name for side in fields(Connections))
_KEYS = ("input", "output", *_WHAT, "controls", "connections")


@dataclass(frozen=True)
class LastRun:
    """What a run played last.

    Parameters
    ----------
    options
        Of the command line: `input`, `output`, and one of `stem`, `remove` and `split`; those that were given.
    model
        Name or path; None for the default one.
    values
        Linear values of the controls.
    connections
        That the user made on a JACK server.
    """

    options: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    values: Values = field(default_factory=dict)
    connections: Connections = field(default_factory=Connections)

    def put(self, args: argparse.Namespace) -> LastRun:
        """Set options that were not given, and return what holds beside them.

        Where other stems or another model are asked for, that is no values of stems; where another device is, or
        outputs of another kind, the connections of that side are made anew.

        Parameters
        ----------
        args
            Options of the command line, None for what was not given; changed.
        """
        another = any(getattr(args, name) for name in _WHAT)
        others = another or args.model not in (None, self.model)
        connections = self._connections(args, others)
        for name, value in self.options.items():
            if not getattr(args, name) and not (another and name in _WHAT):
                setattr(args, name, value)
        args.model = args.model or self.model
        values = self.values
        if others:
            values = {name: value for name, value in values.items() if not isinstance(value, Mapping)}
        return LastRun(self.options, self.model, values, connections)

    def _connections(self, args: argparse.Namespace, others: bool) -> Connections:
        """Return the connections that still hold; with `--no-connect` there are no others."""
        inputs, outputs = self.connections.inputs, self.connections.outputs
        if args.input not in (None, self.options.get("input")):
            inputs = None
        if args.output not in (None, self.options.get("output")):
            outputs = None
        if others and (args.split or "split" in self.options):  # ports of stems have the names of stems
            outputs = None
        if args.no_connect:
            inputs, outputs = inputs or (), outputs or ()
        return Connections(inputs, outputs, self.connections.midi)


def read_last_run() -> LastRun:
    """Read what was kept last; what there is where nothing was.

    Raises
    ------
    ConfigError
        When the file cannot be used.
    """
    path = user_file(FILE)
    if not path.exists():
        return LastRun()
    section = document_of(read_text(path), path.name, _KEYS)
    preset = read_preset("", section.values.get("controls"), f"{path.name}: controls")
    options = {name: value for name, value in section.values.items() if name in ("input", "output", *_WHAT)}
    for name, value in options.items():
        if not _fits(name, value):
            raise section.fail(name, f"{value!r:.60} is none")
    return LastRun(options, preset.model, preset.values, _connections(section))


def _fits(option: str, value: object) -> bool:
    """Whether an option of the command line may have this value."""
    if option == "split":
        return isinstance(value, bool)
    if option in ("input", "output"):
        return isinstance(value, str)
    return isinstance(value, list) and all(isinstance(stem, str) for stem in value)


class LastRunWriter:
    """Writes down what a run plays, as it changes.

    Parameters
    ----------
    surface
        Of the run.
    args
        Options that the run began with.
    """

    def __init__(self, surface: Surface, args: argparse.Namespace) -> None:
        self._surface = surface
        self._options = {name: getattr(args, name) for name in ("input", "output", *_WHAT) if getattr(args, name)}
        self._looked = 0.0
        self._written = ""

    def look(self) -> None:
        """Look, where it is time; a disk that takes nothing does not end the music."""
        now = time.monotonic()
        if now - self._looked >= _KEEP_S:
            self._looked = now
            self.keep()

    def keep(self) -> None:
        """Write what has changed, whole or not at all."""
        surface = self._surface
        if not surface.stems:
            return
        preset = Preset("", surface.state.model, snapshot(surface.board, surface.stems).values)
        connections = vars(surface.state.settings.connections)
        text = json.dumps({**self._options, "controls": plain_preset(preset), "connections": connections}, indent=2,
                          ensure_ascii=False)
        if text == self._written:
            return
        self._written = text
        with suppress(ConfigError):
            write_text(user_file(FILE), text + "\n")


def _connections(section: Section) -> Connections:
    found = Section(section.values.get("connections") or {}, f"{section.where}.connections", _SIDES)
    return Connections(*(_pairs(found, side) for side in _SIDES))


def _pairs(section: Section, key: str) -> tuple[Pair, ...] | None:
    """Read pairs of our port and another one; None where they are as rtsep made them."""
    rows = section.values.get(key)
    if rows is None:
        return None
    try:
        pairs = tuple((str(ours), str(theirs)) for ours, theirs in rows)
    except (TypeError, ValueError):
        raise ConfigError(f"{section.where}.{key}: give pairs of ports") from None
    return pairs
