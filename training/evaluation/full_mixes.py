"""What a model is worth on full mixes: plain SDR of each stem, and of the mix without the guitar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from scipy import signal

from rtsep.types import Audio
from training.corpora.full_mixes import FullMix
from training.evaluation.separators import Separate

TARGETS = ("rest", "guitar", "drums", "vocals", "bass")
"""What is measured; `rest` is the mix without the electric guitar, as `--remove guitar` plays it."""
CHOOSING = ("guitar", "drums", "vocals", "bass")
"""Targets whose mean chooses checkpoints: `rest` has the very error of the guitar."""
CHOICE, SILENCE = "full_mean", "full_silence"
"""Columns of a log: what chooses checkpoints; level of the guitar stem where no guitar plays."""
TITLE = ("full stereo mixes, songs with singers at the levels of songs: SDR in dB, 10 log10 of the energy of the truth "
         "over that of the error, both channels together")
WINDOW = {"window": np.sqrt(signal.get_window("hann", 1024)), "nperseg": 1024, "noverlap": 768}


@dataclass(frozen=True)
class MixScore:
    """SDR of one target of one mix, dB: of the untouched mixture, of what a model found, of the ideal mask.

    `model` is None if the model lacks the stem.
    """

    song: str
    group: str
    target: str
    mixture: float
    model: float | None
    ideal: float


@dataclass(frozen=True)
class MixScores:
    """All that full mixes tell of a model.

    Parameters
    ----------
    scores
        One a mix and target that plays.
    silence_db
        Level of the guitar stem against the mixture, by the songs that have no electric guitar, dB.
    """

    scores: tuple[MixScore, ...]
    silence_db: Mapping[str, float]

    def mean(self, target: str, groups: Sequence[str] = ("songs",), of: str = "model") -> float | None:
        """Mean over the songs of some groups of a column of `MixScore`; None if nothing was measured."""
        values = [value for score in self.scores if score.target == target and score.group in groups
                  and (value := getattr(score, of)) is not None]
        return float(np.mean(values)) if values else None

    def summary(self) -> dict[str, Any]:
        """Mean of each target over the songs with singers, and over the others, for a card."""
        means = {group: {target: round(value, 2) for target in TARGETS
                         if (value := self.mean(target, (group,))) is not None}
                 for group in ("songs", "instrumental", "real_stereo")}
        silence = {song: round(level, 1) for song, level in self.silence_db.items()}
        return {"measure": TITLE, **{group: found for group, found in means.items() if found},
                "guitar_level_db": silence}


def score_mixes(separate: Separate, mixes: Iterable[FullMix]) -> MixScores:
    """Separate full mixes, and score what was found.

    Parameters
    ----------
    separate
        Takes stereo; it may lack targets.
    mixes
        From `read_full_mixes`.
    """
    scores: list[MixScore] = []
    silence: dict[str, float] = {}
    for mix in mixes:
        found = separate(mix.mixture)
        if mix.group == "no_guitar":
            if "guitar" in found:
                silence[mix.name] = 10.0 * float(np.log10(_energy(found["guitar"]) / _energy(mix.mixture) + 1e-12))
            continue
        scores += [MixScore(mix.name, mix.group, target, mixture, _found(mix, target, found), ideal)
                   for target, (mixture, ideal) in bounds(mix).items()]
    return MixScores(tuple(scores), silence)


def choice_score(scores: MixScores) -> float:
    """Mean SDR of the stems over songs with singers and instrumental ones, by which checkpoints are chosen, dB."""
    values = [value for target in CHOOSING
              if (value := scores.mean(target, ("songs", "instrumental"))) is not None]
    return float(np.mean(values)) if values else float("nan")


def mix_columns(scores: MixScores) -> dict[str, float]:
    """Columns of a log: the choice, each target over songs with singers, and where there is no guitar its level, dB."""
    means = {f"full_{target}": value for target in TARGETS if (value := scores.mean(target)) is not None}
    levels = list(scores.silence_db.values())
    return {CHOICE: choice_score(scores), **means, **({SILENCE: float(np.mean(levels))} if levels else {})}


def sdr(truth: Audio, estimate: Audio) -> float:
    """Plain signal-to-distortion ratio over all channels, dB."""
    return 10.0 * float(np.log10(_energy(truth) / (_energy(truth - estimate) + 1e-12)))


@lru_cache(maxsize=32)
def bounds(mix: FullMix) -> dict[str, tuple[float, float]]:
    """SDR of the untouched mixture and of the ideal mask, by target, dB; computed once a mix."""
    ideal = ideal_stems(mix)
    return {target: (sdr(mix.mixture - mix.stems[stem] if target == "rest" else mix.stems[stem], mix.mixture),
                     _target_sdr(mix, target, ideal[stem]))
            for target in TARGETS if (stem := _stem(target)) in mix.stems}


def ideal_stems(mix: FullMix) -> dict[str, Audio]:
    """Separate by the ideal ratio mask of each channel, root-Hann of 1024 frames, hop 256; each float32 (2, frames)."""
    spectra = {name: _spectrum(audio) for name, audio in mix.stems.items()}
    magnitudes = np.sum([np.abs(spectrum) for spectrum in spectra.values()], axis=0) + 1e-12
    ratio = np.sum(list(spectra.values()), axis=0) / magnitudes
    frames = mix.mixture.shape[1]
    return {name: np.asarray(signal.istft(np.abs(spectrum) * ratio, **WINDOW)[1][:, :frames], np.float32)
            for name, spectrum in spectra.items()}


def show_mixes(found: Mapping[str, MixScores], console: Console | None = None) -> None:
    """Print a table of songs and means for each model."""
    console = console or Console()
    for name, scores in found.items():
        table = Table("song", *TARGETS, title=f"{name}: mixture > model of ideal mask, dB", box=SIMPLE)
        for group in dict.fromkeys(score.group for score in scores.scores):
            rows = [score for score in scores.scores if score.group == group]
            for song in dict.fromkeys(score.song for score in rows):
                table.add_row(song + (" (released)" if group == "real_stereo" else ""),
                              *(_cell([row for row in rows if (row.song, row.target) == (song, target)])
                                for target in TARGETS))
            table.add_row(f"mean: {group}", *(_cell([row for row in rows if row.target == target])
                                              for target in TARGETS), style="bold", end_section=True)
        console.print(table)
        for song, level in scores.silence_db.items():
            console.print(f"{name}: on {song}, which has none, the guitar stem is {-level:.1f} dB below the mixture")
    console.print(TITLE)


def _found(mix: FullMix, target: str, found: Mapping[str, Audio]) -> float | None:
    """SDR of what a model found; None if it lacks the stem."""
    stem = _stem(target)
    return _target_sdr(mix, target, found[stem]) if stem in found else None


def _target_sdr(mix: FullMix, target: str, estimate: Audio) -> float:
    """SDR of a target, of which its stem is estimated."""
    truth, mixture = mix.stems[_stem(target)], mix.mixture
    return sdr(mixture - truth, mixture - estimate) if target == "rest" else sdr(truth, estimate)


def _stem(target: str) -> str:
    """Stem that a target is made of; the rest is the mixture without the guitar."""
    return "guitar" if target == "rest" else target


def _spectrum(audio: Audio) -> Any:
    return signal.stft(audio, **WINDOW)[2]


def _energy(audio: Audio) -> float:
    return float(np.sum(np.square(audio, dtype=np.float64)))


def _cell(rows: Sequence[MixScore]) -> str:
    if not rows:
        return ""
    mixture, ideal = (float(np.mean([getattr(row, name) for row in rows])) for name in ("mixture", "ideal"))
    found = [row.model for row in rows if row.model is not None]
    return f"{mixture:.1f} > {f'{float(np.mean(found)):.2f}' if found else '–'} of {ideal:.1f}"
