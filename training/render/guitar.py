"""Electric guitar stems for training: a new guitar, part, amplifier, cabinet and set of effects each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import guitar_leads as leads
from training.render import guitar_parts as parts
from training.render import pedals
from training.render.amps import Tone, amplify, cabinet, to_playing_level
from training.render.effects import add_at, bend, db, fade, random_tone, to_level, transpose
from training.render.guitar_midi import midi_part
from training.render.guitar_notes import Guitar, make_pool
from training.render.library import Library, read_audio
from training.render.scores import Note, alternate, humanise, thin_out
from training.render.song import Random, Song

Part = Callable[[Song, Random], list[Note]]
TONES: dict[Tone, float] = {"clean": 0.4, "crunch": 0.3, "high": 0.3}
# How often each part is played with each tone (weights: clean, crunch, high).
PARTS: tuple[tuple[Part, tuple[float, float, float]], ...] = (
    (parts.power_riff, (0.3, 2.5, 4.0)), (parts.strummed, (3.0, 2.0, 0.5)), (parts.arpeggio, (2.5, 0.8, 0.3)),
    (parts.boogie, (0.8, 1.5, 0.5)), (parts.picking, (1.5, 0.4, 0.0)), (parts.chops, (1.5, 0.4, 0.1)),
    (parts.held_chords, (0.8, 0.8, 0.8)), (leads.riff, (1.0, 2.5, 2.5)), (leads.melody, (1.5, 2.0, 2.5)),
    (leads.double_stops, (0.7, 0.8, 0.5)), (leads.tremolo_picked, (0.5, 0.2, 0.6)), (leads.twang, (2.0, 0.6, 0.2)),
)


def render_guitar(library: Library, rng: Random, song: Song) -> Audio:
    """Render one electric guitar stem, peak at most 0.99; arguments and result as of `play_one`."""
    stem = _one_guitar(library, rng, song)
    if rng.random() < 0.15:
        stem = stem + db(rng.uniform(-9.0, 3.0)) * _one_guitar(library, rng, song)
    stem = to_playing_level(random_tone(stem, rng, 2, 4.0), rng.uniform(-26.0, -16.0))
    return (stem * min(1.0, 0.99 / max(float(np.abs(stem).max()), 1e-9))).astype(np.float32)


def _one_guitar(library: Library, rng: Random, song: Song) -> Audio:
    """One guitarist: a performance, a composed part, a finished phrase or distorted samples; then the studio."""
    tone: Tone = rng.choice(list(TONES), p=list(TONES.values()))
    source, tuning = rng.random(), float(rng.normal(0.0, 0.08))
    if source < 0.05:
        return _studio(_phrases(library, rng, song.frames), library, rng, tone)
    if source < 0.14 and tone == "high":
        return _studio(_power_samples(library, rng, song), library, rng, tone)
    if source < 0.27:
        sound = _amplified(_performance(library, rng, song.frames), library, rng, tone)
        return _studio(sound, library, rng, tone)
    notes = _notes(library, rng, song, tone)
    sound = _track(notes, library, rng, tone, tuning, song.frames)
    if rng.random() < 0.12:
        sound = sound + db(rng.uniform(-4.0, 2.0)) * _track(notes, library, rng, tone, tuning, song.frames)
    return _studio(sound, library, rng, tone)


def _notes(library: Library, rng: Random, song: Song, tone: Tone) -> list[Note]:
    """Choose a part that suits the tone: composed, or from a MIDI song; with rests now and then."""
    if rng.random() < 0.17:
        found = midi_part(library, rng, song.seconds)
        if found:
            return found
    weights = np.array([w[list(TONES).index(tone)] for _, w in PARTS])
    first, second = rng.choice(len(PARTS), size=2, p=weights / weights.sum()).tolist()
    notes = PARTS[first][0](song, rng)
    if rng.random() < 0.2:
        notes = alternate(notes, PARTS[second][0](song, rng), song, int(rng.choice([1, 1, 2, 4])))
    return thin_out(notes, song, rng) if rng.random() < 0.4 else notes


def _track(notes: list[Note], library: Library, rng: Random, tone: Tone, tuning: float, frames: int) -> Audio:
    """One take of a part on one guitar through one amplifier."""
    guitar = Guitar(library, rng, tuning=tuning + rng.normal(0.0, 0.02))
    played = humanise(_damped(notes, rng), rng, rng.uniform(0.002, 0.012), rng.uniform(0.04, 0.2))
    direct = guitar.play(played, frames, rng)
    if tone == "clean" and rng.random() < 0.15:
        direct = _tremolo_arm(direct, rng)
    return _amplified(guitar.pickup(direct, rng), library, rng, tone)


def _damped(notes: list[Note], rng: Random) -> list[Note]:
    """Three in ten players damp their notes early."""
    share = float(rng.uniform(0.35, 1.0)) if rng.random() < 0.3 else 1.0
    return [replace(note, seconds=share * note.seconds) for note in notes]


def _tremolo_arm(direct: Audio, rng: Random) -> Audio:
    """Make the whole guitar waver, deeper and shallower over seconds."""
    time = np.arange(direct.size) / SAMPLERATE
    depth = rng.uniform(0.03, 0.2) * (0.5 + 0.5 * np.sin(2.0 * np.pi * rng.uniform(0.1, 0.5) * time))
    wavering = bend(direct, (depth * np.sin(2.0 * np.pi * rng.uniform(3.0, 6.0) * time)).astype(np.float32))
    return np.pad(wavering, (0, max(direct.size - wavering.size, 0)))[: direct.size]


def _performance(library: Library, rng: Random, frames: int) -> Audio:
    """Cut from a played direct-input recording, transposed by at most three semitones."""
    takes = library.samples["gtr_di_t3k"]
    source = read_audio(takes[int(rng.integers(len(takes)))].path)
    return _excerpt(source, frames, rng, rng.uniform(-3.0, 3.0))


def _excerpt(source: Audio, frames: int, rng: Random, semitones: float) -> Audio:
    """Cut a recording at random and transpose it; recordings that are too short are repeated."""
    needed = int(frames * 2.0 ** (semitones / 12.0)) + 4
    start = int(rng.integers(max(source.size - needed, source.size // 2)))
    looped = np.concatenate([source[start:]] + [source] * (needed // source.size + 1))[:needed]
    moved = fade(transpose(looped, semitones), 200, 200)
    return np.pad(moved, (0, max(frames - moved.size, 0)))[:frames]


def _phrases(library: Library, rng: Random, frames: int) -> Audio:
    """Line up recorded phrases one after the other, with pauses, as they are."""
    paths = library.phrases("guitar")
    track = np.zeros(frames, np.float32)
    at = int(rng.integers(-SAMPLERATE, SAMPLERATE))
    while at < frames:
        source = read_audio(paths[int(rng.integers(len(paths)))])
        phrase = to_level(fade(transpose(source, rng.uniform(-3.0, 3.0)), 200, 2000), -22.0)
        add_at(track, phrase, at)
        at += phrase.size + int(rng.exponential(0.5) * SAMPLERATE)
    return track


def _power_samples(library: Library, rng: Random, song: Song) -> Audio:
    """Play a riff with recorded distorted power chords and palm mutes."""
    pools = {touch: make_pool(library, "gtr_power_ax", rf".*__\w-?\d{ending}$", 0.0)
             for touch, ending in (("pluck", ""), ("mute", "-pmute"))}
    track, tuning = np.zeros(song.frames, np.float32), float(rng.normal(0.0, 0.08))
    for note in humanise(_lowest_of_strokes(parts.power_riff(song, rng)), rng):
        pool = pools["mute" if note.touch == "mute" else "pluck"]
        index = int(np.argmin(np.abs(pool.midi - note.midi)))
        source = read_audio(pool.samples[index].path)[: int(3.0 * note.seconds * SAMPLERATE) + 4000]
        sound = transpose(source, note.midi - float(pool.midi[index]) + tuning)
        add_at(track, fade(sound[: int(note.seconds * SAMPLERATE) + 2000], 60, 1800), int(note.start * SAMPLERATE))
    return track


def _lowest_of_strokes(notes: list[Note]) -> list[Note]:
    """Keep the first, lowest note of each stroke across the strings."""
    kept: list[Note] = []
    for note in sorted(notes, key=lambda n: n.start):
        if not kept or note.start - kept[-1].start > 0.03:
            kept.append(note)
    return kept


def _amplified(direct: Audio, library: Library, rng: Random, tone: Tone) -> Audio:
    """Pedals in front of the amplifier, the amplifier, and for jazz sometimes no amplifier at all."""
    if tone == "clean" and rng.random() < 0.12:
        return to_playing_level(cabinet(direct, library, rng) if rng.random() < 0.5 else direct, -20.0)
    if tone == "high" or rng.random() < 0.5:
        direct = pedals.gate(direct, rng.uniform(-50.0, -36.0), rng.uniform(20.0, 120.0))
    if rng.random() < {"clean": 0.45, "crunch": 0.2, "high": 0.1}[tone]:
        direct = pedals.squeeze(direct, rng)
    if rng.random() < 0.07:
        direct = pedals.wah(direct, rng)
    if tone != "clean" and rng.random() < 0.03:
        direct = pedals.octave(direct)
    if rng.random() < 0.05:
        direct = pedals.phaser(direct, rng)
    return amplify(direct, library, rng, tone)


def _studio(sound: Audio, library: Library, rng: Random, tone: Tone) -> Audio:
    """Modulation, echo and reverb behind the amplifier, and the mixing desk's equaliser."""
    clean = tone == "clean"
    if rng.random() < (0.25 if clean else 0.08):
        sound = pedals.chorus(sound, rng)
    if rng.random() < (0.12 if clean else 0.03):
        sound = pedals.tremolo(sound, rng)
    if rng.random() < (0.35 if clean else 0.2):
        sound = pedals.random_echo(sound, rng)
    if rng.random() < 0.65:
        sound = pedals.reverb(sound, library, rng)
    return sound
