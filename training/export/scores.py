"""The quality of the shipped models as tables of the documents, out of the cards in `models/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

MODELS = Path(__file__).parents[2] / "models"
SHIPPED = ("stage", "ultra", "song", "instrumental", "paper")
STEMS = ("rest", "guitar", "drums", "vocals", "bass")
Bounds = Mapping[str, tuple[float | None, ...]]
UNTOUCHED, IDEAL = "untouched mixture", "ideal mask"
SINGERS: Bounds = {UNTOUCHED: (6.3, -6.3, -3.3, -3.9, -6.0), IDEAL: (12.9, 6.5, 8.3, 10.5, 6.4)}
NO_SINGERS: Bounds = {UNTOUCHED: (4.8, -4.8, -1.0, None, -3.5), IDEAL: (12.3, 7.5, 9.7, None, 8.2)}
"""What `evaluate --full-mixes` prints beside all models: of the songs alone, in dB in the order of `STEMS`."""
IDEAL_AT_0_DB = {"guitar": 11.0, "drums": 10.2}
PAPER_AT_0_DB = {"guitar": 5.7, "drums": 3.6}
"""Of `evaluate`, and the paper's Table 3."""


@cache
def quality_of(model: str) -> dict[str, Any]:
    """Scores in the card of a shipped model."""
    quality: dict[str, Any] = yaml.safe_load((MODELS / f"{model}.yaml").read_text("utf-8"))["quality"]
    return quality


def full_mixes() -> str:
    """Write the scores on full mixes: songs with singers, then without."""
    rows = [["", *STEMS], ["---"] * (1 + len(STEMS))]
    for title, group, bounds in (("three songs with singers", "songs", SINGERS),
                                 ("two songs without", "instrumental", NO_SINGERS)):
        rows.append([f"{title}: {UNTOUCHED}", *map(_cell, bounds[UNTOUCHED])])
        rows += [[f"`{model}`", *map(_cell, _full(model, group))] for model in SHIPPED]
        rows.append([IDEAL, *map(_cell, bounds[IDEAL])])
    return _table(rows)


def at_0_db() -> str:
    """Write the scores on the references' mixtures."""
    titles = ["SDR, dB", *(f"`{model}`" for model in SHIPPED), IDEAL, "the paper, other songs"]
    rows = [titles, ["---"] * len(titles)]
    rows += [[target, *(_cell(quality_of(model)[target]["sdr"]) for model in SHIPPED),
              _cell(IDEAL_AT_0_DB[target]), _cell(PAPER_AT_0_DB[target])] for target in ("guitar", "drums")]
    return _table(rows)


def headline() -> str:
    """Write the row of the README."""
    def told(scores: Iterable[float | None]) -> str:
        return " / ".join(map(_cell, scores))

    found = f"{told(_full('stage', 'songs'))}; `song` {told(_full('song', 'songs'))}"
    bounds = "; ".join(f"{title} {told(scores)}" for title, scores in SINGERS.items())
    return (f"| SDR on full mixes with singers, dB: {' / '.join(STEMS)} | {found} ({bounds}) | "
            f"`python -m training --data DATA evaluate stage song --full-mixes` | any |")


def _full(model: str, group: str) -> tuple[float | None, ...]:
    scores = quality_of(model)["full_mixes"][group]
    return tuple(scores.get(stem) for stem in STEMS)


def _cell(score: float | None) -> str:
    return "–" if score is None else f"{round(score, 1) + 0.0:.1f}"


def _table(rows: Iterable[Iterable[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
