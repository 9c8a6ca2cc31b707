"""The theory of music that all players share: time, key, harmony and scales of the song of a segment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training import SAMPLERATE

Random = np.random.Generator
BAR = 16
"""Sixteenths in a bar."""
LOWEST_GUITAR = 40  # E2

QUALITIES: dict[str, tuple[int, ...]] = {
    "major": (0, 4, 7), "minor": (0, 3, 7), "seventh": (0, 4, 7, 10), "minor7": (0, 3, 7, 10), "major7": (0, 4, 7, 11),
    "sus4": (0, 5, 7), "add9": (0, 4, 7, 14), "power": (0, 7, 12), "diminished": (0, 3, 6),
}
# Semitones above the key's root and quality, one entry a bar.
PROGRESSIONS: tuple[tuple[tuple[int, str], ...], ...] = (
    ((0, "major"), (5, "major"), (7, "major"), (5, "major")),
    ((0, "major"), (7, "major"), (9, "minor"), (5, "major")),
    ((0, "major"), (9, "minor"), (5, "major"), (7, "seventh")),
    ((0, "minor"), (10, "major"), (8, "major"), (7, "seventh")),
    ((0, "minor"), (8, "major"), (3, "major"), (10, "major")),
    ((0, "minor"), (10, "major"), (8, "major"), (7, "major")),
    ((0, "minor"), (3, "major"), (5, "major"), (6, "major")),
    ((0, "major"), (10, "major"), (5, "major"), (0, "major")),
    ((0, "power"), (0, "power"), (3, "power"), (5, "power")),
    ((0, "power"), (8, "power"), (10, "power"), (0, "power")),
    ((2, "minor7"), (7, "seventh"), (0, "major7"), (9, "minor7")),
    ((0, "minor7"), (5, "seventh"), (0, "minor7"), (5, "seventh")),
    ((0, "add9"), (5, "sus4"), (9, "minor7"), (7, "sus4")),
    ((0, "seventh"),) * 4 + ((5, "seventh"),) * 2 + ((0, "seventh"),) * 2
    + ((7, "seventh"), (5, "seventh"), (0, "seventh"), (7, "seventh")),
    ((0, "major"), (0, "major"), (5, "major"), (0, "major"), (7, "major"), (5, "major"), (0, "major"), (7, "major")),
    ((0, "minor"), (5, "minor"), (7, "diminished"), (0, "minor")),
    ((0, "minor7"),), ((0, "seventh"),), ((0, "major"), (5, "major")), ((0, "minor"), (5, "minor")),
)
SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11), "mixolydian": (0, 2, 4, 5, 7, 9, 10), "major pentatonic": (0, 2, 4, 7, 9),
    "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10), "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10), "harmonic minor": (0, 2, 3, 5, 7, 8, 11), "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
_MAJOR_SCALES = ("major", "major", "major pentatonic", "mixolydian", "blues")
_MINOR_SCALES = ("minor", "minor", "minor pentatonic", "blues", "dorian", "harmonic minor", "phrygian")


@dataclass(frozen=True)
class Song:
    """Time and harmony of one segment, of four beats a bar.

    Parameters
    ----------
    seconds
        Length of the segment, s.
    beat
        Length of a beat, s.
    swing
        Where the second eighth of a beat falls, 0.5 (straight) to 0.67 (triplets).
    key
        Pitch class of the keynote, 0 to 11.
    minor
        Whether melodies use a minor scale.
    bars
        Root (pitch class) and quality of the chord of each bar, from before the segment's start to after its end.
    offset
        Time of the first bar's start, s; at most zero, so that a segment may begin anywhere in a bar.
    dropped
        Semitones by which the guitars are tuned down.
    """

    seconds: float
    beat: float
    swing: float
    key: int
    minor: bool
    bars: tuple[tuple[int, str], ...]
    offset: float
    dropped: int = 0

    @property
    def frames(self) -> int:
        """Length of the segment in frames."""
        return round(self.seconds * SAMPLERATE)

    @property
    def tempo(self) -> float:
        """Beats a minute."""
        return 60.0 / self.beat

    @property
    def step(self) -> float:
        """Length of a sixteenth, s."""
        return self.beat / 4.0

    @property
    def steps(self) -> int:
        """Sixteenths of all bars."""
        return BAR * len(self.bars)

    @property
    def lowest(self) -> int:
        """MIDI number of the lowest string of a guitar."""
        return LOWEST_GUITAR - self.dropped

    @property
    def keynote(self) -> int:
        """MIDI number of the lowest keynote of a guitar."""
        return self.lowest + (self.key - self.lowest) % 12

    def time(self, bar: int, beat: float) -> float:
        """Time in s of a beat (fractions allowed) of a bar; the two halves of a beat are stretched by the swing."""
        whole = np.floor(beat)
        half = 2.0 * (beat - whole)
        late = half * self.swing if half < 1.0 else self.swing + (half - 1.0) * (1.0 - self.swing)
        return float(self.offset + (4 * bar + whole + late) * self.beat)

    def at(self, position: float) -> float:
        """Time in s of a position in sixteenths from the first bar's start."""
        return self.time(0, position / 4.0)

    def guitar_chord(self, position: float) -> tuple[int, str]:
        """Root on a guitar, MIDI number near the keynote, and quality of the chord at a position in sixteenths."""
        root, quality = self.bars[int(position // BAR) % len(self.bars)]
        interval = (root - self.key) % 12
        low = self.keynote + interval - 12
        return (low if interval > 5 and low >= self.lowest else low + 12), quality

    def transposed(self, semitones: int) -> Song:
        """Return the same song in another key."""
        bars = tuple(((root + semitones) % 12, quality) for root, quality in self.bars)
        return replace(self, key=(self.key + semitones) % 12, bars=bars)


def random_song(rng: Random, seconds: float) -> Song:
    """Invent a tempo, a key and a progression that cover a segment of `seconds`."""
    beat = 60.0 / float(np.exp(rng.uniform(np.log(65.0), np.log(195.0))))
    pattern, key = PROGRESSIONS[rng.integers(len(PROGRESSIONS))], int(rng.integers(12))
    each = int(rng.choice([1, 1, 2])) if len(pattern) < 8 else 1
    count, first = int(np.ceil(seconds / (4 * beat))) + 2, int(rng.integers(len(pattern)))
    chosen = [pattern[(first + index // each) % len(pattern)] for index in range(count)]
    bars = tuple(((key + root) % 12, quality) for root, quality in chosen)
    minor = "minor" in pattern[0][1] or (pattern[0][1] == "power" and rng.random() < 0.7)
    swing = float(rng.uniform(0.58, 0.68)) if rng.random() < 0.25 else 0.5
    dropped = int(rng.integers(1, 6)) if rng.random() < 0.12 else 0
    return Song(seconds, beat, swing, key, minor, bars, -float(rng.uniform(0.0, 4 * beat)), dropped)


def scale(song: Song, rng: Random) -> tuple[int, ...]:
    """Pick a scale that fits the song's mode, as semitones above its key."""
    names = _MINOR_SCALES if song.minor else _MAJOR_SCALES
    return SCALES[names[rng.integers(len(names))]]


def ladder(key: int, steps: tuple[int, ...], low: float, high: float) -> list[float]:
    """All pitches of a scale from `low` to `high`, MIDI numbers."""
    return [float(pitch) for pitch in range(int(np.ceil(low)), int(high) + 1) if (pitch - key) % 12 in steps]


def near(pitch_class: float, centre: float) -> float:
    """Return the pitch of a class (0 to 11) that is nearest to `centre`."""
    return float(pitch_class + 12 * round((centre - pitch_class) / 12))
