"""THE table of the live controls: one row a control.

Shared memory, limits, presets, MIDI targets, options of the command line and the table in `docs/live.md` are made from
it. A new control is one row here, and its effect on the sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a control is moved."""

    FADER = "a value in a range"
    SWITCH = "on or off"
    CHOICE = "one of several"
    BUTTON = "something that happens"


class Unit(Enum):
    """What people write for a fader; in Python and in memory its value is linear."""

    DB = "dB, or off"
    SHARE = "0 to 1"


@dataclass(frozen=True)
class Control:
    """One row.

    Parameters
    ----------
    name
        Attribute, key of presets, MIDI target, and option with dashes.
    kind
        How it is moved. Faders and switches are values that presets keep; a choice is the index of what is chosen,
        which is kept in memory where `default` is one, and else worked out from other controls; a button keeps nothing.
    help
        What it does, for people.
    per_stem
        Whether every stem has one. For choices and buttons: of what the item is, `STEM` or `NAME`, in `item`.
    unit
        Of a fader.
    highest
        Highest linear value of a fader; the lowest is 0.
    limits_db
        Lowest and highest gain that people may write, besides `off`.
    default
        Linear value at rest; None where nothing is kept.
    knob
        What stands at both ends of a knob where a mapping says nothing, as people write it.
    floor_db
        Where a knob's line of dB ends, right beside `off`.
    item
        What a choice is made from: `STEM` or `NAME`, of a preset.
    """

    name: str
    kind: Kind
    help: str
    per_stem: bool = False
    unit: Unit = Unit.SHARE
    highest: float = 1.0
    limits_db: tuple[float, float] = (0.0, 0.0)
    default: float | None = 0.0
    knob: tuple[float | str, float | str] = (0.0, 1.0)
    floor_db: float = 0.0
    item: str = ""

    @property
    def is_value(self) -> bool:
        """Whether presets and options set it: a fader or a switch."""
        return self.kind in (Kind.FADER, Kind.SWITCH)

    @property
    def forms(self) -> str:
        """How people write it as a target: `level STEM`, or `stem, stem STEM`."""
        if self.per_stem:
            return f"{self.name} STEM"
        return f"{self.name}, {self.name} {self.item}" if self.item else self.name

    @property
    def field(self) -> str:
        """Name in shared memory: in the plural where there is one a stem."""
        return f"{self.name}s" if self.per_stem else self.name

    def within(self, value: float) -> float:
        """Bring a value into range: a writer's mistake must not end the music."""
        return min(max(0.0, value), self.highest)  # in this order NaN becomes 0


CONTROLS = (
    Control("mask_gain", Kind.FADER, "how hard the mask pulls: 0 dB is the model's own mask, more suppresses the other "
            "stems more, off lets everything through", unit=Unit.DB, highest=1000.0, limits_db=(-80.0, 60.0),
            default=1.0, knob=("off", 40.0), floor_db=-40.0),
    Control("wet", Kind.FADER, "0 is the untouched mixture, as late as the stems, 1 the separated sound", default=1.0),
    Control("bypass", Kind.SWITCH, "the untouched mixture, whatever the other controls say"),
    Control("level", Kind.FADER, "level of a stem, 0 dB is unchanged", per_stem=True, unit=Unit.DB, highest=4.0,
            limits_db=(-80.0, 12.0), default=1.0, knob=("off", 0.0), floor_db=-60.0),
    Control("mute", Kind.SWITCH, "silence for a stem", per_stem=True),
    Control("solo", Kind.SWITCH, "silence for all stems that are not soloed", per_stem=True),
    Control("stem", Kind.CHOICE, "the stem that is heard alone", default=None, item="STEM"),
    Control("preset", Kind.CHOICE, "the preset that was called last", default=-1.0, item="NAME"),
    Control("reset", Kind.BUTTON, "all controls as they were at the start", default=None),
)

Table = tuple[Control, ...]


def control_of(name: str, table: Iterable[Control] = CONTROLS) -> Control | None:
    """Row of a name; None where there is none."""
    return next((control for control in table if control.name == name), None)


def values(table: Iterable[Control] = CONTROLS) -> Iterator[Control]:
    """Rows that presets and options set."""
    return (control for control in table if control.is_value)


def document(table: Iterable[Control] = CONTROLS) -> str:
    """Table of all controls in Markdown, as it stands in `docs/live.md`."""
    rows = [f"| `{control.forms}` | {_unit(control)} | {_rest(control)} | {control.help} |" for control in table]
    return "\n".join(["| control | value | at rest | what it does |", "|---|---|---|---|", *rows])


def _unit(control: Control) -> str:
    if control.kind is Kind.FADER and control.unit is Unit.DB:
        lowest, highest = control.limits_db
        return f"{lowest:g} to {highest:g} dB, or off"
    return control.unit.value if control.kind is Kind.FADER else control.kind.value


def _rest(control: Control) -> str:
    if control.kind is Kind.SWITCH:
        return "off"
    if control.kind is not Kind.FADER or control.default is None:
        return ""
    return f"{0:g} dB" if control.unit is Unit.DB else f"{control.default:g}"
