"""Evaluation: bounds, means, leakage and singers; the command, its tables, pictures and the comparison."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.dsp.windows import PROFILES
from rtsep.types import Audio
from training.cli import main
from training.corpora.songs import Song
from training.evaluation.boxplot import draw_boxes
from training.evaluation.clips import Clip, whole_clips
from training.evaluation.evaluate import MIXTURE, Result, Score, evaluate, ideal_mask, measure, summary
from training.evaluation.published import MEASURES, TABLE_3
from training.evaluation.report import counted
from training.evaluation.systems import System, load_system

SAMPLERATE = 44100
RNG = np.random.default_rng(1)
DRUMS, GUITAR, OTHER, VOCALS = (0.1 * RNG.standard_normal(30000).astype(np.float32) for _ in range(4))
SONG = Song("a", {"drums": DRUMS, "guitar": GUITAR, "other": OTHER})
SUNG = Song("b", {"drums": DRUMS, "guitar": GUITAR, "other": OTHER, "vocals": VOCALS})
BARE = Song("c", {"drums": DRUMS, "other": OTHER})


def lazy(mixture: Audio) -> dict[str, Audio]:
    """Give the mixture for everything."""
    return {"guitar": mixture, "drums": mixture}


def system(name: str = "lazy") -> System:
    return System(name, ("guitar", "drums"), lazy, "none", 0, PROFILES["stage"], None)


def clips_of(*songs: Song) -> list[Clip]:
    return [clip for song in songs for clip in whole_clips(song, "all")]


def test_global_means_are_weighted_by_length() -> None:
    scores = [Score("a", "test", "guitar", 10.0, 2.0, 4.0, 6.0, 1.0, 0.0),
              Score("b", "test", "guitar", 30.0, 6.0, 8.0, 10.0, 5.0, 1.0, singers_cost=3.0)]
    means = summary(scores)
    assert (means["sdr"], means["gsdr"], means["gsir"], means["gsar"], means["gnsdr"]) == (4.0, 5.0, 7.0, 9.0, 4.0)
    assert (means["sdr_4"], means["singers_cost"]) == (0.5, 3.0)
    assert "singers_cost" not in summary(scores[:1])


def test_a_lazy_system_scores_as_the_mixture_below_the_ideal_mask() -> None:
    result, mixture, ideal = measure([system()], clips_of(SONG), lambda stems: stems)
    assert mixture.name == MIXTURE
    assert ideal.name == "ideal mask 1024/512/256"
    for one, other, best in zip(result.scores, mixture.scores, ideal.scores, strict=True):
        assert one.nsdr == other.nsdr == pytest.approx(0.0, abs=1e-9)
        assert one.sdr == pytest.approx(0.0, abs=0.3)
        assert best.sdr > 2.0
        assert one.singers_cost is None
    assert result.times_real_time > 0
    assert counted([result], "guitar", "all") == "1 clips of 1 songs, 1 s"


def test_leakage_is_the_level_of_a_stem_that_does_not_play() -> None:
    quiet = System("quiet", ("guitar",), lambda mixture: {"guitar": 0.1 * mixture}, "", 0, None, None)
    result = measure([quiet], clips_of(BARE), lambda stems: stems)[0]
    assert not result.scores
    assert result.leakage[0].level_db == pytest.approx(-20.0, abs=1e-3)


def test_singers_cost_what_they_take_from_the_sdr() -> None:
    result, _, ideal = measure([system()], clips_of(SUNG), lambda stems: stems)
    for score in result.scores:  # the voice adds as much noise again as each part of the accompaniment has
        assert score.singers_cost == pytest.approx(10 * np.log10(3 / 2), abs=0.4)
    for score in ideal.scores:
        assert score.singers_cost is not None
        assert 0.3 < score.singers_cost < 2.5, "an ideal mask cannot hide them either"


def test_the_ideal_mask_of_parts_that_do_not_overlap_separates_them() -> None:
    time = np.arange(SAMPLERATE) / SAMPLERATE
    low, high = (np.sin(2 * np.pi * hertz * time).astype(np.float32) for hertz in (200, 9000))
    found = ideal_mask(Clip("a", "all", "guitar", low, high, 0.0 * low), PROFILES["stage"])
    inside = slice(2000, -2000)  # an onset is everywhere in the spectrum
    assert np.sum((found - low)[inside] ** 2) < 1e-4 * np.sum(low[inside] ** 2)


def test_a_card_gets_means_of_each_target_and_leakage() -> None:
    found = evaluate(lazy, [SONG, BARE], ("guitar", "drums"))
    assert found["guitar"]["nsdr"] == found["drums"]["nsdr"] == 0.0
    assert found["guitar_leakage_db"] == {"c": 0.0}
    assert [score["song"] for score in found["songs"]] == ["a", "a"]
    assert json.loads(json.dumps(found)) == found
    assert set(evaluate(lazy, [], ("guitar",))) == {"measure", "guitar_leakage_db", "songs"}


def test_published_rows_are_whole() -> None:
    assert len({(row.system, row.target, row.split) for row in TABLE_3}) == 16
    assert all(len(row.values) == len(MEASURES) for row in TABLE_3)


def test_a_model_file_says_what_it_is(tiny_model: Path) -> None:
    found = load_system(str(tiny_model))
    assert found.latency_ms == pytest.approx(11.6, abs=0.05)
    assert found.geometry == PROFILES["stage"]
    assert 10_000 < found.parameters < 200_000


def test_box_plots_stand_endless_values(tmp_path: Path) -> None:
    scores = [Score(name, "test", "guitar", 20.0, 1.0, 2.0, 200.0, 3.0, 4.0) for name in "ab"]
    draw_boxes(tmp_path / "boxes.png", [Result(MIXTURE, scores), Result("none")], "guitar", "test")
    assert (tmp_path / "boxes.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Make a folder of two good songs and a broken one."""
    for name in ("one", "two", "broken"):
        (tmp_path / "songs" / name).mkdir(parents=True)
        for stem, audio in SUNG.stems.items():
            soundfile.write(tmp_path / "songs" / name / f"{stem}.wav", np.tile(audio, 3), SAMPLERATE)
    (tmp_path / "songs" / "broken" / "drums.wav").write_text("no sound")
    return tmp_path / "songs"


