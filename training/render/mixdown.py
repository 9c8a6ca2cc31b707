"""What happens to every accompanying track on its way into a mix: dynamics, tone, echo, room, level."""

from __future__ import annotations

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import effects
from training.render.library import Library, read_audio
from training.render.song import Random


def mix_down(audio: Audio, library: Library, rng: Random, wet: float = 1.0) -> Audio:
    """Compress, equalise, echo and reverberate a dry track at random and set its level.

    Parameters
    ----------
    wet
        How much room to use: 0 none, 1 as in a usual mix.

    Returns
    -------
    Audio
        Same length, RMS about -22 dB and peak below 1.
    """
    if rng.random() < 0.6:
        audio = random_compress(audio, rng)
    audio = effects.random_tone(audio, rng, int(rng.integers(1, 4)), 5.0)
    if rng.random() < 0.15 * wet:
        audio = effects.echo(audio, rng, rng.uniform(0.08, 0.45), 3, rng.uniform(-14.0, -6.0))
    if rng.random() < 0.75 * wet:
        audio = reverberate(audio, library, rng)
    return level(audio, rng)


def random_compress(audio: Audio, rng: Random) -> Audio:
    """Compress by a threshold chosen relative to the track's own level."""
    threshold_db = 20.0 * np.log10(effects.rms(audio)) + rng.uniform(-6.0, 6.0)
    squeezed = effects.compress(audio, threshold_db, rng.uniform(2.0, 8.0), rng.uniform(1.0, 30.0),
                                rng.uniform(40.0, 300.0))
    return effects.to_level(squeezed, 20.0 * np.log10(effects.rms(audio)))


def reverberate(audio: Audio, library: Library, rng: Random) -> Audio:
    """Mix in a plate, a spring or an invented room at -30 to -6 dB."""
    recorded = [*library.impulse_responses("plate_emt140/*.flac"), *library.impulse_responses("irs_*ring.flac")]
    wet_db = rng.uniform(-30.0, -6.0)
    if recorded and rng.random() < 0.4:
        response = read_audio(recorded[rng.integers(len(recorded))])[: 2 * SAMPLERATE]
        tail = effects.convolve(audio, response)
        return audio + effects.to_level(tail, 20.0 * np.log10(effects.rms(audio)) + wet_db)
    return effects.add_room(audio, rng, wet_db, float(np.exp(rng.uniform(np.log(0.15), np.log(2.0)))), rng.random())


def level(audio: Audio, rng: Random) -> Audio:
    """Set the RMS to about -22 dB, lower where the peaks would reach full scale."""
    scaled = effects.to_level(audio, -22.0 + rng.uniform(-3.0, 3.0))
    peak = float(np.abs(scaled).max())
    return scaled * np.float32(0.98 / peak) if peak > 0.98 else scaled
