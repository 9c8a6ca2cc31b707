"""Guitar amplifiers: neural captures and cheap wave shapers, each followed by a random loudspeaker cabinet.

The input is a direct guitar signal at `DIRECT_DB` RMS while it plays, as an audio interface records it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import soxr

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.amp_captures import read_capture
from training.render.effects import (
    Random,
    compress,
    convolve,
    db,
    high_pass,
    low_pass,
    peaking,
    rms,
    transpose,
)
from training.render.library import Library, read_audio

Tone = Literal["clean", "crunch", "high"]
DIRECT_DB = -26.0
CABINETS = ("irs_celestion.flac", "irs_mesa.flac", "irs_eminence.flac")
MORE_CABINETS = "adventure_kid/*.flac"  # heard where the data folder has them
# Input gain, dB, of each capture for a tone. Measured with a fifth (220 and 330 Hz) at `DIRECT_DB`, everything
# that is neither of the two is below -22 dB for clean, between -22 and -9 dB for crunch, and above that for high.
CAPTURE_GAIN_DB: dict[Tone, dict[str, tuple[float, float]]] = {
    "clean": {"jc": (-12.0, 12.0), "dumble": (-24.0, -4.0), "deluxe": (-28.0, -16.0), "ac10": (-32.0, -22.0),
              "jcm": (-28.0, -18.0)},
    "crunch": {"ac10": (-20.0, -8.0), "dumble": (-4.0, 8.0), "deluxe": (-14.0, -3.0), "jcm": (-14.0, 0.0)},
    "high": {"5153": (-18.0, 8.0), "jcm": (0.0, 12.0), "deluxe": (2.0, 14.0), "ac10": (6.0, 16.0)},
}
MORE_CAPTURES_DB: dict[Tone, dict[str, tuple[float, float]]] = {"high": {"nam_core/example": (-34.0, -8.0)}}
"""The same for captures that are heard where the data folder has them."""
# Gain, dB, into the first stage of a wave shaper, spread over its stages.
SHAPER_GAIN_DB: dict[Tone, tuple[float, float]] = {"clean": (0.0, 18.0), "crunch": (13.0, 29.0), "high": (36.0, 58.0)}


def amplify(direct: Audio, library: Library, rng: Random, tone: Tone, capture_share: float = 0.5) -> Audio:
    """Play a direct guitar signal through a random amplifier and cabinet.

    Parameters
    ----------
    direct
        Direct signal, shape (frames,), any level.
    tone
        How far the amplifier is driven.
    capture_share
        Probability of a neural capture instead of a wave shaper.

    Returns
    -------
    Audio
        Shape (frames,), at -20 dB RMS while it sounds.
    """
    driven = to_playing_level(direct, DIRECT_DB)
    if not driven.any():
        return driven
    if rng.random() < capture_share:
        sound = _captured(driven, library, rng, tone)
    else:
        sound = shape(driven, rng, tone)
    return to_playing_level(cabinet(sound, library, rng), -20.0)


def to_playing_level(audio: Audio, level_db: float) -> Audio:
    """Scale so that the RMS over the frames where the guitar sounds is `level_db`; silence stays silence."""
    envelope = np.abs(audio)
    peak = float(envelope.max(initial=0.0))
    if peak < 1e-6:
        return audio
    blocks = np.sqrt(np.mean(np.square(audio[: audio.size // 441 * 441]).reshape(-1, 441), axis=1) + 1e-14)
    playing = blocks[blocks > 0.03 * blocks.max()]
    scaled: Audio = audio * np.float32(db(level_db) / np.sqrt(np.mean(np.square(playing))))
    return scaled


def _captured(direct: Audio, library: Library, rng: Random, tone: Tone) -> Audio:
    more = MORE_CAPTURES_DB.get(tone, {}).items()
    choices = CAPTURE_GAIN_DB[tone] | {name: gain for name, gain in more if _capture_file(library, name).exists()}
    name = str(rng.choice(list(choices)))
    capture = read_capture(_capture_file(library, name))
    driven = preamp_tone(direct, rng, tone) * db(rng.uniform(*choices[name]))
    return tone_stack(high_pass(capture.run(driven.astype(np.float32)), 25.0, 1), rng)


def _capture_file(library: Library, name: str) -> Path:
    return library.root / "amps" / f"{name}.nam"


def shape(direct: Audio, rng: Random, tone: Tone) -> Audio:
    """Amplify with one to three asymmetrical tanh stages, oversampled, with sag and tone controls."""
    stages = {"clean": 1, "crunch": int(rng.integers(1, 3)), "high": int(rng.integers(2, 4))}[tone]
    factor = 4 if tone == "high" else 2
    driven = preamp_tone(direct, rng, tone)
    driven = peaking(driven, rng.uniform(3000.0, 6000.0), rng.uniform(3.0, 12.0), 0.4)  # the bright capacitor
    fast = soxr.resample(driven, SAMPLERATE, SAMPLERATE * factor, quality="LQ")
    gain_db = rng.uniform(*SHAPER_GAIN_DB[tone])
    for _ in range(stages):
        fast = _stage(fast, rng, gain_db / stages, factor)
    slow = soxr.resample(fast, SAMPLERATE * factor, SAMPLERATE, quality="LQ")
    return tone_stack(_sag(_fit(slow, direct.size), rng), rng)


def _stage(audio: Audio, rng: Random, gain_db: float, factor: int) -> Audio:
    """One valve: gain, a bias that makes the halves unequal, tanh, and the coupling that removes the offset.

    The filters' frequencies are divided by the oversampling because they are written for `SAMPLERATE`.
    """
    bias = rng.uniform(0.0, 0.5)
    hard = rng.uniform(0.8, 1.6)
    bent = np.tanh(hard * (db(gain_db) * audio + np.float32(bias))) / hard
    coupled = high_pass(bent.astype(np.float32), rng.uniform(15.0, 90.0) / factor, 1)
    return low_pass(coupled, rng.uniform(6000.0, 14000.0) / factor, 1)


def _sag(audio: Audio, rng: Random) -> Audio:
    """Let the power supply give way under load: slow, mild compression."""
    threshold_db = 20.0 * np.log10(rms(audio)) + rng.uniform(-6.0, 4.0)
    return compress(audio, float(threshold_db), rng.uniform(1.2, 2.5), rng.uniform(3.0, 15.0), rng.uniform(60.0, 250.0))


def preamp_tone(direct: Audio, rng: Random, tone: Tone) -> Audio:
    """Tone before the distortion: less bass for more gain, a bell where the amplifier or a booster pushes."""
    corner_hz = {"clean": rng.uniform(20.0, 90.0), "crunch": rng.uniform(40.0, 160.0), "high": rng.uniform(70.0, 260.0)}
    shaped = high_pass(direct, corner_hz[tone], 1)
    return peaking(shaped, rng.uniform(500.0, 3000.0), rng.uniform(-4.0, 9.0), rng.uniform(0.3, 0.9))


def tone_stack(audio: Audio, rng: Random) -> Audio:
    """Bass, middle, treble and presence after the distortion."""
    audio = peaking(audio, rng.uniform(70.0, 140.0), rng.uniform(-5.0, 5.0), 0.5)
    audio = peaking(audio, rng.uniform(350.0, 900.0), rng.uniform(-9.0, 4.0), rng.uniform(0.4, 0.9))
    return peaking(audio, rng.uniform(2200.0, 4500.0), rng.uniform(-4.0, 6.0), rng.uniform(0.4, 1.0))


def cabinet(audio: Audio, library: Library, rng: Random) -> Audio:
    """Put a loudspeaker that nobody has behind it: two measured ones blended, their size and microphone changed."""
    response = _blend(library, rng)
    response = transpose(response, rng.uniform(-3.0, 3.0))
    heard = convolve(audio, response)
    heard = high_pass(heard, rng.uniform(50.0, 140.0), 2)
    heard = peaking(heard, rng.uniform(120.0, 240.0), rng.uniform(-11.0, 1.0), 0.7)  # the close microphone's boom
    if rng.random() < 0.3:
        heard = low_pass(heard, rng.uniform(5000.0, 11000.0), int(rng.integers(1, 3)))
    return peaking(heard, rng.uniform(1000.0, 5500.0), rng.uniform(-4.0, 8.0), rng.uniform(0.4, 1.2))


def _blend(library: Library, rng: Random) -> Audio:
    """Two cabinets of equal energy, lined up at their peaks, mixed in a random proportion."""
    paths = [*(library.root / "irs" / name for name in CABINETS), *library.impulse_responses(MORE_CABINETS)]
    first, second = (_aligned(read_audio(paths[i])) for i in rng.choice(len(paths), size=2, replace=False))
    share = float(np.clip(rng.uniform(-0.3, 1.3), 0.0, 1.0))
    frames = max(first.size, second.size)
    blend: Audio = np.float32(1.0 - share) * _fit(first, frames) + np.float32(share) * _fit(second, frames)
    return blend


def _aligned(response: Audio) -> Audio:
    """Start two frames before the peak's first tenth, at unit energy, at most 100 ms long."""
    start = max(int(np.argmax(np.abs(response) > 0.1 * np.abs(response).max())) - 2, 0)
    cut = response[start:start + SAMPLERATE // 10]
    unit: Audio = cut / np.sqrt(np.sum(np.square(cut)))
    return unit


def _fit(audio: Audio, frames: int) -> Audio:
    """Cut or pad with zeros to a length."""
    fitted: Audio = np.pad(audio[:frames], (0, max(frames - audio.size, 0)))
    return fitted
