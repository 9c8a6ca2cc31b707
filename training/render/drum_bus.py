"""What a studio does to a drum kit: microphones near and far, rooms, compression, tape, and old age."""

from __future__ import annotations

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.effects import (
    add_room,
    bend,
    compress,
    convolve,
    db,
    high_pass,
    low_pass,
    peaking,
    random_tone,
    rms,
    room_response,
    saturate,
)
from training.render.library import Library, read_audio

Random = np.random.Generator
LEVEL_DB = -20.0


def mix_drums(library: Library, rng: Random, shells: Audio, metal: Audio) -> Audio:
    """Mix the drums and the cymbals of one kit as some engineer of some decade would.

    Parameters
    ----------
    shells, metal
        Kick, snare and toms; hats and cymbals; shape (frames,) each.

    Returns
    -------
    Audio
        Shape (frames,), RMS near -20 dB of full scale, peaks below full scale.
    """
    if rng.random() < 0.12:
        shells = _gated_room(rng, shells)
    if rng.random() < 0.4:
        shells = shells + _snare_wires(rng, shells)
    if rng.random() < 0.6:
        metal = high_pass(metal, rng.uniform(80.0, 500.0))
    track = shells + db(rng.normal(1.0, 3.0)) * metal
    track = track * np.float32(db(LEVEL_DB) / rms(track))
    for step, chance in ((_equalise, 0.85), (_squeeze, 0.6), (_drive, 0.3), (_plate, 0.12), (_room, 0.6),
                         (_crush, 0.12), (_distance, 0.25), (_old_tape, 0.1)):
        if rng.random() < chance:
            track = step(library, rng, track)
    return to_full_scale(track)


def to_full_scale(track: Audio) -> Audio:
    """RMS at `LEVEL_DB`, or as near below it as peaks of 0.98 allow."""
    gain = min(db(LEVEL_DB) / rms(track), 0.98 / (float(np.abs(track).max()) + 1e-9))
    return (track * gain).astype(np.float32)


def _equalise(_: Library, rng: Random, track: Audio) -> Audio:
    """Random bells, or the producer's smile: more boom and air, less box."""
    if rng.random() < 0.6:
        return random_tone(track, rng, int(rng.integers(1, 4)), rng.uniform(2.0, 9.0))
    track = peaking(track, rng.uniform(45.0, 90.0), rng.uniform(2.0, 9.0), 0.8)
    track = peaking(track, rng.uniform(300.0, 700.0), rng.uniform(-10.0, -2.0), rng.uniform(0.4, 1.0))
    return peaking(track, rng.uniform(8000.0, 13000.0), rng.uniform(2.0, 12.0), rng.uniform(0.4, 0.8))


def _squeeze(_: Library, rng: Random, track: Audio) -> Audio:
    """Bus compression, at times in parallel with the plain sound."""
    threshold_db, ratio = rng.uniform(-26.0, -8.0), rng.uniform(1.5, 6.0)
    squeezed = compress(track, threshold_db, ratio, rng.uniform(0.5, 40.0), rng.uniform(30.0, 300.0))
    squeezed *= np.float32(db(LEVEL_DB) / rms(squeezed))
    return squeezed if rng.random() < 0.7 else (track + squeezed).astype(np.float32)


def _crush(_: Library, rng: Random, track: Audio) -> Audio:
    """Pump a limiter with everything turned up, then clipping."""
    track = track * np.float32(db(LEVEL_DB) / rms(track))
    pumped = compress(track, rng.uniform(-40.0, -25.0), 20.0, rng.uniform(0.1, 8.0), rng.uniform(40.0, 250.0))
    ceiling = np.float32(db(rng.uniform(6.0, 16.0)) * rms(pumped))
    return np.clip(pumped, -ceiling, ceiling)


def _drive(_: Library, rng: Random, track: Audio) -> Audio:
    return saturate(track, rng.uniform(0.0, 16.0))


def _plate(library: Library, rng: Random, track: Audio) -> Audio:
    """Add a recorded plate or spring reverb."""
    paths = [path for pattern in ("*plate*/**/*.*", "*spring*/**/*.*")
             for path in library.impulse_responses(pattern)
             if path.suffix.lower() in (".wav", ".flac", ".opus", ".ogg")]
    if not paths:
        return track
    response = read_audio(paths[rng.integers(len(paths))])[: 3 * SAMPLERATE]
    wet = convolve(track, response)
    return (track + wet * (db(rng.uniform(-22.0, -6.0)) * rms(track) / rms(wet))).astype(np.float32)


def _room(_: Library, rng: Random, track: Audio) -> Audio:
    """From a booth to a hall."""
    kind = rng.choice(3, p=[0.5, 0.35, 0.15])
    seconds = rng.uniform(*((0.12, 0.4), (0.4, 1.0), (1.0, 2.5))[kind])
    wet_db = rng.uniform(*((-18.0, 5.0), (-20.0, 1.0), (-22.0, -4.0))[kind])
    return add_room(track, rng, wet_db, seconds, rng.uniform(0.0, 1.0))


def _snare_wires(rng: Random, shells: Audio) -> Audio:
    """Make the snare's wires buzz along with every drum: noise that follows their loudness."""
    loudness = low_pass(np.abs(shells), rng.uniform(4.0, 12.0), 1)
    noise = rng.standard_normal(shells.size, np.float32)
    buzz = high_pass(noise, rng.uniform(1000.0, 3000.0), 1) * loudness
    return low_pass(buzz, rng.uniform(5000.0, 10000.0), 1) * np.float32(db(rng.uniform(-24.0, -6.0)))


def _gated_room(rng: Random, shells: Audio) -> Audio:
    """Add the cut-off reverb of the eighties."""
    response = room_response(rng, 1.5, 0.8)[: int(rng.uniform(0.12, 0.35) * SAMPLERATE)]
    response[-500:] *= np.linspace(1.0, 0.0, 500, dtype=np.float32)
    wet = convolve(shells, response)
    return (shells + wet * (db(rng.uniform(-8.0, 3.0)) * rms(shells) / rms(wet))).astype(np.float32)


def _distance(_: Library, rng: Random, track: Audio) -> Audio:
    """One dull microphone far away, as on records of the fifties and sixties."""
    if rng.random() < 0.6:
        track = add_room(track, rng, rng.uniform(-6.0, 8.0), rng.uniform(0.25, 1.0), rng.uniform(0.0, 0.5))
    track = low_pass(track, float(np.exp(rng.uniform(np.log(2500.0), np.log(8000.0)))), int(rng.integers(1, 4)))
    return high_pass(track, rng.uniform(40.0, 180.0), 1) if rng.random() < 0.5 else track


def _old_tape(_: Library, rng: Random, track: Audio) -> Audio:
    """Wow and flutter of a few cents, and soft clipping."""
    time = np.arange(track.size) / SAMPLERATE
    cents = rng.uniform(1.0, 8.0) * np.sin(2.0 * np.pi * rng.uniform(0.5, 8.0) * time + rng.uniform(0.0, 6.0))
    wavering = bend(track, (cents / 100.0).astype(np.float32))
    return saturate(np.pad(wavering, (0, track.size - wavering.size)), rng.uniform(0.0, 8.0))
