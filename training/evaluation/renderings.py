"""Mixtures of rendered sounds that are not trained on: what is learnt by heart is told from what is unlike songs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from training import SAMPLERATE
from training.corpora.full_mixes import FullMix
from training.corpora.stems import STEMS, StemFolder
from training.evaluation.full_mixes import TARGETS, MixScores
from training.mixing.remix import RemixConfig, Remixer

GROUP = "renderings"
COUNT, SECONDS = 12, 8.0
SEED = 77


def rendered_mixes(root: Path, config: RemixConfig, count: int = COUNT, seconds: float = SECONDS) -> Iterator[FullMix]:
    """Mix sounds as training does, the same ones at every call.

    Parameters
    ----------
    root
        Folder of stems.
    config
        What mixtures look like; nothing is taken out of them, and their level stays as it is.
    count, seconds
        Number of mixtures, and length of each.

    Raises
    ------
    ConfigError
        When the folder lacks stems.
    """
    folder, plain = StemFolder(root), replace(config, without=0.0, alone=0.0, input_db=0.0)
    for number in range(count):
        mixed = Remixer(folder, plain, np.random.default_rng([SEED, number])).segment(round(SAMPLERATE * seconds))
        stems = {stem: audio for stem, audio in zip(STEMS, mixed, strict=True) if np.any(audio)}
        yield FullMix(f"mixture {number}", GROUP, stems)


def rendered_columns(scores: MixScores) -> dict[str, float]:
    """Columns of a log: mean SDR of each target, dB."""
    return {f"rendered_{target}": value for target in TARGETS
            if (value := scores.mean(target, (GROUP,))) is not None}
