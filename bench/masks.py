"""What masks of each kind could reach at best, made of the true stems: python -m bench.masks.

Ratio of magnitudes |S| / sum of all |S|; phase-sensitive, the part of S that is in phase with the mixture, within 0..1;
and complex, whose size is at most one. Each once with a value for every bin and once with what the networks have:
bands, the least-squares mask among those that are interpolated between them. Two numbers in place of one make a complex
mask twice as large an output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.linalg import solveh_banded

from bench.lib.command import parser_of, run_bench
from rtsep.dsp.windows import PROFILES, Geometry
from training.corpora.detect import validation_songs
from training.evaluation.bss_eval import BssEval
from training.evaluation.clips import Clip, whole_clips
from training.nets.band_gru import BandGruConfig
from training.nets.bands import triangles
from training.nets.spectra import resynthesise, spectra
from training.recipes.recipe import find_recipe

DATA = Path(os.environ.get("RTSEP_DATA", "../shared/data"))
TARGETS = ("guitar", "drums")
TINY = 1e-9
Spectrum = NDArray[np.complexfloating[Any, Any]]
Mask = Callable[[Spectrum, Spectrum], Spectrum]


def ratio(requested: Spectrum, rest: Spectrum) -> Spectrum:
    """Share of the magnitudes; arguments and result (hops, bins)."""
    return (np.abs(requested) / (np.abs(requested) + np.abs(rest) + TINY)).astype(np.complex64)


def phase_sensitive(requested: Spectrum, rest: Spectrum) -> Spectrum:
    """Real part of the quotient of target and mixture, within 0..1."""
    return np.clip(_quotient(requested, requested + rest).real, 0.0, 1.0).astype(np.complex64)


def complex_unit(requested: Spectrum, rest: Spectrum) -> Spectrum:
    """Quotient of target and mixture, made no larger than one."""
    quotient = _quotient(requested, requested + rest)
    return quotient / np.maximum(np.abs(quotient), 1.0)


def banded(mask: Mask, spread: NDArray[np.float32]) -> Mask:
    """Make a mask of every bin one of bands: the least squared error of the masked mixture, then no larger than one.

    Parameters
    ----------
    spread
        Weights of each band in each bin, (bands, bins); only neighbours overlap.
    """
    def in_bands(requested: Spectrum, rest: Spectrum) -> Spectrum:
        power = np.square(np.abs(requested + rest)) + TINY
        aim = (power * mask(requested, rest)) @ spread.T
        own, shared = power @ np.square(spread).T, power @ (spread[1:] * spread[:-1]).T
        hops = [solveh_banded(np.stack([diagonal, np.append(beside, 0.0)]), value, lower=True)
                for diagonal, beside, value in zip(own, shared, aim, strict=True)]
        found = np.array(hops, np.complex64)
        return (found / np.maximum(np.abs(found), 1.0)) @ spread
    return in_bands


def separate(clip: Clip, geometry: Geometry, mask: Mask) -> NDArray[np.float32]:
    """Mask a clip's mixture by what its true parts say, (frames,)."""
    late, before = geometry.synthesis - geometry.hop, geometry.analysis - geometry.hop
    after = -(-(clip.requested.size + late) // geometry.hop) * geometry.hop - clip.requested.size
    parts = np.stack([np.pad(part, (before, after)) for part in (clip.requested, clip.rest)])
    requested, rest = spectra(torch.from_numpy(parts), geometry.analysis, geometry).numpy()
    sound = resynthesise(torch.from_numpy(mask(requested, rest) * (requested + rest)), geometry).numpy()
    return np.asarray(sound[late:late + clip.requested.size])


def _quotient(requested: Spectrum, mixture: Spectrum) -> Spectrum:
    return np.asarray(requested * mixture.conj() / (np.square(np.abs(mixture)) + TINY), np.complex64)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = parser_of("masks", __doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with medleydb/")
    parser.add_argument("--profile", choices=tuple(PROFILES), default="stage")
    options = parser.parse_args(arguments)
    return run_bench(parser, options, lambda: measure(options.data, options.profile), show)


def measure(data: Path, profile: str) -> dict[str, Any]:
    """Score every ideal mask, per bin and per band."""
    clips = [clip for song in validation_songs(data) for clip in whole_clips(song, "all") if clip.measurable]
    geometry, network = PROFILES[profile], find_recipe("stage").network
    assert isinstance(network, BandGruConfig)
    spread = triangles(geometry.bins, network.bands, network.linear_bands)
    masks = {"ratio of magnitudes": ratio, "phase-sensitive": phase_sensitive, "complex": complex_unit}
    columns = [*TARGETS, *(f"{target}, bands" for target in TARGETS)]
    rows = {name: [_mean_sdr(clips, target, geometry, form) for form in (mask, banded(mask, spread))
                   for target in TARGETS] for name, mask in masks.items()}
    return {"profile": profile, "mixtures": len(clips), "bins": geometry.bins, "bands": network.bands,
            "columns": columns, "sdr_db": rows}


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("mask", *report["columns"],
                  title=f"SDR in dB of ideal masks, {report['profile']}'s windows: {report['mixtures']} mixtures, "
                        f"{report['bins']} bins or {report['bands']} bands")
    for name, scores in report["sdr_db"].items():
        table.add_row(name, *(f"{score:.2f}" for score in scores))
    Console().print(table)


def _mean_sdr(clips: list[Clip], target: str, geometry: Geometry, mask: Mask) -> float:
    """Mean SDR (BSS Eval 3) over the clips of a target."""
    return float(np.mean([BssEval(clip.requested, clip.rest)(separate(clip, geometry, mask)).sdr
                          for clip in clips if clip.target == target]))


if __name__ == "__main__":
    sys.exit(main())
