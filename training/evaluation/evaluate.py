"""Measures models on clips, beside the bounds of what a mask can do: none at all, and the ideal one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from rtsep.dsp.mask import mask_weights, soft_mask
from rtsep.dsp.stft import Analysis, Synthesis
from rtsep.dsp.windows import Geometry
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.songs import Song
from training.evaluation.bss_eval import BssEval, sdr_version_3
from training.evaluation.clips import Clip, whole_clips
from training.evaluation.separators import Separate
from training.evaluation.systems import System

MIXTURE = "mixture"
IDEAL = "ideal mask"
MEASURES = ("sdr", "sir", "sar", "nsdr")
ENDLESS_DB = 100.0  # above, a ratio is infinite but for rounding, as the mixture's SAR
REQUESTED_FIRST = np.array([[1.0, 0.0]], np.float32)


@dataclass(frozen=True)
class Score:
    """BSS Eval 3 of one clip in dB, version 4's SDR, and the SDR that the song's singers cost where it has some."""

    song: str
    split: str
    target: str
    seconds: float
    sdr: float
    sir: float
    sar: float
    nsdr: float
    sdr_4: float
    singers_cost: float | None = None


@dataclass(frozen=True)
class Leakage:
    """Level of a stem below a mixture in which it does not play, dB."""

    song: str
    split: str
    target: str
    level_db: float


@dataclass
class Result:
    """Everything measured of one system, or of a bound; `elapsed_s` is processor time, free of other work."""

    name: str
    scores: list[Score] = field(default_factory=list)
    leakage: list[Leakage] = field(default_factory=list)
    heard_s: float = 0.0
    elapsed_s: float = 0.0

    @property
    def times_real_time(self) -> float:
        """Seconds of sound separated in one second of processor time; 0 for bounds."""
        return self.heard_s / self.elapsed_s if self.elapsed_s else 0.0

    def chosen(self, target: str, split: str) -> list[Score]:
        """Scores of one target in one split."""
        return [score for score in self.scores if (score.target, score.split) == (target, split)]

    def groups(self) -> list[tuple[str, str]]:
        """Targets and splits that have scores, in the order of their first."""
        return list(dict.fromkeys((score.target, score.split) for score in self.scores))


def measure(systems: Sequence[System], clips: Iterable[Clip], targets_of: Callable[[Sequence[str]], Sequence[str]],
            progress: Callable[[Clip], None] = lambda clip: None) -> list[Result]:
    """Measure systems and bounds on the same clips.

    Parameters
    ----------
    systems
        With names that differ.
    targets_of
        Which of a system's stems the clips can measure.
    progress
        Called before every clip.

    Returns
    -------
    results
        One a system in their order, then the mixture's, then the ideal mask's of each geometry.
    """
    names = [system.name for system in systems] + [MIXTURE] + [ideal_name(one) for one in geometries(systems)]
    results = {name: Result(name) for name in names}
    for clip in clips:
        users = [system for system in systems if clip.target in targets_of(system.stems)]
        if users and np.any(clip.rest):
            progress(clip)
            _measure_clip(users, clip, results)
    return list(results.values())


def evaluate(separate: Separate, songs: Sequence[Song], targets: Sequence[str]) -> dict[str, Any]:
    """Measure one model on whole songs by the paper's mixtures; what the model's card says of its quality."""
    system = System("model", tuple(targets), separate, "", 0, None, None)
    clips = [clip for song in songs for clip in whole_clips(song, "all")]
    result = measure([system], clips, lambda stems: stems)[0]
    means = {target: summary(result.chosen(target, split)) for target, split in result.groups()}
    return {"measure": "BSS Eval 3, paper's mixtures: target at 0 dB against all but the vocals, mean over songs; "
                       "sdr_4 is BSS Eval 4", **means,
            "guitar_leakage_db": {item.song: round(item.level_db, 1) for item in result.leakage
                                  if item.target == "guitar"},
            "songs": [asdict(score) for score in result.scores]}


def summary(scores: Sequence[Score]) -> dict[str, float]:
    """Mean over clips and length-weighted mean (g...) of each measure, dB; nothing where there are no clips."""
    if not scores:
        return {}
    seconds = [score.seconds for score in scores]
    means = {}
    for name in (*MEASURES, "sdr_4"):
        values = [getattr(score, name) for score in scores]
        means[name] = round(float(np.mean(values)), 2)
        means[f"g{name}"] = round(float(np.average(values, weights=seconds)), 2)
    costs = [score.singers_cost for score in scores if score.singers_cost is not None]
    return means | ({"singers_cost": round(float(np.mean(costs)), 2)} if costs else {})


def geometries(systems: Sequence[System]) -> list[Geometry]:
    """List the transforms of the systems, each once."""
    return list(dict.fromkeys(system.geometry for system in systems if system.geometry is not None))


def ideal_name(geometry: Geometry) -> str:
    """Name of the ideal mask's row."""
    return f"{IDEAL} {geometry.analysis}/{geometry.synthesis}/{geometry.hop}"


