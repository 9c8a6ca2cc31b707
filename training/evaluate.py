"""Measure a step model on real songs as a user hears it: through the runtime, hop by hop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from rtsep import Separator
from training.data.medleydb import Song
from training.validation import Audio, Score, Separate, score


def runtime_separator(model: Path) -> Separate:
    """Separate whole mixtures with the runtime, aligned."""
    separator = Separator(model)

    def separate(mixture: Audio) -> dict[str, Audio]:
        separator.reset()
        padded = np.concatenate([mixture, np.zeros(separator.latency, np.float32)])
        stems = separator.process(padded[np.newaxis])[:, 0, separator.latency:]
        return dict(zip(separator.stems, stems, strict=True))

    return separate


def evaluate(separate: Separate, songs: Sequence[Song], targets: Sequence[str]) -> dict[str, Any]:
    """Score every song; see `summary` for what comes back of each target."""
    with_guitar = [song for song in songs if song.has_guitar]
    scores = {version: [score(song, target, separate, version) for song in with_guitar for target in targets]
              for version in (3, 4)}
    leakage = {song.name: leakage_db(song, separate) for song in songs
               if "guitar" in targets and not song.has_guitar}
    return {"measure": "BSS Eval 3, paper's mixtures: target at 0 dB against all but the vocals, mean over songs",
            **{target: summary(scores[3], target) for target in targets},
            "bss_eval_4_sdr": {target: summary(scores[4], target)["sdr"] for target in targets},
            "guitar_leakage_db": leakage, "songs": [asdict(item) for item in scores[3]]}


def summary(scores: Sequence[Score], target: str) -> dict[str, float]:
    """Mean over songs and length-weighted mean (G...) of one target's scores, dB."""
    chosen = [item for item in scores if item.target == target]
    seconds = [item.seconds for item in chosen]
    means = {}
    for name in ("sdr", "sir", "sar", "nsdr"):
        values = [getattr(item, name) for item in chosen]
        means[name] = round(float(np.mean(values)), 2)
        means[f"g{name}"] = round(float(np.average(values, weights=seconds)), 2)
    return means


def leakage_db(song: Song, separate: Separate) -> float:
    """Level of the guitar stem below a mixture without any electric guitar, dB."""
    mixture = song.drums + song.other
    guitar = separate(mixture)["guitar"]
    return round(float(10 * np.log10(np.sum(np.square(guitar)) / np.sum(np.square(mixture)) + 1e-12)), 1)


def show(result: dict[str, Any], title: str) -> None:
    """Print a result as a table."""
    table = Table("target", "song", "SDR", "SIR", "SAR", "NSDR", title=f"{title}, BSS Eval 3, dB")
    for item in result["songs"]:
        table.add_row(item["target"], item["song"], *(f"{item[name]:.2f}" for name in ("sdr", "sir", "sar", "nsdr")))
    for target in result["bss_eval_4_sdr"]:
        table.add_row(target, "mean", *(f"{result[target][name]:.2f}" for name in ("sdr", "sir", "sar", "nsdr")))
    console = Console()
    console.print(table)
    console.print(f"BSS Eval 4 SDR: {result['bss_eval_4_sdr']}")
    console.print(f"guitar stem on songs without electric guitar: {result['guitar_leakage_db']} dB")
