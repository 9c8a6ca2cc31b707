"""The ready set of clips: what the page needs, from the demo song."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep.errors import ConfigError
from training.listening import demo
from training.listening.build import build
from training.listening.clips import read_clips

SECONDS = 2


@pytest.fixture
def song(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Give a shorter song, of noises."""
    rng = np.random.default_rng(4)
    stems = {name: 0.1 * rng.standard_normal((2, SECONDS * 44100)).astype(np.float32)
             for name in ("drums", "guitar", "other")}
    monkeypatch.setattr(demo, "demo_song", lambda samplerate: stems)
    return stems


def test_the_clips_make_a_page(song: dict[str, np.ndarray], tmp_path: Path) -> None:
    demo.write_demo_clips(tmp_path / "clips", ["instrumental", "ultra"], [(0.0, 1.0), (1.0, 2.0)])
    clips = read_clips(tmp_path / "clips")
    assert {clip.item for clip in clips} == {"guitar-01", "guitar-02", "drums-01", "drums-02"}
    assert {clip.system for clip in clips} == {"reference", "mixture", "anchor", "instrumental", "ultra"}
    (truth,) = (clip.audio for clip in clips if clip.item == "guitar-02" and clip.system == "reference")
    assert np.corrcoef(truth[:, 1], song["guitar"][1, 44100:])[0, 1] > 0.999
    assert build(tmp_path / "clips", tmp_path / "page.html", "seven").exists()


def test_clips_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(ConfigError, match="is there already"):
        demo.write_demo_clips(tmp_path / "clips", ["stage"])


def test_models_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unlike each other"):
        demo.write_demo_clips(tmp_path / "clips", ["stage", "other/stage.onnx"])
