"""What a user of the mixer is at: which row is chosen, which list is open, what is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from rtsep.controls.targets import Target
from rtsep.surface.surface import Surface

LISTED = 9
"""Names of a list that are shown at once: one a digit."""


class Page(Enum):
    """What is shown in place of the notices."""

    NOTICES = "notices"
    HELP = "keys"
    PRESETS = "presets"
    MODELS = "models"
    NAME = "save these controls as a preset"


@dataclass
class MixerState:
    """State of the mixer itself; what is heard is the surface's.

    Parameters
    ----------
    chosen
        Index of the chosen row, see `rows_of`.
    page
        What is open.
    listed
        Names that the page offers.
    first
        Place of the one that the digit 1 chooses; `LISTED` of them are shown.
    help_page, help_goes_on
        Page of the keys that is shown, and whether there is another one behind it.
    typed
        Name of a preset that is being typed.
    solo_next
        Whether the next digit is a solo: `s` was pressed.
    loop_from_s
        Second of the file where a loop is to begin; None where none was begun.
    clips
        Time at which each meter that has reached full scale did so last, by its name, in seconds.
    """

    chosen: int = 0
    page: Page = Page.NOTICES
    listed: Sequence[str] = ()
    first: int = 0
    help_page: int = 0
    help_goes_on: bool = False
    typed: str = ""
    solo_next: bool = False
    loop_from_s: float | None = None
    clips: dict[str, float] = field(default_factory=dict)


def rows_of(surface: Surface) -> list[Target | None]:
    """Rows that can be chosen: levels of the stems, faders of the whole, and None for the place in a file."""
    faders = [target for target in surface.targets() if target.name in ("level", "mask_gain", "wet")]
    faders.sort(key=lambda target: target.item is None)  # the stems first
    return [*faders, *([None] if surface.file.position_s is not None else [])]
