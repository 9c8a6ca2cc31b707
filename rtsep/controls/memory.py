"""The controls in memory that processes share: the table's rows as fields of a C structure.

A number is replaced whole, so a reader sees the old or the new value and no side ever waits for the other. A control
may have several writers, such as a MIDI process beside the interface: the last value written holds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rtsep.controls.controls import Controls, Values
from rtsep.controls.table import CONTROLS, Kind, Table, values

MAX_STEMS = 16


def control_fields(table: Table) -> list[tuple[str, Any]]:
    """Fields of a structure: one a control that keeps something, an array where every stem has one."""
    fields = []
    for control in table:
        number = ctypes.c_double if control.kind is Kind.FADER else ctypes.c_int64
        if control.default is not None:
            fields.append((control.field, number * MAX_STEMS if control.per_stem else number))
    return fields


class ControlMemory(ctypes.Structure):
    """All controls, as numbers; `levels[1]` is the level of the second stem.

    What is written out of range is read as the nearest end.
    """

    table: ClassVar[Table] = CONTROLS
    _fields_ = control_fields(CONTROLS)

    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def rest(self) -> None:
        """Set all controls to where they are at rest."""
        for control in self.table:
            if control.default is None:
                continue
            rest = control.default if control.kind is Kind.FADER else int(control.default)
            if control.per_stem:
                getattr(self, control.field)[:] = [rest] * MAX_STEMS
            else:
                setattr(self, control.field, rest)

    def get(self, name: str, stem: int = 0) -> float:
        """Value of a control; of the stem with this index where every stem has one."""
        control = self._row(name)
        value = getattr(self, control.field)
        return float(value[stem] if control.per_stem else value)

    def set(self, name: str, value: float, stem: int = 0) -> None:
        """Set a control; of the stem with this index where every stem has one."""
        control = self._row(name)
        number = value if control.kind is Kind.FADER else int(value)
        if control.per_stem:
            getattr(self, control.field)[stem] = number
        else:
            setattr(self, control.field, number)

    def snapshot(self, stems: Sequence[str]) -> Values:
        """Return all faders and switches as they are now; `stems` are those that are played, in their order."""
        return {control.name: {stem: self.get(control.name, index) for index, stem in enumerate(stems)}
                if control.per_stem else self.get(control.name) for control in values(self.table)}

    def put(self, settings: Values, stems: Sequence[str]) -> None:
        """Set some controls; stems that are not played are passed over."""
        for name, value in settings.items():
            if not isinstance(value, Mapping):
                self.set(name, value)
                continue
            for index, stem in enumerate(stems):
                if stem in value:
                    self.set(name, value[stem], index)

    def take_controls(self, controls: Controls, stems: Sequence[str]) -> None:
        """Copy the values into controls, those of the stems in the order of `stems`."""
        for control in values(self.table):
            if control.per_stem:
                for index, stem in enumerate(stems):
                    controls.set(control.name, control.within(self.get(control.name, index)), stem)
            else:
                controls.set(control.name, control.within(self.get(control.name)))

    def controls_state(self) -> bytes:
        """Return all controls as they lie in memory: equal where none was moved."""
        return bytes(memoryview(self).cast("B")[:self._control_bytes()])

    @classmethod
    def _control_bytes(cls) -> int:
        """Count the bytes of the controls; they come first."""
        last = getattr(cls, control_fields(cls.table)[-1][0])
        return int(last.offset + last.size)

    def _row(self, name: str) -> Any:
        return next(control for control in self.table if control.name == name)
