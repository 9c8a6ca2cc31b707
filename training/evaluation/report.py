"""What an evaluation found, as tables in the terminal and as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from training.evaluation.evaluate import ENDLESS_DB, MEASURES, Result, summary

COLUMNS = (*MEASURES, "sdr_4", "singers_cost")
TITLES = {"sdr_4": "SDR v4", "singers_cost": "singers"}


def groups_of(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Targets and splits that any result has scores of."""
    return list(dict.fromkeys(group for result in results for group in result.groups()))


def show(results: Sequence[Result], title: str, per_clip: bool) -> None:
    """Print means of every system and bound, one table a target and split, and single clips where requested."""
    console = Console()
    for target, split in groups_of(results):
        if per_clip:
            _show_clips(console, results[0], target, split)
        table = _table(f"{target}, {split}", "system", "mean")
        for result in results:
            means = summary(result.chosen(target, split))
            if means:
                table.add_row(result.name, "of clips", *(cell(means.get(name)) for name in COLUMNS))
                table.add_row("", "by length", *(cell(means.get(f"g{name}")) for name in COLUMNS))
        console.print(table)
        console.print(f"{counted(results, target, split)}: {title}\n")
    for result in results:
        for item in result.leakage:
            console.print(f"{result.name}: on {item.song}, which has none, the {item.target} stem is "
                          f"{-item.level_db:.1f} dB below the mixture")


def counted(results: Sequence[Result], target: str, split: str) -> str:
    """Say how many clips a table stands on."""
    scores = max((result.chosen(target, split) for result in results), key=len)
    songs = len({score.song for score in scores})
    return f"{len(scores)} clips of {songs} songs, {sum(score.seconds for score in scores):.0f} s"


def document(results: Sequence[Result], title: str, skipped: dict[str, str]) -> dict[str, Any]:
    """Collect everything for a JSON file."""
    return {"clips": title, "skipped": skipped,
            "systems": [{"name": result.name, "times_real_time": round(result.times_real_time, 1),
                         "means": [{"target": target, "split": split, **summary(result.chosen(target, split))}
                                   for target, split in result.groups()],
                         "leakage": [asdict(item) for item in result.leakage],
                         "scores": [asdict(score) for score in result.scores]} for result in results]}


def column_title(name: str) -> str:
    """Write a measure's name as tables show it."""
    return TITLES.get(name, name.upper())


def cell(value: float | None) -> str:
    """Write a figure, or that there is none."""
    if value is None:
        return ""
    return "∞" if value > ENDLESS_DB else f"{value:.2f}"


def _show_clips(console: Console, result: Result, target: str, split: str) -> None:
    """Print the scores of every clip of one system."""
    table = _table(f"{result.name}: {target}, {split}", "song", "s")
    for score in result.chosen(target, split):
        table.add_row(score.song, f"{score.seconds:.1f}", *(cell(getattr(score, name)) for name in COLUMNS))
    console.print(table)


def _table(title: str, *first: str) -> Table:
    """Begin a table of all measures; `singers` is the SDR that the song's singers cost."""
    return Table(*first, *map(column_title, COLUMNS), title=f"{title}: BSS Eval 3, dB", box=SIMPLE)
