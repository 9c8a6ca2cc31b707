"""What a musician can change while the music plays."""

from __future__ import annotations

from collections.abc import Iterable

from rtsep.errors import ConfigError


class Controls:
    """Live controls; setting one is thread-safe, the sound follows without a click.

    Each value is a single number that is replaced whole, so a reader on the audio thread sees the old
    or the new one. The mask gain is cross-faded by the overlap-add, the others by the mixer's ramps.

    Parameters
    ----------
    stems
        Names that have a level.
    """

    def __init__(self, stems: Iterable[str]) -> None:
        self._mask_gain = 1.0
        self._levels = dict.fromkeys(stems, 1.0)
        self._wet = 1.0
        self.bypass = False

    @property
    def mask_gain(self) -> float:
        """Gain of the background in the mask: 0 lets everything through, 1 is the paper's mask."""
        return self._mask_gain

    @mask_gain.setter
    def mask_gain(self, value: float) -> None:
        self._mask_gain = _checked("mask_gain", value, 1000.0)

    @property
    def wet(self) -> float:
        """0 plays the delayed mixture, 1 the separated sound."""
        return self._wet

    @wet.setter
    def wet(self, value: float) -> None:
        self._wet = _checked("wet", value, 1.0)

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
        if stem not in self._levels:
            raise ConfigError(f"no stem {stem!r}: levels exist for {', '.join(self._levels)}")
        self._levels[stem] = _checked(f"level of {stem}", value, 4.0)


def _checked(name: str, value: float, highest: float) -> float:
    if not 0.0 <= value <= highest:  # also refuses NaN
        raise ConfigError(f"{name} is {value}: give a number from 0 to {highest:g}")
    return float(value)
