"""Singers: real phrases, sung vowels played as tunes and backing harmonies, shouts, and words sung by a vocoder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.render import effects, patterns
from training.render.library import SAMPLERATE, Audio, Library, read_audio
from training.render.mixdown import audible, mix_down
from training.render.sampler import Envelope, excerpt, play, zones
from training.render.scores import Note, Random, humanise, random_song, with_rests
from training.render.singing import sing

_Source = Callable[[Library, Random, int], Audio]


def render_voice(library: Library, rng: np.random.Generator, seconds: float) -> Audio:
    """Render one vocal track.

    Parameters
    ----------
    seconds
        Length of the segment.

    Returns
    -------
    Audio
        Shape (round(seconds * 44100),), float32.

    Raises
    ------
    ConfigError
        When espeak-ng is not installed.
    """
    frames = round(seconds * SAMPLERATE)
    sources: tuple[tuple[_Source, float], ...] = ((_phrase, 0.5), (_words, 0.25), (_vowels, 0.13), (_shouts, 0.12))
    choice = rng.choice(len(sources), p=[weight for _, weight in sources])
    track = sources[choice][0](library, rng, frames)
    if not audible(track):
        return render_voice(library, rng, seconds)
    if rng.random() < 0.2:
        track = _doubled(track, rng)
    return mix_down(_microphone(track, rng), library, rng)


def _phrase(library: Library, rng: Random, frames: int) -> Audio:
    """Part of a real sung recording, slower and lower or faster and higher; longer recordings come more often."""
    paths = library.phrases("voice")
    sizes = np.sqrt([float(path.stat().st_size) for path in paths])
    path = paths[rng.choice(len(paths), p=sizes / sizes.sum())]
    return excerpt(path, rng, frames, rng.uniform(-3.0, 3.0))


def _words(library: Library, rng: Random, frames: int) -> Audio:
    """Lyrics on a tune, sometimes with a second voice in thirds or fifths."""
    seconds = frames / SAMPLERATE
    song = random_song(rng, seconds, (60.0, 150.0))
    centre = float(rng.uniform(48.0, 66.0))
    notes = _inside(patterns.melody(song, rng, centre, 0.8), rng, seconds)
    track = sing(notes, rng, frames)
    if rng.random() < 0.25:
        interval = float(rng.choice([-12.0, -5.0, 3.0, 4.0, 7.0]))
        second = [Note(n.start, n.seconds, n.midi + interval, n.velocity) for n in notes]
        track = track + np.float32(rng.uniform(0.3, 0.9)) * sing(second, rng, frames)
    return track


def _vowels(library: Library, rng: Random, frames: int) -> Audio:
    """Ahs and oohs of one singer or a choir: tunes, and chords as backing harmony."""
    name = str(rng.choice(["female", "male"])) + str(rng.choice(["voice_", "voices_"])) + str(rng.choice(["aa", "oo"]))
    instrument = zones(library, "vox_berklee", f"_{name}")
    seconds = frames / SAMPLERATE
    song = random_song(rng, seconds)
    centre = 66.0 if name.startswith("f") else 55.0
    notes = (patterns.melody(song, rng, centre) if rng.random() < 0.6 else patterns.pads(song, rng, centre))
    envelope = Envelope(rng.uniform(0.01, 0.08), rng.uniform(0.05, 0.2))
    return play(_inside(notes, rng, seconds), instrument, rng, frames, envelope)


def _shouts(library: Library, rng: Random, frames: int) -> Audio:
    """Growled words, vowels and calls, transposed, in a random rhythm of a gang or a single singer."""
    calls = [sample for sample in library.samples.get("vox_orks", [])
             if not sample.name.startswith(("consonants", "misc_inhale"))]
    track = np.zeros(frames, np.float32)
    position, gang = float(rng.uniform(0.0, 1.0)), int(rng.choice([1, 1, 3]))
    semitones = rng.uniform(-4.0, 6.0)
    while position * SAMPLERATE < frames:
        sound = read_audio(calls[rng.integers(len(calls))].path)
        for _ in range(gang):
            start = int((position + abs(rng.normal(0.0, 0.015)) * (gang > 1)) * SAMPLERATE)
            shift = semitones + rng.normal(0.0, 1.0 if gang > 1 else 0.3)
            effects.add_at(track, effects.transpose(sound, shift), start)
        position += sound.size / SAMPLERATE * rng.uniform(0.6, 1.0) + float(rng.choice([0.0, 0.3, 1.5]))
    return track


def _inside(notes: list[Note], rng: Random, seconds: float) -> list[Note]:
    return with_rests(humanise([n for n in notes if 0.0 <= n.start < seconds], rng, 0.015), rng, seconds)


def _doubled(track: Audio, rng: Random) -> Audio:
    """Add a second take: slightly later, its pitch and timing wandering."""
    drift = np.interp(np.arange(track.size), np.linspace(0, track.size, 12), rng.normal(0.0, 0.12, 12))
    second = effects.bend(track, drift.astype(np.float32))
    out = track.copy()
    effects.add_at(out, second, int(SAMPLERATE * rng.uniform(0.01, 0.04)), rng.uniform(0.4, 1.0))
    return out


def _microphone(track: Audio, rng: Random) -> Audio:
    """Low cut, and now and then a telephone band, an overdriven preamplifier or boosted sibilants."""
    track = effects.high_pass(track, rng.uniform(60.0, 160.0))
    if rng.random() < 0.3:
        track = effects.peaking(track, rng.uniform(5000.0, 9000.0), rng.uniform(2.0, 9.0), 0.8)
    if rng.random() < 0.1:
        track = effects.low_pass(effects.high_pass(track, rng.uniform(250.0, 500.0)), rng.uniform(2500.0, 5000.0))
    if rng.random() < 0.12:
        track = effects.saturate(track, rng.uniform(6.0, 28.0))
    return track
