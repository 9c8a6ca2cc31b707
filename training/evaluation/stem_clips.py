"""Clips mixed from a folder of stems: what models score on the sounds that they are trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training import SAMPLERATE
from training.corpora.songs import Song
from training.corpora.stems import KINDS, STEMS, StemFolder
from training.evaluation.clips import Clip, whole_clips
from training.mixing.remix import RemixConfig, Remixer
from training.mixing.stereo import StereoConfig

MIXTURES = 12
COUNTS: dict[str, tuple[float, ...]] = {**dict.fromkeys(KINDS, (0.0, 1.0)), "voice": (1.0,)}
"""Chances of 0, 1 ... sounds of each kind: the paper's mixtures have no vocals."""


def stem_clips(root: Path, seconds: float, seed: int) -> Iterator[Clip]:
    """Mix one sound of every kind, augmented as in training, and bring each target to 0 dB.

    Parameters
    ----------
    root
        Folder of stems.
    seconds
        Length of a clip.
    seed
        Chooses the sounds.

    Raises
    ------
    ConfigError
        When the folder lacks stems.
    """
    folder, config = StemFolder(root), RemixConfig(counts=COUNTS, stereo=StereoConfig(mono=1.0))
    for number in range(1, MIXTURES + 1):
        remixer = Remixer(folder, config, np.random.default_rng([seed, number]))
        stems = remixer.segment(round(seconds * SAMPLERATE))
        yield from whole_clips(Song(f"mixture {number}", dict(zip(STEMS, stems[:, 0], strict=True))), "train")
