"""The chain that every recorded voice goes through: low cut, compressors, de-esser, tone, drive, delays and plate."""

from __future__ import annotations

import numpy as np

from rtsep.types import Audio
from training.render import effects
from training.render.library import Library
from training.render.mixdown import level, reverberate
from training.render.song import Random


def produce(voice: Audio, library: Library, rng: Random, beat: float) -> Audio:
    """Treat a dry voice as a record does.

    Parameters
    ----------
    beat
        Length of a beat of the song, s, that delays follow.

    Returns
    -------
    Audio
        Same length, RMS about -22 dB and peak below 1.
    """
    voice = effects.high_pass(voice, float(rng.uniform(60.0, 160.0)))
    voice = de_ess(_squeeze(voice, rng), float(rng.uniform(0.0, 10.0)))
    voice = _tone(voice, rng)
    if rng.random() < 0.3:
        voice = effects.saturate(voice, float(rng.uniform(3.0, 22.0)))
    voice = _delays(voice, rng, beat)
    if rng.random() < 0.8:
        voice = reverberate(voice, library, rng)
    return level(voice, rng)


def de_ess(voice: Audio, depth_db: float) -> Audio:
    """Turn the band above 5 kHz down, by at most `depth_db`, where it is loud for this voice."""
    if depth_db <= 0.0:
        return voice
    sibilants = effects.high_pass(voice, 5000.0)
    threshold_db = 20.0 * np.log10(effects.rms(sibilants)) + 3.0
    squeezed = effects.compress(sibilants, threshold_db, 6.0, 1.0, 40.0)
    share = np.float32(1.0 - effects.db(-depth_db))
    return voice - share * (sibilants - squeezed)


def _squeeze(voice: Audio, rng: Random) -> Audio:
    """Compress twice, slowly and then fast, as records do, or once, or hardly."""
    for attack_ms, release_ms in ((10.0, 200.0), (1.0, 60.0))[: int(rng.choice([0, 1, 2], p=[0.15, 0.4, 0.45]))]:
        usual_db = 20.0 * np.log10(effects.rms(voice))
        voice = effects.compress(voice, usual_db + rng.uniform(-4.0, 4.0), rng.uniform(2.0, 6.0),
                                 attack_ms * rng.uniform(0.5, 2.0), release_ms * rng.uniform(0.5, 2.0))
        voice = effects.to_level(voice, usual_db)
    return voice


def _tone(voice: Audio, rng: Random) -> Audio:
    """Less mud, more presence and air, and now and then a telephone."""
    voice = effects.peaking(voice, float(rng.uniform(200.0, 450.0)), float(rng.uniform(-6.0, 2.0)), 0.9)
    voice = effects.peaking(voice, float(rng.uniform(1200.0, 4000.0)), float(rng.uniform(-2.0, 5.0)), 0.7)
    voice = effects.peaking(voice, float(rng.uniform(8000.0, 14000.0)), float(rng.uniform(-6.0, 4.0)), 0.6)
    if rng.random() < 0.07:
        voice = effects.low_pass(effects.high_pass(voice, float(rng.uniform(250.0, 500.0))), 4000.0)
    return effects.random_tone(voice, rng, 1, 4.0)


def _delays(voice: Audio, rng: Random, beat: float) -> Audio:
    """Add a slap of 60 to 140 ms, or repeats in the time of the song."""
    kind = rng.choice(["none", "slap", "tempo"], p=[0.5, 0.25, 0.25])
    if kind == "slap":
        return effects.echo(voice, rng, rng.uniform(0.06, 0.14), 1, rng.uniform(-20.0, -6.0))
    if kind == "tempo":
        return effects.echo(voice, rng, beat * rng.choice([0.5, 0.75, 1.0]), 4, rng.uniform(-16.0, -7.0))
    return voice
