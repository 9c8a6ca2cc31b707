"""Clips for listening tests: short noises of different loudness, two systems, a guitar and a drums item."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

SAMPLERATE = 44100
ITEMS = ("guitar-01", "drums-01")
SYSTEMS = ("gru-3", "wave-u-net")  # no base64 can spell a hyphen


def make_clips(root: Path, seconds: float = 0.6) -> Path:
    """Write items whose clips differ by up to 30 dB in level."""
    rng = np.random.default_rng(2)
    for item in ITEMS:
        (root / item).mkdir(parents=True)
        for name, gain in zip(("reference", "mixture", *SYSTEMS), (0.3, 0.01, 0.1, 0.02), strict=True):
            noise = gain * rng.standard_normal((int(seconds * SAMPLERATE), 2))
            soundfile.write(root / item / f"{name}.wav", np.clip(noise, -1, 1), SAMPLERATE, subtype="FLOAT")
    return root


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Give a folder of clips."""
    return make_clips(tmp_path / "clips")