def ideal_mask(clip: Clip, geometry: Geometry) -> Audio:
    """Separate with the mask of Eq. 8 made of the true magnitudes: the most that such a mask can do, (frames,)."""
    late = geometry.synthesis - geometry.hop
    hops = -(-(clip.requested.size + late) // geometry.hop)
    parts = np.zeros((2, hops * geometry.hop), np.float32)
    parts[0, :clip.requested.size], parts[1, :clip.rest.size] = clip.requested, clip.rest
    spectra, _ = Analysis(geometry, 2).push(parts)
    masks = soft_mask(np.abs(spectra), mask_weights(REQUESTED_FIRST))
    sound = Synthesis(geometry, (1,)).push(masks * spectra.sum(axis=1, keepdims=True))
    return np.asarray(sound[0, late:late + clip.requested.size])


def _measure_clip(systems: Sequence[System], clip: Clip, results: dict[str, Result]) -> None:
    """Separate one clip with every system that can, and score it, or its leakage where the target is silent."""
    if not clip.measurable:
        for system in systems:
            level = _energy_db(_timed(system, clip.mixture, results)[clip.target]) - _energy_db(clip.mixture)
            results[system.name].leakage.append(Leakage(clip.song, clip.split, clip.target, level))
        return
    reference = BssEval(clip.requested, clip.rest)
    before = reference(clip.mixture).sdr

    def score(estimate: Audio, sung: Audio | None = None) -> Score:
        found = reference(estimate)
        cost = None if sung is None else found.sdr - sdr_version_3(clip.requested, sung)
        return Score(clip.song, clip.split, clip.target, clip.seconds, found.sdr, found.sir, found.sar,
                     found.sdr - before, found.sdr_4, cost)

    results[MIXTURE].scores.append(score(clip.mixture))
    sung = replace(clip, rest=clip.rest + clip.vocals) if np.any(clip.vocals) else None
    for geometry in geometries(systems):
        results[ideal_name(geometry)].scores.append(
            score(ideal_mask(clip, geometry), ideal_mask(sung, geometry) if sung else None))
    for system in systems:
        estimate, *with_singers = (_timed(system, one.mixture, results)[clip.target] for one in (clip, sung) if one)
        results[system.name].scores.append(score(estimate, *with_singers))


def _timed(system: System, mixture: Audio, results: dict[str, Result]) -> dict[str, Audio]:
    """Separate, and add to the system's clock."""
    began = time.process_time()
    stems = {name: audio[0] for name, audio in system.separate(mixture[np.newaxis]).items()}
    results[system.name].elapsed_s += time.process_time() - began
    results[system.name].heard_s += mixture.size / SAMPLERATE
    return stems


def _energy_db(audio: Audio) -> float:
    return float(10.0 * np.log10(np.sum(np.square(audio, dtype=np.float64)) + 1e-12))
