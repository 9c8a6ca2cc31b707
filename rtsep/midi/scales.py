"""Between what a controller sends, the position of a knob from 0 to 1, and the value of a control."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.dsp.decibels import OFF, to_db, to_gain

TOP_7_BIT = 127
TOP_14_BIT = 16383


def to_position(value: int, top: int) -> float:
    """Position of a value from 0 to `top`, with 64 (8192 in 14 bit) exactly in the middle, as MIDI has it.

    Both ends are reached: 0 is 0 and `top` is 1.
    """
    centre = (top + 1) // 2
    return 0.5 * value / centre if value <= centre else 0.5 + 0.5 * (value - centre) / (top - centre)


def from_position(position: float, top: int) -> int:
    """Nearest value from 0 to `top` of a position from 0 to 1."""
    centre = (top + 1) // 2
    if position <= 0.5:
        return round(2.0 * position * centre)
    return centre + round(2.0 * (position - 0.5) * (top - centre))


@dataclass(frozen=True)
class LinearScale:
    """Values in a straight line.

    Parameters
    ----------
    start, end
        Values at position 0 and 1; the start may be the higher one.
    """

    start: float
    end: float

    def value(self, position: float) -> float:
        """Value at a position from 0 to 1."""
        return self.start + position * (self.end - self.start)

    def position(self, value: float) -> float:
        """Position of a value; the nearer end for values outside."""
        return min(max((value - self.start) / (self.end - self.start), 0.0), 1.0)


@dataclass(frozen=True)
class DecibelScale:
    """Gains that go by equal steps of dB.

    Parameters
    ----------
    start_db, end_db
        Gains at position 0 and 1; `OFF` is a gain of 0 there, and `floor_db` right beside it.
    floor_db
        Where the line of dB goes to at an end that is `OFF`.
    """

    start_db: float
    end_db: float
    floor_db: float

    def value(self, position: float) -> float:
        """Linear gain at a position from 0 to 1."""
        if (position <= 0.0 and self.start_db == OFF) or (position >= 1.0 and self.end_db == OFF):
            return 0.0
        return to_gain(self._line.value(position))

    def position(self, gain: float) -> float:
        """Position of a linear gain; the nearer end for gains outside."""
        return self._line.position(to_db(gain))

    @property
    def _line(self) -> LinearScale:
        return LinearScale(max(self.start_db, self.floor_db), max(self.end_db, self.floor_db))


Scale = LinearScale | DecibelScale

