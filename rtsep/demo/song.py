"""The demo: a twenty-second rock song that the program plays itself, every stem known exactly.

Four bars of verse (a palm-muted riff in A minor), four of chorus (F C G Am, double-tracked power
chords under a lead melody), a last chord. Electric guitar, drums, and bass with electric piano.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtsep.demo import drumkit
from rtsep.demo.synth import Sound, amplifier, bass_amplifier, convolved, electric_piano, mixed, pluck, room
from rtsep.types import Audio

Note = tuple[float, float, float]
"""A melody note: first beat, length in beats, MIDI number."""

TEMPO = 112.0  # beats per minute
BARS = 8
SECONDS = 20.0
PEAK = 10.0 ** (-3.0 / 20.0)
SEED = 1959

VELOCITIES = {"X": 1.0, "x": 0.72, "g": 0.28}
KIT: dict[str, tuple[drumkit.Hit, float, float]] = {  # hit, level, place from left (-1) to right (1)
    "kick": (drumkit.kick, 1.0, 0.0), "snare": (drumkit.snare, 0.95, 0.05), "hat": (drumkit.closed_hat, 0.42, 0.4),
    "open": (drumkit.open_hat, 0.4, 0.4), "crash": (drumkit.crash, 0.75, -0.5), "high": (drumkit.tom(165.0), 0.8, 0.3),
    "mid": (drumkit.tom(122.0), 0.85, -0.05), "floor": (drumkit.tom(84.0), 0.95, -0.45),
}
# one character is a sixteenth; kick and snare speak to each other, ghost notes in between
VERSE = {"kick": "X..x..x...X.....", "snare": "....X..g.g..X..g", "hat": "X.x.X.x.X.x.X.x."}
VERSE_OPEN = {"kick": "X..x..x...X...x.", "snare": "....X..g.g..X...", "hat": "X.x.X.x.X.x.X...",
              "open": "..............x."}
VERSE_FILL = {"kick": "X..x..x.........", "snare": "....X...XgxX....", "hat": "X.x.X.x.",
              "high": "............Xx..", "floor": "..............XX"}
CHORUS_CRASH = {"kick": "X.....x.X.x.....", "snare": "....X.......X...", "open": "....x.x.x.x.x.x.",
                "crash": "X..............."}
CHORUS = {"kick": "X.....x.X.x...x.", "snare": "....X.......X...", "open": "X.x.x.x.x.x.x.x."}
CHORUS_FILL = {"kick": "X.....x.X...X...", "snare": "....X.xxX.......", "open": "x.x.x...",
               "high": ".........xX.....", "mid": "...........xXx..", "floor": "..............XX"}
FINAL = {"kick": "X", "snare": "X", "crash": "X"}
DRUMS = (VERSE, VERSE_OPEN, VERSE, VERSE_FILL, CHORUS_CRASH, CHORUS, CHORUS_CRASH, CHORUS_FILL, FINAL)

# eighth by eighth: a MIDI number, "m" behind it for a palm-muted note, "5" behind it for a power chord
RIFFS = (
    "45m 45m 48 45m 50 45m 51 50", "45m 45m 48 45m 43 45m 45_5 .", "41_5 . 41m 41_5 . 41m 41_5 41m",
    "43_5 . 43m 43_5 . 43m 46 47",
)
CHORDS = ("Am", "Am", "F", "G", "F", "C", "G", "Am")
ROOTS = {"Am": 45, "F": 41, "C": 48, "G": 43}
VOICINGS = {"Am": (57, 60, 64, 67), "F": (57, 60, 64, 65), "C": (55, 60, 64, 67), "G": (55, 59, 62, 69)}
STRUMS = ((0.0, 1.45), (1.5, 0.45), (2.0, 0.95), (3.0, 0.45), (3.5, 0.45))
MELODY: tuple[Note, ...] = (
    (16, 1.5, 69), (17.5, 0.5, 72), (18, 1, 69), (19, 1, 67), (20, 1.5, 67), (21.5, 0.5, 64), (22, 1, 67), (23, 1, 72),
    (24, 1.5, 74), (25.5, 0.5, 71), (26, 1, 67), (27, 0.5, 69), (27.5, 0.5, 71), (28, 1.0, 72), (29, 0.5, 71),
    (29.5, 2.3, 69), (32, 4.0, 76),
)


@dataclass(frozen=True)
class _Band:
    """What the players share: sample rate, time and chance."""

    samplerate: int
    rng: np.random.Generator

    @property
    def frames(self) -> int:
        return round(SECONDS * self.samplerate)

    def at(self, beat: float, loose_ms: float = 4.0) -> int:
        """Frame of a beat as a person plays it: off-beats a little late, every note a little off."""
        swing = 0.03 if beat % 1.0 == 0.5 else 0.0
        loose_s = min(0.012, max(-0.012, self.rng.normal(0.0, loose_ms / 1000.0)))
        return round(((beat + swing) * 60.0 / TEMPO + 0.06 + loose_s) * self.samplerate)

    def lasting(self, beats: float) -> float:
        """Seconds of a number of beats."""
        return beats * 60.0 / TEMPO


def demo_song(samplerate: int = 44100) -> dict[str, Audio]:
    """Play the demo song.

    Parameters
    ----------
    samplerate
        In Hz.

    Returns
    -------
    stems
        `drums`, `guitar` and `other`, each float32 (2, frames), 20 s long and the same at every call.
        Their sum is the song and peaks at -3 dB.
    """
    stems = {"drums": _levelled(_drums(samplerate), 0.0), "guitar": _levelled(_guitars(samplerate), 1.5),
             "other": _levelled(_bass_and_piano(samplerate), -1.5)}
    fade = np.clip((SECONDS - np.arange(stems["drums"].shape[1]) / samplerate) / 0.8, 0.0, 1.0)
    scale = PEAK / np.abs(sum(stems.values()) * fade).max()
    return {name: (stem * fade * scale).astype(np.float32) for name, stem in stems.items()}


def _drums(samplerate: int) -> Sound:
    band = _Band(samplerate, np.random.default_rng(SEED))
    hits: dict[str, list[tuple[int, float, Sound]]] = {name: [] for name in KIT}
    for bar, pattern in enumerate(DRUMS):
        for name, steps in pattern.items():
            for step, mark in enumerate(steps):
                if mark != ".":
                    velocity = VELOCITIES[mark] * band.rng.uniform(0.88, 1.06)
                    sound = KIT[name][0](samplerate, band.rng, velocity)
                    hits[name].append((band.at(4 * bar + step / 4, 3.0), KIT[name][1], sound))
    dry = sum(_panned(mixed(played, band.frames), KIT[name][2]) for name, played in hits.items())
    return np.asarray(np.tanh(1.1 * _in_room(np.asarray(dry), band, 0.13, 0.4)))


def _guitars(samplerate: int) -> Sound:
    rhythm = [_rhythm_take(_Band(samplerate, np.random.default_rng(SEED + take))) for take in (1, 2)]
    band = _Band(samplerate, np.random.default_rng(SEED + 3))
    lead = mixed([(band.at(beat), 1.0, _sung(band, beats, note)) for beat, beats, note in MELODY], band.frames)
    sides = [amplifier(take, samplerate, 20.0) for take in rhythm]
    center = 0.8 * amplifier(lead, samplerate, 24.0)
    stereo = _panned(sides[0], -0.75) + _panned(sides[1], 0.75) + _panned(center, 0.0)
    return _in_room(stereo, band, 0.14, 0.16)


def _sung(band: _Band, beats: float, note: float) -> Sound:
    """Pluck a note of the lead melody: the long ones are bent up to, and get vibrato."""
    return pluck(note, band.lasting(beats), band.samplerate, band.rng, decay_s=4.0, damp_hz=2500.0,
                 bend=2.0 if beats == 1.5 else 0.0, vibrato=0.25)


def _rhythm_take(band: _Band) -> Sound:
    """Play the rhythm part once: riff in the verse, power chords in the chorus, the last chord."""
    played: list[tuple[int, float, Sound]] = []
    for bar, riff in enumerate(RIFFS):
        for eighth, word in enumerate(riff.split()):
            if word != ".":
                beat = 4 * bar + eighth / 2
                held = 1.0 if word.endswith("_5") and eighth < 7 else 0.5
                played += _struck(band, beat, held, word)
    for bar, chord in enumerate(CHORDS[4:], start=4):
        for beat, beats in STRUMS:
            played += _struck(band, 4 * bar + beat, beats, f"{ROOTS[chord]}_5")
    played += _struck(band, 4 * BARS, 5.0, "45_5")
    return mixed(played, band.frames)


def _struck(band: _Band, beat: float, beats: float, word: str) -> list[tuple[int, float, Sound]]:
    """Read one word of a riff and pick its strings, the low one first."""
    muted = word.endswith("m")
    root = float(word.rstrip("m").removesuffix("_5"))
    notes = (root, root + 7, root + 12) if word.endswith("_5") else (root,)
    tone = {"bright_hz": 1400.0, "decay_s": 0.09, "damp_hz": 900.0} if muted else {}
    start = band.at(beat)
    detuned = band.rng.normal(0.0, 0.04, len(notes))
    return [(start + round(0.007 * string * band.samplerate), band.rng.uniform(0.5, 0.65),
             pluck(note + off, band.lasting(0.97 * beats), band.samplerate, band.rng, **tone))
            for string, (note, off) in enumerate(zip(notes, detuned, strict=True))]


def _bass_and_piano(samplerate: int) -> Sound:
    band = _Band(samplerate, np.random.default_rng(SEED + 4))
    bass = bass_amplifier(mixed(_bass_line(band), band.frames), samplerate)
    hands = [mixed(_piano_part(band, hand), band.frames) for hand in (0, 1)]
    piano = _panned(hands[0], -0.35) + _panned(hands[1], 0.35)
    return _panned(0.9 * bass, 0.0) + _in_room(0.22 * piano, band, 0.3, 0.25)


def _bass_line(band: _Band) -> list[tuple[int, float, Sound]]:
    """Eighths on the root, the octave and fifth for colour, one long note at the end."""
    verse, chorus = (0, None, 0, 0, 7, 0, None, 12), (0, 0, 0, 0, 0, 0, 7, 12)
    line = [(4.0 * BARS, 5.0, 33)]
    for bar, chord in enumerate(CHORDS):
        for eighth, interval in enumerate(verse if bar < 4 else chorus):
            if interval is not None:
                line.append((4 * bar + eighth / 2, 0.48, ROOTS[chord] - 12 + interval))
    return [(band.at(beat), band.rng.uniform(0.75, 1.0),
             pluck(note, band.lasting(beats), band.samplerate, band.rng, bright_hz=900.0, damp_hz=700.0))
            for beat, beats, note in line]


def _piano_part(band: _Band, hand: int) -> list[tuple[int, float, Sound]]:
    """Off-beat stabs in the verse, held chords in the chorus; each hand plays two notes."""
    played = []
    for bar, chord in enumerate((*CHORDS, "Am")):
        rhythm = ((0.5, 0.6), (2.5, 1.2)) if bar < 4 else ((0.0, 3.9),)
        for beat, beats in rhythm:
            for note in VOICINGS[chord][2 * hand:2 * hand + 2]:
                sound = electric_piano(note, band.lasting(beats), band.samplerate, band.rng.uniform(0.6, 0.9))
                played.append((band.at(4 * bar + beat, 6.0), 1.0, sound))
    return played


def _panned(sound: Sound, place: float) -> Sound:
    """Constant-power panning of a mono sound, -1 left to 1 right; shape (2, frames)."""
    angle = (place + 1.0) * np.pi / 4.0
    return np.stack([np.cos(angle) * sound, np.sin(angle) * sound])


def _in_room(stereo: Sound, band: _Band, decay_s: float, wet: float) -> Sound:
    """Add the reflections of a room, different ones at each ear."""
    reflections = [convolved(side, room(band.samplerate, band.rng, decay_s)) for side in stereo]
    return np.asarray(stereo + wet * np.stack(reflections))


def _levelled(stem: Sound, level_db: float) -> Sound:
    """Scale to a level of the loudest half, so that pauses do not count."""
    power = np.square(stem).mean(axis=0)
    return np.asarray(stem * 10.0 ** (level_db / 20.0) / np.sqrt(power[power > np.median(power)].mean()))
