"""Ablations: one recipe with a list of changes, every row trained alike and scored on the same real songs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtsep.controls.shown import shown
from rtsep.errors import ConfigError
from training.corpora.full_mixes import FullMix
from training.corpora.songs import Song
from training.evaluation.full_mixes import CHOICE
from training.evaluation.full_mixes import TARGETS as MIX_TARGETS
from training.evaluation.validation import TARGETS
from training.recipes.recipe import Recipe, find_recipe, overridden, read_yaml
from training.run.devices import World
from training.run.journal import read_rows
from training.run.trainer import Trainer

Ends = dict[int, dict[str, float]]
KEYS = ("base", "overrides", "seeds", "rows")


@dataclass(frozen=True)
class Ablation:
    """What a table compares.

    Parameters
    ----------
    rows
        One recipe a row, by the row's name.
    seeds
        Each row is trained once with each of them.
    """

    rows: dict[str, Recipe]
    seeds: tuple[int, ...]


def read_ablation(path: Path) -> Ablation:
    """Read a table: `base` (a recipe), `overrides` of all rows, `seeds`, and `rows` (name: changes).

    Raises
    ------
    ConfigError
        For a key, recipe or change that does not exist; the message gives its row.
    """
    fields = read_yaml(path)
    if not isinstance(fields, dict) or set(fields) - set(KEYS) or not isinstance(fields.get("rows"), dict):
        raise ConfigError(f"{path}: expected a mapping of {', '.join(KEYS)}, with the rows a mapping of name: changes")
    folders = [_folder(str(name)) for name in fields["rows"]]
    if not folders or len(set(folders)) < len(folders) or any(name.startswith(".") for name in folders):
        raise ConfigError(f"{path.name}: rows: expected names that make one folder each and begin with no dot, got "
                          f"{shown(list(fields['rows']))}")
    base = overridden(find_recipe(str(fields.get("base"))), fields.get("overrides") or {}, f"{path.name}: overrides")
    rows = {str(name): overridden(base, changes or {}, f"{path.name}: rows: {name}")
            for name, changes in fields["rows"].items()}
    seeds = fields.get("seeds", [base.optimiser.seed])
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int for seed in seeds):
        raise ConfigError(f"{path.name}: seeds: expected a list of whole numbers, got {seeds!r}")
    return Ablation(rows, tuple(seeds))


def _folder(name: str) -> str:
    """Name of a row's folder."""
    return name.replace("/", "-")


def ablate(ablation: Ablation, stems_root: Path, songs: list[Song], out: Path, workers: int, world: World,
           mixes: Sequence[FullMix] = ()) -> Path:
    """Train every row with every seed and write the table after each run; finished runs are kept.

    Parameters
    ----------
    ablation
        What is compared.
    stems_root
        Folder of stems.
    songs
        Real songs that are scored after the last step, with the averaged weights.
    out
        Folder for the table and for one folder a row and seed; a run in it is gone on with.
    workers
        Processes that mix.
    world
        Device, and the processes that share every batch.
    mixes
        Full mixes of real songs, which are scored too, and come first in the table.

    Returns
    -------
    table
        `out/table.md`.

    Raises
    ------
    ConfigError
        When there are no songs, or a run in `out` is of another recipe.
    """
    if not songs:
        raise ConfigError("an ablation is scored on real songs: put some into DATA/medleydb")
    for seed in ablation.seeds:  # all rows once before any row again, so that a table broken off is balanced
        for name, recipe in ablation.rows.items():
            run = out / _folder(name) / str(seed)
            run.mkdir(parents=True, exist_ok=True)
            trainer = Trainer(overridden(recipe, {"optimiser": {"seed": seed}}, name), stems_root, songs, run, world,
                              mixes=mixes)
            if (run / "last.pt").is_file():
                trainer.resume(run / "last.pt")
            trainer.train(recipe.optimiser.steps, workers)
            if world.leads:
                (out / "table.md").write_text(table(ablation, out))
    return out / "table.md"


def table(ablation: Ablation, out: Path) -> str:
    """Write the finished rows as markdown: SDR of each target, what chooses, and its change against the first row.

    Full mixes choose if there are any, else the mean of the references' mixtures does.

    Changes are between runs of one seed, which begin with the same weights where the network is the same, and hear
    the same mixtures where these are; then mean and standard deviation over the seeds.
    """
    ends = {name: _ends(recipe, out / _folder(name), ablation.seeds) for name, recipe in ablation.rows.items()}
    first = next(iter(ends.values()))
    logged = {column for runs in ends.values() for row in runs.values() for column in row}
    columns = [column for column in (*(f"full_{target}" for target in MIX_TARGETS), *TARGETS) if column in logged]
    titles = [*(column.replace("_", " ") for column in columns), "mean", "against the first", "audio, h",
              "training, min", "runs"]
    lines = [f"| | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for name, runs in ends.items():
        if runs:
            lines.append(f"| {name} | {' | '.join(_cells(runs, first, columns))} |")
    return "\n".join([*lines, ""])


def _ends(recipe: Recipe, folder: Path, seeds: Sequence[int]) -> Ends:
    """Last row of the log of each run that is finished, by its seed."""
    logs = {seed: read_rows(folder / str(seed) / "log.csv") for seed in seeds}
    return {seed: {name: float(value) for name, value in rows[-1].items()} for seed, rows in logs.items()
            if rows and int(rows[-1]["step"]) == recipe.optimiser.steps}


def _cells(runs: Ends, first: Ends, columns: Sequence[str]) -> list[str]:
    one = next(iter(runs.values()))
    sdr = {column: _mean([run[column] for run in runs.values()]) for column in columns if column in one}
    chosen = [CHOICE] if CHOICE in one else list(sdr)
    means = {seed: _mean([run[column] for column in chosen]) for seed, run in runs.items()}
    changes = [means[seed] - _mean([first[seed][column] for column in chosen]) for seed in runs
               if runs is not first and seed in first and set(chosen) <= set(first[seed])]
    minutes = _mean([run["seconds"] / 60 for run in runs.values()])
    return [*(f"{sdr[column]:.2f}" if column in sdr else "" for column in columns), _spread(means.values(), ""),
            _spread(changes, "+"), f"{next(iter(runs.values()))['audio_hours']:.2f}", f"{minutes:.1f}", str(len(runs))]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread(values: Collection[float], sign: str) -> str:
    """Write mean and standard deviation; nothing where there are no values."""
    deviation = f" ± {np.std(list(values), ddof=1):.2f}" if len(values) > 1 else ""
    return f"{_mean(list(values)):{sign}.2f}{deviation}" if values else ""
