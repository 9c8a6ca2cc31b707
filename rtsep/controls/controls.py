"""What a musician can change while the music plays."""

from __future__ import annotations

from collections.abc import Iterable

from rtsep.errors import ConfigError

HIGHEST_MASK_GAIN = 1000.0
HIGHEST_LEVEL = 4.0


class Controls:
    """Live controls; setting one is thread-safe, the sound follows without a click.

    Each value is a single number that is replaced whole, so a reader on the audio thread sees the old
    or the new one. The sound reaches a new value on a smooth ramp.

    Parameters
    ----------
    stems
        Names that have a level.

    Attributes
    ----------
    change
        A new object whenever a control was set: who keeps the last one sees whether there is anything to follow.
    """

    def __init__(self, stems: Iterable[str]) -> None:
        self._mask_gain = 1.0
        self._levels = dict.fromkeys(stems, 1.0)
        self._mutes = dict.fromkeys(self._levels, False)
        self._solos = dict.fromkeys(self._levels, False)
        self._wet = 1.0
        self._bypass = False
        self.change = object()

    @property
    def mask_gain(self) -> float:
        """Gain of the background in the mask: 0 lets everything through, 1 is the paper's mask."""
        return self._mask_gain

    @mask_gain.setter
    def mask_gain(self, value: float) -> None:
        self._mask_gain = _checked("mask_gain", value, HIGHEST_MASK_GAIN)
        self.change = object()

    @property
    def wet(self) -> float:
        """0 plays the delayed mixture, 1 the separated sound."""
        return self._wet

    @wet.setter
    def wet(self, value: float) -> None:
        self._wet = _checked("wet", value, 1.0)
        self.change = object()

    @property
    def bypass(self) -> bool:
        """True plays the delayed mixture, whatever the other controls say."""
        return self._bypass

    @bypass.setter
    def bypass(self, on: bool) -> None:
        self._bypass = on
        self.change = object()

    def level(self, stem: str) -> float:
        """Linear level of a stem."""
        return self._levels[stem]

    def set_level(self, stem: str, value: float) -> None:
        """Set the linear level of a stem, 0 to 4.

        Raises
        ------
        ConfigError
            When the stem is unknown or the value out of range.
        """
        self._check(stem)
        self._levels[stem] = _checked(f"level of {stem}", value, HIGHEST_LEVEL)
        self.change = object()

    def muted(self, stem: str) -> bool:
        """Whether a stem is muted."""
        return self._mutes[stem]

    def set_mute(self, stem: str, on: bool) -> None:
        """Mute a stem, or let it sound again; ConfigError where it is unknown."""
        self._check(stem)
        self._mutes[stem] = on
        self.change = object()

    def soloed(self, stem: str) -> bool:
        """Whether a stem is soloed."""
        return self._solos[stem]

    def set_solo(self, stem: str, on: bool) -> None:
        """Solo a stem, or end that; ConfigError where it is unknown."""
        self._check(stem)
        self._solos[stem] = on
        self.change = object()

    def gain(self, stem: str) -> float:
        """Linear gain at which a stem is heard.

        That is its level; 0 where it is muted, soloed or not, and where others are soloed and it is not.
        """
        unheard = self._mutes[stem] or (any(self._solos.values()) and not self._solos[stem])
        return 0.0 if unheard else self._levels[stem]

    def _check(self, stem: str) -> None:
        if stem not in self._levels:
            raise ConfigError(f"no stem {stem!r}: levels exist for {', '.join(self._levels)}")


def _checked(name: str, value: float, highest: float) -> float:
    if not 0.0 <= value <= highest:  # also refuses NaN
        raise ConfigError(f"{name} is {value}: give a number from 0 to {highest:g}")
    return float(value)
