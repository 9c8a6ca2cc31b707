"""What a musician can change while the music plays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from rtsep.controls.table import CONTROLS, Control, Kind, Table, values
from rtsep.errors import ConfigError

Values = Mapping[str, float | Mapping[str, float]]
"""Linear values of controls by name, and by stem where every stem has one; 0 or 1 for switches."""


class Controls:
    """Live controls; setting one is thread-safe, the sound follows without a click.

    Every fader and switch of `rtsep.controls.table` that is not a stem's own is an attribute: `mask_gain`, `wet`,
    `bypass`. Those of a stem have methods. Values are linear here: `mask_gain = 2.0` is +6 dB.

    Each value is a single number that is replaced whole, so a reader on the audio thread sees the old
    or the new one. The sound reaches a new value on a smooth ramp.

    Parameters
    ----------
    stems
        Names that have a level.
    table
        Rows of the controls.

    Attributes
    ----------
    revision
        Another object whenever a control was set: who keeps the last one sees whether there is anything to follow.
    """

    revision: object

    def __init__(self, stems: Iterable[str], table: Table = CONTROLS) -> None:
        rows = {control.name: control for control in values(table)}
        self.__dict__.update(stems=tuple(stems), revision=object(), _rows=rows, _values={})
        for control in rows.values():
            assert control.default is not None
            self._values[control.name] = dict.fromkeys(self.stems, control.default) if control.per_stem else {
                None: control.default}

    def __copy__(self) -> Controls:
        """Return controls of their own."""
        return deepcopy(self)

    def __repr__(self) -> str:
        """Write what is not at rest, in linear values."""
        moved = [f"{name}{'' if stem is None else f' {stem}'} {value:g}" for name, of_stems in self._values.items()
                 for stem, value in of_stems.items() if value != self._rows[name].default]
        return f"<Controls of {', '.join(self.stems)}: {', '.join(moved) or 'at rest'}>"

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name, row in self._rows.items() if not row.per_stem)})

    def __getattr__(self, name: str) -> Any:
        control = self.__dict__.get("_rows", {}).get(name)
        if control is None or control.per_stem:
            raise AttributeError(f"no control {name!r}; there are: {', '.join(self.__dict__.get('_rows', ()))}")
        value = self._values[name][None]
        return bool(value) if control.kind is Kind.SWITCH else value

    def __setattr__(self, name: str, value: float) -> None:
        if name not in self._rows or self._rows[name].per_stem:
            raise AttributeError(f"no control {name!r}; there are: {', '.join(self._rows)}")
        self.set(name, value)

    def get(self, name: str, stem: str | None = None) -> float:
        """Linear value of a control, 0 or 1 of a switch; of a stem where every stem has one."""
        return float(self._values[name][stem])

    def set(self, name: str, value: float, stem: str | None = None) -> None:
        """Set a control.

        Raises
        ------
        ConfigError
            When there is no such control or stem, or the value is out of range.
        """
        control = self._rows.get(name)
        if control is None:
            raise ConfigError(f"no control {name!r}; there are: {', '.join(self._rows)}")
        if stem not in self._values[name]:
            raise ConfigError(f"no stem {stem!r}: {name} exists for {', '.join(map(str, self._values[name]))}")
        self._values[name][stem] = _checked(control, value, name if stem is None else f"{name} of {stem}")
        self.__dict__["revision"] = object()

    def put(self, settings: Values, strict: bool = False) -> None:
        """Set several controls; stems that are not here are passed over, or refused where it is strict; see `set`."""
        for name, value in settings.items():
            if isinstance(value, Mapping):
                for stem in value:
                    if strict or stem in self.stems:
                        self.set(name, value[stem], stem)
            else:
                self.set(name, value)

    def level(self, stem: str) -> float:
        """Linear level of a stem."""
        return self.get("level", stem)

    def set_level(self, stem: str, value: float) -> None:
        """Set the linear level of a stem, 0 to 4; ConfigError where it is unknown, or the value out of range."""
        self.set("level", value, stem)

    def muted(self, stem: str) -> bool:
        """Whether a stem is muted."""
        return bool(self.get("mute", stem))

    def set_mute(self, stem: str, on: bool) -> None:
        """Mute a stem, or let it sound again; ConfigError where it is unknown."""
        self.set("mute", on, stem)

    def soloed(self, stem: str) -> bool:
        """Whether a stem is soloed."""
        return bool(self.get("solo", stem))

    def set_solo(self, stem: str, on: bool) -> None:
        """Solo a stem, or end that; ConfigError where it is unknown."""
        self.set("solo", on, stem)

    def gain(self, stem: str) -> float:
        """Linear gain at which a stem is heard.

        That is its level; 0 where it is muted, soloed or not, and where others are soloed and it is not.
        """
        soloed = any(self._values["solo"].values()) and not self.soloed(stem)
        return 0.0 if self.muted(stem) or soloed else self.level(stem)


def _checked(control: Control, value: float, name: str) -> float:
    if isinstance(value, str) or not 0.0 <= value <= control.highest:  # also refuses NaN
        raise ConfigError(f"{name} is {value}: give a number from 0 to {control.highest:g}")
    return float(value)
