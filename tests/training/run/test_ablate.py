"""Ablation tables: strict, resumable, a row for each change."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rtsep.errors import ConfigError
from training.corpora.songs import Song
from training.run.ablate import ablate, read_ablation, table
from training.run.devices import World
from training.run.journal import read_rows

TABLES = sorted(Path(__file__).parents[3].joinpath("training", "recipes", "ablations").glob("*.yaml"))


@pytest.mark.parametrize("path", TABLES, ids=[path.stem for path in TABLES])
def test_committed_tables_change_one_thing_a_row(path: Path) -> None:
    ablation = read_ablation(path)
    recipes = list(ablation.rows.values())
    assert len(recipes) > 5
    for recipe in recipes:
        assert recipe.optimiser == recipes[0].optimiser
        others = [sum(getattr(recipe, part) != getattr(other, part) for part in ("network", "mixtures", "loss"))
                  for other in recipes if other is not recipe]
        assert min(others) == 1, "it differs from some other row in one thing, and from none in nothing"


@pytest.mark.parametrize(("fields", "message"), [
    ({"base": "stage"}, "expected a mapping of base, overrides, seeds, rows"),
    ({"base": "stage", "row": {"a": {}}}, "expected a mapping of base, overrides, seeds, rows"),
    ({"base": "banjo", "rows": {"a": {}}}, "no recipe banjo"),
    ({"base": "stage", "rows": {"a": {"losses": {}}}}, "rows: a: unknown key 'losses'"),
    ({"base": "stage", "rows": {"a": 3}}, "rows: a: expected a mapping, got 3"),
    ({"base": "stage", "overrides": [1], "rows": {"a": {}}}, "overrides: expected a mapping, got [1]"),
    ({"base": "stage", "rows": {}}, "rows: expected names that make one folder each and begin with no dot, got []"),
    ({"base": "stage", "rows": {"..": {}}}, "begin with no dot, got ['..']"),
    ({"base": "stage", "rows": {"a/b": {}, "a-b": {}}}, "names that make one folder each"),
    ({"base": "stage", "seeds": 3, "rows": {"a": {}}}, "seeds: expected a list of whole numbers, got 3"),
])
def test_mistakes_are_named(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(fields))
    with pytest.raises(ConfigError) as error:
        read_ablation(tmp_path / "t.yaml")
    assert message in str(error.value)


def write_table(tmp_path: Path, recipe: Path, rows: dict[str, object]) -> Path:
    """Write an ablation of the tiny recipe with two seeds."""
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump({"base": str(recipe), "overrides": {"optimiser": {"steps": 2}}, "seeds": [1, 2],
                                    "rows": rows}, sort_keys=False))
    return path


def test_rows_are_trained_once_and_kept(tiny_recipe: Path, noise_stems: Path, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([{"guitar": 1.0, "drums": 2.0}, {"guitar": 3.0, "drums": 4.0}, {"guitar": 5.0, "drums": 6.0}])
    monkeypatch.setattr("training.run.trainer.network_scores", lambda *_: next(scores))
    songs = [Song.__new__(Song)]  # never looked at: the scores are given
    rows: dict[str, object] = {"as it is": {}}
    out = tmp_path / "out"
    ablate(read_ablation(write_table(tmp_path, tiny_recipe, rows)), noise_stems, songs, out, 0, World())
    first = read_rows(out / "as it is" / "1" / "log.csv")
    rows["magnitude L1/MSE"] = {"loss": {"magnitude_l1": 1.0}}
    longer = read_ablation(write_table(tmp_path, tiny_recipe, rows))
    with pytest.raises(StopIteration):  # the third run is scored, the fourth finds no more scores
        ablate(longer, noise_stems, songs, out, 0, World())
    assert read_rows(out / "as it is" / "1" / "log.csv") == first
    lines = (out / "table.md").read_text().splitlines()
    assert lines[0] == "| | guitar | drums | mean | against the first | audio, h | training, min | runs |"
    assert lines[2].startswith("| as it is | 2.00 | 3.00 | 2.50 ± 1.41 |  | 0.00 |")
    assert lines[2].endswith("| 2 |")
    assert lines[3].startswith("| magnitude L1/MSE | 5.00 | 6.00 | 5.50 | +4.00 | 0.00 |")
    assert table(longer, tmp_path / "nothing").count("\n") == 2


def test_songs_are_needed(tiny_recipe: Path, noise_stems: Path, tmp_path: Path) -> None:
    ablation = read_ablation(write_table(tmp_path, tiny_recipe, {"a": {}}))
    with pytest.raises(ConfigError, match="scored on real songs"):
        ablate(ablation, noise_stems, [], tmp_path / "out", 0, World())
