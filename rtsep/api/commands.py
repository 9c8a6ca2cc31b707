"""The commands of the API. Their table is here; what `docs/api.md` says is made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rtsep import __version__
from rtsep.api.protocol import ERRORS
from rtsep.controls.shown import shown
from rtsep.errors import ConfigError
from rtsep.surface.documents import (
    controls_document,
    history_document,
    meters_document,
    notice_document,
    spectra_document,
    state_document,
    table_document,
)
from rtsep.surface.surface import Surface

_MOST_NOTICES = 100


@dataclass(frozen=True)
class Command:
    """One row of the table.

    Parameters
    ----------
    name
        As messages have it.
    argument
        What it takes, in words; empty for nothing.
    value
        What it returns, in words; empty for nothing.
    act
        Does it, given surface and argument; returns a value, or a future of one.
    """

    name: str
    argument: str
    value: str
    act: Callable[[Surface, Any], Any]


def _text(argument: Any) -> str:
    if not isinstance(argument, str):
        raise ConfigError(f"{shown(argument)} is no text; give a name in quotes")
    return argument


def _number(argument: Any) -> float:
    if isinstance(argument, bool) or not isinstance(argument, int | float) or not abs(argument) < 1e9:
        raise ConfigError(f"{shown(argument)} is no number of seconds")
    return float(argument)


def _set_controls(surface: Surface, argument: Any) -> None:
    if not isinstance(argument, dict) or not argument:
        raise ConfigError(f'{shown(argument)} sets nothing; give names and values: {{"level guitar": -6}}')
    for name, value in argument.items():
        surface.set(name, value)


def _toggle(surface: Surface, argument: Any) -> bool:
    name = _text(argument)
    value = surface.get(name)
    if not isinstance(value, bool):
        raise ConfigError(f"{name} is no switch")
    surface.set(name, not value)
    return not value


def _loop(surface: Surface, argument: Any) -> Any:
    if argument is None:
        return surface.file.repeat(None)
    if not isinstance(argument, list) or len(argument) != 2:
        raise ConfigError(f"{shown(argument)} is no loop; give [begin, end] in seconds, or null")
    return surface.file.repeat((_number(argument[0]), _number(argument[1])))


def _model(surface: Surface, argument: Any) -> Any:
    name = _text(argument)
    if name not in surface.models():
        raise ConfigError(f"no model {name!r:.60}; there are: {', '.join(surface.models())}")
    return surface.play_model(name)


COMMANDS = (
    Command("GetVersion", "", "version of rtsep", lambda surface, _: __version__),
    Command("GetState", "", "the state, see below", lambda surface, _: state_document(surface)),
    Command("GetControlTable", "", "rows of the table of controls: name, kind, unit, ends",
            lambda surface, _: table_document()),
    Command("GetControls", "", "value of every control by its name", lambda surface, _: controls_document(surface)),
    Command("GetControl", "name", "its value", lambda surface, name: surface.get(_text(name))),
    Command("SetControl", "values by names", "", _set_controls),
    Command("ToggleControl", "name of a switch", "its new value", _toggle),
    Command("GetPresets", "", "names", lambda surface, _: [preset.name for preset in surface.presets.read()]),
    Command("CallPreset", "name", "", lambda surface, name: surface.call_preset(_text(name))),
    Command("SavePreset", "name", "file", lambda surface, name: str(surface.save_preset(_text(name)))),
    Command("GetModels", "", "names of the shipped models", lambda surface, _: list(surface.models())),
    Command("SetModel", "name", "", _model),
    Command("StartRecording", "", "folder of the new take", lambda surface, _: surface.record(True)),
    Command("StopRecording", "", "", lambda surface, _: surface.record(False)),
    Command("Pause", "", "", lambda surface, _: surface.file.pause(True)),
    Command("Resume", "", "", lambda surface, _: surface.file.pause(False)),
    Command("Seek", "second of the file", "", lambda surface, second: surface.file.seek(_number(second))),
    Command("SetLoop", "[begin, end] in seconds, or null", "", _loop),
    Command("Learn", "name of the control that the next movement of a controller is for, or null", "",
            lambda surface, name: surface.learn(None if name is None else _text(name))),
    Command("GetMeters", "", "meters, see below", lambda surface, _: meters_document(surface)),
    Command("GetSpectra", "", "spectra, see below", lambda surface, _: spectra_document(surface)),
    Command("GetCounters", "", "every counter that is a number, by its name", lambda surface, _: surface.counters()),
    Command("GetHistory", "", "load, missed hops and latency of the last two minutes, by half seconds",
            lambda surface, _: history_document(surface)),
    Command("GetNotices", "", "latest notices: `time_s` since the epoch, `text`",
            lambda surface, _: [notice_document(line) for line in surface.notices.latest(_MOST_NOTICES)]),
    Command("Stop", "", "", lambda surface, _: surface.stop()),
)


def document() -> str:
    """Table of all commands in Markdown, as it stands in `docs/api.md`."""
    rows = [f"| `{row.name}` | {row.argument} | {row.value} |" for row in COMMANDS]
    rows.append("| `Subscribe` | rates in Hz by kind, see below | the rates that hold |")
    return "\n".join(["| command | argument | value |", "|---|---|---|", *rows])


def error_document() -> str:
    """Table of all errors in Markdown, as it stands in `docs/api.md`."""
    return "\n".join(["| error | when |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in ERRORS.items())])