def test_the_command_measures_clips_and_writes_what_it_found(songs: Path, tiny_model: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    out = songs.parent / "found.json"
    assert main(["evaluate", str(tiny_model), "--corpus", str(songs), "--clips", "1", "--json", str(out),
                 "--plot", str(songs.parent / "boxes.png")]) == 0
    said = capsys.readouterr()
    assert "1 of 3 songs skipped: broken" in said.out
    assert "by length" in said.out
    found = json.loads(out.read_text())
    assert [one["name"] for one in found["systems"]] == ["tiny", MIXTURE, "ideal mask 1024/512/256"]
    assert len(found["systems"][0]["scores"]) == 8  # two songs of 2.04 s, two targets
    assert sorted(path.name for path in songs.parent.glob("*.png")) == ["boxes-drums-test.png", "boxes-guitar-test.png"]


def test_the_comparison_writes_tables_and_pictures(songs: Path, tiny_model: Path) -> None:
    page = songs.parent / "docs" / "comparison.md"
    assert main(["evaluate", "--compare", str(tiny_model), "--corpus", str(songs), "--clips", "1", "--split", "both",
                 "--out", str(page)]) == 0
    text = page.read_text()
    assert "| tiny | not said |" in text
    assert "no weights" not in text
    assert "| *the paper's 3 x 1000 GRU* | *5.66* | *10.13* | *7.90* |" in text
    assert "| ideal mask 1024/512/256 |" in text
    assert "## Drums, test (Table 3, Figure 4)" in text
    widths = [line.count("|") for line in text.splitlines() if line.startswith("| ")]
    assert set(widths) == {12}
    for line in text.splitlines():
        if line.startswith("!["):
            assert (page.parent / line.split("(")[1].rstrip(")")).is_file()


def test_the_comparison_mixes_clips_to_train_and_names_what_has_no_weights(songs: Path, tiny_model: Path,
                                                                           noise_stems: Path) -> None:
    page, found = songs.parent / "comparison.md", songs.parent / "found.json"
    assert main(["evaluate", "--compare", str(tiny_model), "refs/paper_mse.onnx", "--corpus", str(songs), "--stems",
                 str(noise_stems), "--clips", "1", "--out", str(page), "--json", str(found)]) == 0
    text = page.read_text()
    assert "**paper_mse has no weights here.**" in text
    assert "train paper_mse STEMS runs/paper_mse" in text
    assert "refs/paper_mse.onnx" in text.split("This page")[0]
    assert "12 clips of 12 songs, 12 s.\n" in text.split("## Guitar, train")[1].split("## ")[0]
    scores = json.loads(found.read_text())["systems"][0]["scores"]
    assert {(score["split"], score["song"]) for score in scores} == {
        *(("train", f"mixture {number}") for number in range(1, 13)), ("test", "one"), ("test", "two")}


def test_musdb_is_measured_by_the_articles_protocol(tmp_path: Path, tiny_model: Path,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    for split in ("train", "test"):
        (tmp_path / "musdb" / split / "A").mkdir(parents=True)
        for stem, audio in {"drums": DRUMS, "bass": GUITAR, "other": OTHER, "vocals": VOCALS}.items():
            soundfile.write(tmp_path / "musdb" / split / "A" / f"{stem}.wav", audio, SAMPLERATE)
    command = ["evaluate", str(tiny_model), "--corpus", str(tmp_path / "musdb"), "--json", str(tmp_path / "found.json")]
    assert main(command) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["clips"] == "MUSDB18's own mixtures, whole songs"
    assert [(score["target"], score["split"]) for score in found["systems"][0]["scores"]] == [("drums", "test")]
    assert main([*command, "--clips", "20"]) == 1
    assert "leave --clips out" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "message"), [
    (["banjo"], "no model 'banjo'"), (["stage", "stage"], "give each one once"),
    (["stage", "--corpus", "/nowhere"], "no folder /nowhere"),
    (["--compare", "wave_unet.onnx"], "none of these models has weights yet"),
    (["wave_unet.onnx"], "wave_unet.onnx"),
])
def test_what_cannot_be_measured_is_explained(arguments: list[str], message: str,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *arguments]) == 1
    assert message in capsys.readouterr().err
