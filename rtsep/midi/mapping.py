"""The mapping file: which knob moves which control, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rtsep.controls.shown import shown
from rtsep.controls.strict_yaml import Section, document_of, read_share
from rtsep.controls.table import CONTROLS, Control, Kind, Table, Unit
from rtsep.controls.targets import Target
from rtsep.controls.units import read_db
from rtsep.controls.user_files import read_text, user_file
from rtsep.dsp.decibels import OFF, to_gain
from rtsep.errors import ConfigError
from rtsep.midi.scales import DecibelScale, LinearScale, Scale
from rtsep.midi.sources import Source

DEFAULT_FILE = Path(__file__).with_name("default.yaml")
"""The mapping of a user who has none, with a comment on every key."""

NONE = "none"
"""Source of a binding that has lost its knob to another one."""

_PICKUPS = ("crossing", "jump")
_MODES = ("toggle", "momentary")
_CURVES = ("db", "linear")


@dataclass(frozen=True)
class Binding:
    """One knob and what it moves.

    Parameters
    ----------
    source
        Where the movement comes from; None for a binding without one.
    target
        What it moves.
    scale
        Values of a fader's positions; None for all other targets.
    jump
        Whether a fader takes every value at once, instead of waiting until the knob crosses the control.
    momentary
        Whether a switch is on while it is held, instead of changing at every press.
    inverted
        Whether a switch that is held is off.
    """

    source: Source | None
    target: Target
    scale: Scale | None = None
    jump: bool = False
    momentary: bool = False
    inverted: bool = False


def own_mapping(path: Path | None) -> Path:
    """File that holds the user's mapping, which need not exist: the given one, else `midi.yaml` among the settings."""
    return path or user_file("midi.yaml")


def mapping_file(path: Path | None) -> Path:
    """File of the mapping to use: the given one, else the user's own, else the default one."""
    own = own_mapping(path)
    return own if path is not None or own.exists() else DEFAULT_FILE


def load_mapping(path: Path) -> tuple[Binding, ...]:
    """Read a mapping file.

    Raises
    ------
    ConfigError
        When it cannot be read, or something in it cannot be used; the sentence names file and path.
    """
    return parse_mapping(read_text(path), path.name)


def parse_mapping(text: str, name: str, table: Table = CONTROLS) -> tuple[Binding, ...]:
    """Read a mapping from its text; `name` is what errors call it."""
    document = document_of(text, name, ("pickup", "bindings"))
    pickup = document.choice("pickup", _PICKUPS, "crossing")
    rows = document.values.get("bindings")
    rows = [] if rows is None else rows
    if not isinstance(rows, list):
        raise document.fail("bindings", "give a list, each line beginning with a dash")
    return tuple(_binding(row, f"{name}: bindings[{index}]", pickup, table) for index, row in enumerate(rows))


def _binding(row: object, where: str, pickup: str, table: Table) -> Binding:
    section = Section(row, where, ("source", "target", "range", "curve", "mode", "pickup"))
    try:
        target = Target.parse(section.text("target"), table)
    except ConfigError as error:
        raise _placed(error, section, "target") from None
    source = _source(section, target.kind)
    _refuse_idle_keys(section, target.kind)
    jump = section.choice("pickup", _PICKUPS, pickup) == "jump"
    if target.kind is Kind.FADER:
        return Binding(source, target, _scale(section, target.control), jump)
    if target.kind is not Kind.SWITCH:
        return Binding(source, target)
    momentary = section.choice("mode", _MODES, "toggle") == "momentary"
    if momentary and source is not None and source.kind == "program":
        raise section.fail("mode", "a program is never released, so it cannot be momentary; give toggle")
    return Binding(source, target, momentary=momentary, inverted=_inverted(section, momentary))


def _source(section: Section, kind: Kind) -> Source | None:
    text = section.text("source")
    if text == NONE:
        return None
    try:
        source = Source.parse(text)
        source.check(kind)
    except ConfigError as error:
        raise _placed(error, section, "source") from None
    return source


def _placed(error: ConfigError, section: Section, key: str) -> ConfigError:
    """Put the path before an error, once."""
    return error if str(error).startswith(section.where) else section.fail(key, str(error))


def _refuse_idle_keys(section: Section, kind: Kind) -> None:
    """Refuse keys that would say nothing about this kind of target."""
    useful = {Kind.FADER: ("range", "curve", "pickup"), Kind.SWITCH: ("mode", "range")}.get(kind, ())
    for key in ("range", "curve", "mode", "pickup"):
        if key in section.values and key not in useful:
            raise section.fail(key, f"the target is {kind.value}, so this says nothing; leave it out")


def _scale(section: Section, control: Control) -> Scale:
    """Read the values of a knob's positions."""
    usual = list(control.knob)
    ends = section.values.get("range", usual)
    if not isinstance(ends, list) or len(ends) != 2 or ends[0] == ends[1]:
        raise section.fail("range", f"{shown(ends)} is no range; give two different ends, as {usual}")
    place = f"{section.where}.range"
    if control.unit is not Unit.DB:
        if section.choice("curve", _CURVES, "linear") != "linear":
            raise section.fail("curve", f"{control.name} has no dB; leave it out")
        return LinearScale(*(read_share(end, place) for end in ends))
    start, end = (read_db(control, end, place) for end in ends)
    if section.choice("curve", _CURVES, "db") == "linear":
        return LinearScale(to_gain(start), to_gain(end))
    floor = min(control.floor_db, *(end - 1.0 for end in (start, end) if end != OFF))
    return DecibelScale(start, end, floor)


def _inverted(section: Section, momentary: bool) -> bool:
    """Read the range of a switch: [off, on], or [on, off]."""
    ends = section.values.get("range", ["off", "on"])
    if ends not in (["off", "on"], ["on", "off"]):
        raise section.fail("range", f"{shown(ends)} is no range of a switch; give [off, on] or [on, off]")
    if "range" in section.values and not momentary:
        raise section.fail("range", "a toggle has no range; give mode: momentary with it")
    return bool(ends == ["on", "off"])
