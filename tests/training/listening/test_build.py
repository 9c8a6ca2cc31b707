"""The page: what is in it, what is not, equal loudness, the anchor, and folders that cannot be used."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile

from rtsep.errors import AudioFileError, ConfigError
from tests.training.listening.conftest import SAMPLERATE, SYSTEMS
from training.listening.build import build
from training.listening.clips import PEAK, Clip, level_matched, low_anchor, read_clips


def page_test(page: Path) -> dict[str, object]:
    """Read the JSON document of a page."""
    return json.loads(re.search(r'<script type="application/json" id="test">(.*?)</script>', page.read_text())[1])


def test_clips_of_an_item_are_equally_loud_and_not_clipped(clips: Path) -> None:
    read = read_clips(clips)
    assert [clip.system for clip in read[:5]] == ["reference", "mixture", "anchor", *SYSTEMS]
    assert {clip.target for clip in read} == {"guitar", "drums"}
    loudness = [pyloudnorm.Meter(SAMPLERATE).integrated_loudness(clip.audio) for clip in read]
    assert np.ptp(loudness) < 0.01
    assert max(np.abs(clip.audio).max() for clip in read) <= PEAK + 1e-9


def test_a_peaky_clip_lowers_its_whole_item() -> None:
    steady = np.random.default_rng(1).standard_normal((SAMPLERATE, 1)) * 0.1
    peaky = np.zeros((SAMPLERATE, 1))
    peaky[::4000] = 0.5
    item = level_matched([Clip("g", "g", name, audio, SAMPLERATE) for name, audio in (("a", steady), ("b", peaky))])
    assert np.abs(item[1].audio).max() == pytest.approx(PEAK)
    loudness = [pyloudnorm.Meter(SAMPLERATE).integrated_loudness(clip.audio) for clip in item]
    assert loudness[0] == pytest.approx(loudness[1], abs=0.01)
    assert loudness[0] < -24


def test_the_anchor_has_lost_its_treble_and_nothing_else() -> None:
    noise = np.random.default_rng(1).standard_normal((SAMPLERATE, 1))
    before, after = (np.abs(np.fft.rfft(audio[:, 0])) ** 2
                     for audio in (noise, low_anchor(Clip("g", "g", "mixture", noise, SAMPLERATE)).audio))
    assert after[100:3000].sum() / before[100:3000].sum() == pytest.approx(1.0, abs=0.02)
    assert after[4500:].sum() < 1e-3 * before[4500:].sum()


@pytest.mark.parametrize("scale", ["seven", "three"])
def test_the_page_is_blind_and_needs_nothing_else(clips: Path, tmp_path: Path, scale: str) -> None:
    page = tmp_path / "out" / "test.html"
    key = json.loads(build(clips, page, scale).read_text())
    text = page.read_text()
    for word in (*SYSTEMS, 'anchor"', "guitar-01", "drums-01", 'reference"'):
        assert word not in text
    assert not re.search(r"(src|href)\s*=\s*[\"']|url\(|@import|https?://", text)
    test = page_test(page)
    assert (test["id"], test["scale"]) == (key["test"], scale)
    systems = {name: (label["item"], label["system"]) for name, label in key["clips"].items()}
    rated = sorted(systems[rating["clip"]] for rating in test["ratings"])
    assert rated == sorted((item, system) for item in ("guitar-01", "drums-01")
                           for system in ("reference", "anchor", *SYSTEMS))
    pairs = [sorted(systems[name] for name in pair["clips"]) for pair in test["pairs"]]
    assert sorted(pairs) == [[(item, system) for system in SYSTEMS] for item in ("drums-01", "guitar-01")]
    assert systems[test["volume"]][1] == "mixture"


def test_the_sounds_in_the_page_are_the_clips(clips: Path, tmp_path: Path) -> None:
    key = json.loads(build(clips, tmp_path / "test.html", "seven").read_text())
    expected = {(clip.item, clip.system): clip.audio for clip in read_clips(clips)}
    sounds = page_test(tmp_path / "test.html")["clips"]
    assert len(sounds) == 9  # eight that are rated, and the mixture that sets the volume
    for name, sound in sounds.items():
        audio, _ = soundfile.read(io.BytesIO(base64.b64decode(sound.partition(",")[2])), always_2d=True)
        label = key["clips"][name]
        assert np.abs(audio - expected[label["item"], label["system"]]).max() < 1e-4


def test_a_page_is_built_alike_twice(clips: Path, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        build(clips, tmp_path / name, "seven")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_page_of_something_else_is_kept_and_its_key_too(clips: Path, tmp_path: Path) -> None:
    page, key = tmp_path / "a.html", tmp_path / "a.key.json"
    build(clips, page, "seven")
    build(clips, page, "seven")  # of the same clips: nothing is lost
    before = page.read_bytes(), key.read_bytes()
    with pytest.raises(ConfigError, match=r"a\.html is there, and of something else than these clips: it is kept"):
        build(clips, page, "three")
    assert (page.read_bytes(), key.read_bytes()) == before
    for stranger in (tmp_path / "b.html", tmp_path / "c.key.json"):
        stranger.write_text("mine")
        with pytest.raises(ConfigError, match="is kept; give another name"):
            build(clips, tmp_path / f"{stranger.name[0]}.html", "seven")
        assert stranger.read_text() == "mine"


def test_an_item_name_cannot_break_the_page(clips: Path, tmp_path: Path) -> None:
    (clips / "drums-01").rename(clips / "<script>drums-01")
    build(clips, tmp_path / "test.html", "seven")
    assert "<script>drums" not in (tmp_path / "test.html").read_text()
    assert {rating["target"] for rating in page_test(tmp_path / "test.html")["ratings"]} == {"guitar", "<script>drums"}


def remove(name: str) -> Callable[[Path], None]:
    return lambda clips: (clips / "guitar-01" / name).unlink()


def rewrite(name: str, frames: int, samplerate: int = SAMPLERATE, level: float = 0.1) -> Callable[[Path], None]:
    return lambda clips: soundfile.write(clips / "guitar-01" / name, np.full((frames, 2), level), samplerate,
                                         subtype="FLOAT")


@pytest.mark.parametrize(("damage", "message"), [
    (remove("reference.wav"), "guitar-01 lacks reference"),
    (remove("gru-3.wav"), "do not hold the same systems: gru-3 is in one of them only"),
    (rewrite("anchor.wav", 26460), "the low anchor is made here"),
    (rewrite("gru-3.wav", 26000), r"gru-3.wav has 26000 frames .*reference.wav has 26460 frames"),
    (rewrite("gru-3.wav", 26460, 48000), "at 48000 Hz"),
    (rewrite("gru-3.wav", 100), "at least 0.5 s"),
    (rewrite("gru-3.wav", 26460, level=np.nan), "of finite samples"),
])
def test_folders_that_cannot_be_used(clips: Path, tmp_path: Path, damage: Callable[[Path], None],
                                     message: str) -> None:
    damage(clips)
    with pytest.raises(ConfigError, match=message):
        build(clips, tmp_path / "test.html", "seven")
    assert not (tmp_path / "test.html").exists()


def test_other_mistakes(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no items in"):
        build(tmp_path / "nowhere", tmp_path / "test.html", "seven")
    with pytest.raises(ConfigError, match=r"something\.html"):
        build(clips, tmp_path / "test.txt", "seven")
    (clips / "guitar-01" / "gru-3.wav").write_text("no sound")
    with pytest.raises(AudioFileError, match=r"gru-3\.wav cannot be decoded"):
        build(clips, tmp_path / "test.html", "seven")
