"""What a controller can move: the names that stand in a mapping, which are those of the table of controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rtsep.controls.shown import one_form, shown
from rtsep.controls.table import CONTROLS, Control, Kind, Table, control_of
from rtsep.errors import ConfigError


@dataclass(frozen=True)
class Target:
    """A control, and the stem or preset that it is about.

    Parameters
    ----------
    name
        Of a row of `rtsep.controls.table`.
    item
        Stem of a control that every stem has; stem or preset that is chosen; None where the target is about none,
        or where the message itself chooses.
    table
        Rows of the controls.
    """

    name: str
    item: str | None = None
    table: Table = field(default=CONTROLS, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, table: Table = CONTROLS) -> Target:
        """Read a target as it stands in a mapping.

        Raises
        ------
        ConfigError
            When there is no such target.
        """
        name, _, item = " ".join(one_form(text).split()).partition(" ")
        control = control_of(name, table)
        if control is None or (item and not control.per_stem and not control.item):
            raise ConfigError(f"no target {shown(text)}; there are: {', '.join(row.forms for row in table)}")
        if control.per_stem and not item:
            raise ConfigError(f"{shown(text)} does not say which stem; give {control.forms}")
        return cls(name, item or None, table)

    @property
    def control(self) -> Control:
        """Its row."""
        control = control_of(self.name, self.table)
        assert control is not None
        return control

    @property
    def kind(self) -> Kind:
        """How it is moved: a choice whose item is named is a button."""
        chooses = self.control.kind is Kind.CHOICE
        return Kind.BUTTON if chooses and self.item is not None else self.control.kind

    def __str__(self) -> str:
        return self.name if self.item is None else f"{self.name} {self.item}"


def targets_of(stems: Sequence[str], table: Table = CONTROLS) -> Iterator[Target]:
    """Yield all faders and switches of a run with these stems, in the order of the table."""
    for control in table:
        items: Sequence[str | None] = stems if control.per_stem else (None,)
        if control.is_value:
            yield from (Target(control.name, item, table) for item in items)
