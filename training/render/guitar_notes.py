"""Playing notes on a sampled electric guitar: which sample, how far transposed, how it is bent, damped and ended."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.effects import add_at, bend, db, fade, low_pass, peaking, random_tone, transpose
from training.render.library import Library, Sample, read_audio
from training.render.scores import Note, Touch
from training.render.song import Random

ONSET_SEARCH = 2400  # frames: the pick's scrape before the note is at most 50 ms
ONSET_LEAD = 120  # frames kept before the onset
PICK_FRAMES = 1100  # the pick's attack, which a hammered note lacks


@dataclass(frozen=True)
class Pool:
    """The samples of one touch, sorted by pitch, and their MIDI numbers."""

    midi: np.ndarray
    samples: tuple[Sample, ...]


# Model of guitar -> touch -> (folder, pattern of the sample's name, semitones from the name's pitch to the real one).
_GUITARS: dict[str, dict[Touch, tuple[str, str, float]]] = {
    "gretsch": {"pluck": ("gtr_bg", "black_ord_", -12.0), "stop": ("gtr_bg", "black_stac_", -12.0)},
    "hofner": {"pluck": ("gtr_bg", "green_ord_", -12.0), "stop": ("gtr_bg", "green_stac_", -12.0),
               "hammer": ("gtr_bg", "green_hammer_", -12.0)},
    "emily": {"pluck": ("gtr_emily", "notes_", 0.0), "chop": ("gtr_emily", "noises_muted", 0.0)},
    "shiny": {"pluck": ("gtr_shiny", r"electric_[a-g]b?\d_vl", 0.0), "chop": ("gtr_shiny", "electric_mute_str", 0.0)},
    "strat": {"pluck": ("gtr_strat", "", 0.0)},
}
# Corner of a low-pass that takes recordings with a bright microphone or pickup back to what a direct input hears.
_BRIGHTNESS_HZ: dict[str, tuple[float, float]] = {
    "gretsch": (1200.0, 4500.0), "hofner": (2500.0, 8000.0), "emily": (2500.0, 9000.0), "shiny": (1200.0, 4000.0),
}


def make_pool(library: Library, folder: str, pattern: str, offset: float) -> Pool:
    """Collect the samples of a folder whose name starts with a pattern; those without a pitch count as MIDI 0."""
    found = [s for s in library.samples.get(folder, []) if re.match(pattern, s.name)]
    pitched = sorted(((s.midi + offset if s.midi is not None else 0.0, s.name, s) for s in found), key=lambda p: p[:2])
    return Pool(np.array([p[0] for p in pitched]), tuple(p[2] for p in pitched))


class Guitar:
    """One instrument of one segment: samples, tuning, and the tone of its pickup.

    Parameters
    ----------
    model
        `gretsch`, `hofner`, `emily`, `shiny` or `strat`; a random one without it.
    tuning
        Semitones by which the whole guitar is off concert pitch.
    """

    def __init__(self, library: Library, rng: Random, model: str | None = None, tuning: float = 0.0) -> None:
        self.model = model or str(rng.choice(list(_GUITARS), p=[0.24, 0.2, 0.24, 0.16, 0.16]))
        self.pools = {touch: make_pool(library, *where) for touch, where in _GUITARS[self.model].items()}
        if "chop" not in self.pools:
            self.pools["chop"] = make_pool(library, *_GUITARS[str(rng.choice(["emily", "shiny"]))]["chop"])
        self.tuning = tuning
        self.mute_seconds = rng.uniform(0.05, 0.16)
        self.mute_hz = rng.uniform(900.0, 3500.0)

    def play(self, notes: list[Note], frames: int, rng: Random) -> Audio:
        """Direct signal of all notes together, shape (frames,)."""
        track = np.zeros(frames, np.float32)
        for note in notes:
            start = round(note.start * SAMPLERATE)
            if 0.0 < note.seconds and -SAMPLERATE < start < frames:
                add_at(track, self.sound(note, rng), start - ONSET_LEAD)
        return track

    def sound(self, note: Note, rng: Random) -> Audio:
        """One note as the pickup hears it."""
        touch = note.touch if note.touch in self.pools else "pluck"
        pool = self.pools[touch]
        sample, semitones = self._choose(pool, note, rng)
        if touch == "chop":
            semitones = rng.uniform(-2.0, 2.0)
        source = _from_onset(sample)
        if note.touch == "hammer" and touch == "pluck":
            source = source[PICK_FRAMES:]
        sound = self._pitched(source, note, semitones + rng.normal(0.0, 0.03))
        sound = self._damped(sound, note, touch)
        return sound * np.float32(_gain(sample, note.velocity, touch))

    def _choose(self, pool: Pool, note: Note, rng: Random) -> tuple[Sample, float]:
        """Choose a random take of the nearest pitch (or its neighbour) in the layer of the velocity."""
        distance = np.abs(pool.midi - note.midi)
        near = np.flatnonzero(distance <= distance.min() + rng.choice([0.4, 1.01]))
        layers = sorted(near.tolist(), key=lambda i: pool.samples[i].rms_db)
        layer = note.velocity * len(layers) + rng.normal(0.0, 0.12 * len(layers))
        index = layers[int(np.clip(layer, 0, len(layers) - 1))]
        return pool.samples[index], note.midi + self.tuning - float(pool.midi[index])

    def _pitched(self, source: Audio, note: Note, semitones: float) -> Audio:
        """Transpose, with the note's bend and vibrato, to the note's length and a release of 30 ms."""
        frames = int((note.seconds + 0.03) * SAMPLERATE) + ONSET_LEAD
        highest = semitones + max((p[1] for p in note.glide), default=0.0) + note.vibrato[0]
        source = source[: int(frames * 2.0 ** (highest / 12.0)) + 8]
        if not note.glide and note.vibrato[0] == 0.0:
            return transpose(source, semitones)[:frames]
        return bend(source, (semitones + pitch_curve(note, frames)).astype(np.float32))

    def _damped(self, sound: Audio, note: Note, touch: Touch) -> Audio:
        """Palm mute, the hand that ends the note, and the softer tone of soft notes."""
        if note.touch == "mute":
            time = np.arange(sound.size, dtype=np.float32) / SAMPLERATE
            sound = low_pass(sound * np.exp(-time / np.float32(self.mute_seconds)), self.mute_hz, 1)
        elif touch == "pluck" and note.touch == "stop":
            sound = sound[: int(0.12 * SAMPLERATE)]
        if self.model == "strat" and note.velocity < 0.6:
            sound = low_pass(sound, 1200.0 + 6000.0 * note.velocity, 1)
        return fade(sound, 40, int(0.03 * SAMPLERATE))

    def pickup(self, direct: Audio, rng: Random) -> Audio:
        """Pickup position (a comb), its resonance, and the tone control."""
        delay = int(rng.uniform(0.0003, 0.0018) * SAMPLERATE)
        out = direct.copy()
        out[delay:] -= rng.uniform(0.0, 0.6) * direct[: direct.size - delay]
        if self.model == "strat":
            out = peaking(out, 3200.0, rng.uniform(12.0, 24.0), 0.3)
        elif rng.random() < 0.8:
            out = low_pass(out, rng.uniform(*_BRIGHTNESS_HZ[self.model]), 2)
        out = peaking(out, rng.uniform(1800.0, 5000.0), rng.uniform(-3.0, 8.0), rng.uniform(0.5, 1.5))
        if rng.random() < 0.25:
            out = low_pass(out, rng.uniform(900.0, 4000.0), 1)
        return random_tone(out, rng, 2, 4.0)


def pitch_curve(note: Note, frames: int) -> np.ndarray:
    """Semitones of bend and vibrato at each frame."""
    time = np.arange(frames) / SAMPLERATE
    curve = np.zeros(frames)
    if note.glide:
        curve += np.interp(time, [p[0] for p in note.glide], [p[1] for p in note.glide])
    depth, rate_hz = note.vibrato
    if depth > 0.0:
        curve += depth * np.clip((time - 0.15) / 0.25, 0.0, 1.0) * np.sin(2.0 * np.pi * rate_hz * time)
    return curve


def _from_onset(sample: Sample) -> Audio:
    """Read the sample from `ONSET_LEAD` frames before it first reaches a tenth of its early peak."""
    audio = read_audio(sample.path)
    head = np.abs(audio[:ONSET_SEARCH])
    onset = int(np.argmax(head > 0.1 * head.max(initial=0.0)))
    if onset >= ONSET_LEAD:
        return audio[onset - ONSET_LEAD:]
    return np.concatenate([np.zeros(ONSET_LEAD - onset, np.float32), audio])


def _gain(sample: Sample, velocity: float, touch: Touch) -> float:
    """Loudness of a velocity: by RMS where notes ring, by peak where they are short; at most +30 dB."""
    requested_db = 14.0 * (velocity - 1.0)
    own_db = 20.0 * np.log10(sample.peak + 1e-4) - 16.0 if touch in ("stop", "chop") else sample.rms_db
    return min(db(requested_db - 18.0 - own_db), db(30.0))
