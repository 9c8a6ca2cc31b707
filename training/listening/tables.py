"""The paper's Tables 5 and 6 out of a listening test's results, with 95 % confidence intervals, as markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from training.listening.clips import ANCHOR, MIXTURE, REFERENCE
from training.listening.sessions import Comparison, Key, Session

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value and half the width of its confidence interval (NaN where one listener gives none)."""

    value: float
    half: float

    @classmethod
    def of_listeners(cls, means: Sequence[float]) -> Estimate:
        """Mean over listeners with Student's t: answers of one listener are alike, so listeners are the sample.

        Parameters
        ----------
        means
            Mean score of each listener.
        """
        count = len(means)
        half = math.nan
        if count > 1:
            half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1) * np.std(means, ddof=1) / math.sqrt(count))
        return cls(float(np.mean(means)), half)

    def __str__(self) -> str:
        return f"{self.value:.2f}" + ("" if math.isnan(self.half) else f" ± {self.half:.2f}")


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Confidence interval of a share, 0..1 (Wilson, "Probable inference", 1927): sound at 0 and at all, too."""
    interval = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, "wilson")
    return float(interval.low), float(interval.high)


def mean_opinion(sessions: Iterable[Session], target: str, system: str) -> Estimate:
    """MOS of one system on one instrument."""
    return Estimate.of_listeners([
        float(np.mean([rating.score for rating in session.ratings
                       if (rating.clip.target, rating.clip.system) == (target, system)])) for session in sessions])


def preferences(sessions: Iterable[Session], target: str, system: str, other: str) -> list[list[int]]:
    """Scores of a system against another, positive where it was preferred, one list a listener."""
    return [[_signed(pair, system) for pair in session.comparisons
             if pair.first.target == target and {pair.first.system, pair.second.system} == {system, other}]
            for session in sessions]


def table_5(sessions: Sequence[Session], key: Key) -> str:
    """MOS of every system, of the hidden reference and of the low anchor."""
    rows = [*_systems(key), REFERENCE, ANCHOR]
    cells = [[_name(system), *(str(mean_opinion(sessions, target, system)) for target in key.targets())]
             for system in rows]
    return _markdown(["system", *(f"{target}, MOS" for target in key.targets())], cells)


def table_6(sessions: Sequence[Session], key: Key) -> str:
    """CMOS of every pair of systems: shares of preference, and on seven levels the mean score."""
    systems = _systems(key)
    pairs = [(system, other) for index, system in enumerate(systems) for other in systems[index + 1:]]
    rows = [[target, system, other, *_shares(preferences(sessions, target, system, other), key.scale)]
            for target in key.targets() for system, other in pairs]
    mean = ["mean score of the first"] if key.scale == "seven" else []
    return _markdown(["target", "first", "second", "first better", "equal", "second better", *mean], rows)


def doubtful_listeners(sessions: Iterable[Session]) -> list[str]:
    """Name the listeners who did not rate the hidden reference above the low anchor."""
    return [session.listener for session in sessions
            if _own_mean(session, REFERENCE) <= _own_mean(session, ANCHOR)]


def report(sessions: Sequence[Session], key: Key) -> str:
    """Write both tables with how they were made."""
    parts = ["## Table 5: mean opinion scores", table_5(sessions, key)]
    if len(_systems(key)) > 1:
        parts += ["## Table 6: comparisons", table_6(sessions, key)]
    parts.append(f"{len(sessions)} listeners. Intervals hold 95 %: Student's t over the listeners' means for scores, "
                 f"Wilson's over the votes for shares.")
    doubtful = doubtful_listeners(sessions)
    if doubtful:
        parts.append(f"Did not rate the hidden reference above the low anchor: {', '.join(doubtful)}.")
    return "\n\n".join(parts)


def _shares(scores: list[list[int]], scale: str) -> list[str]:
    """Cells of one pair: shares of better, equal and worse, and the mean where the scale has grades."""
    votes = np.array([score for own in scores for score in own])
    cells = []
    for expected in (1, 0, -1):
        count = int(np.sum(np.sign(votes) == expected))
        low, high = wilson(count, votes.size)
        cells.append(f"{100 * count / votes.size:.0f} % ({100 * low:.0f} to {100 * high:.0f})")
    if scale == "seven":
        cells.append(str(Estimate.of_listeners([float(np.mean(own)) for own in scores])))
    return cells


def _systems(key: Key) -> list[str]:
    return sorted({clip.system for clip in key.clips.values()} - {REFERENCE, MIXTURE, ANCHOR})


def _signed(pair: Comparison, system: str) -> int:
    """Score of a system in a comparison, which is given for the second sound."""
    return pair.score if pair.second.system == system else -pair.score


def _own_mean(session: Session, system: str) -> float:
    return float(np.mean([rating.score for rating in session.ratings if rating.clip.system == system]))


def _name(system: str) -> str:
    return {REFERENCE: "hidden reference", ANCHOR: "low anchor"}.get(system, system)


def _markdown(titles: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [titles, ["---"] * len(titles), *rows])
