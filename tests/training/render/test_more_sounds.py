"""Instruments, cabinets and amplifiers that a data folder may have: heard where they are, not missed where not."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.types import Audio
from training import SAMPLERATE
from training.render import amps, bass, sampler
from training.render.amps import amplify, cabinet
from training.render.drum_kits import acoustic_kit
from training.render.library import Library
from training.render.song import Random, random_song

NOTES = ("e1_f_rr1", "a1_f_rr1", "d2_f_rr1", "g2_f_rr1")
SNARES = ("14s_basic_sn_vl1_rr1_top", "14s_basic_sn_vl1_rr1_oh")


@pytest.fixture(scope="module")
def plain(data_root: Path) -> Library:
    return Library(data_root)


@pytest.fixture(scope="module")
def richer(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Link to the data folder, with a further snare drum, two basses, a cabinet and an amplifier."""
    root, rng = tmp_path_factory.mktemp("richer"), np.random.default_rng(1)
    for name in ("phrases", "midi"):
        (root / name).symlink_to(data_root / name)
    for name in ("samples", "amps", "irs"):
        (root / name).mkdir()
        for path in (data_root / name).iterdir():
            (root / name / path.name).symlink_to(path)
    (root / "samples/index.csv").unlink()
    shutil.copyfile(data_root / "samples/index.csv", root / "samples/index.csv")
    (root / "amps/nam_core").mkdir()
    (root / "amps/nam_core/example.nam").symlink_to(data_root / "amps/dumble.nam")
    response = 0.5 * rng.standard_normal(400) * np.exp(-np.arange(400) / 40)
    (root / "irs/adventure_kid").mkdir()
    soundfile.write(root / "irs/adventure_kid/new.flac", response, SAMPLERATE)
    with (root / "samples/index.csv").open("a", newline="") as handle:
        for instrument, names in (("drm_frankensnare", SNARES), ("bass_fashion", NOTES), ("bass_sneaky", NOTES)):
            (root / "samples" / instrument).mkdir()
            for name in names:
                sound = 0.3 * rng.standard_normal(SAMPLERATE)
                soundfile.write(root / "samples" / instrument / f"{name}.flac", sound, SAMPLERATE)
                csv.writer(handle).writerow([instrument, name, 1.0, 0.9, -10.0, "", ""])
    return Library(root)


def test_a_further_snare_drum_is_struck_where_it_is(plain: Library, richer: Library) -> None:
    def struck(library: Library) -> set[str]:
        kits = [acoustic_kit(library, np.random.default_rng(seed)) for seed in range(40)]
        return {kit["snare"].takes[0][0].instrument for kit in kits}

    assert struck(richer) - struck(plain) == {"drm_frankensnare"}


def direct() -> Audio:
    return (0.05 * np.random.default_rng(2).standard_normal(4000)).astype(np.float32)


def boxed(library: Library, rng: Random) -> Audio:
    return cabinet(direct(), library, rng)


def driven(library: Library, rng: Random) -> Audio:
    return amplify(direct(), library, rng, "high", 1.0)


def electric(library: Library, rng: Random) -> Audio:
    return bass._electric(library, rng, random_song(np.random.default_rng(3), 0.5))


def upright(library: Library, rng: Random) -> Audio:
    return bass._upright(library, rng, random_song(np.random.default_rng(3), 0.5))


@pytest.mark.parametrize(("play", "added"), [
    (boxed, "irs/adventure_kid"), (driven, "amps/nam_core"), (electric, "samples/bass_fashion"),
    (upright, "samples/bass_sneaky")])
def test_what_a_folder_has_more_is_read(richer: Library, monkeypatch: pytest.MonkeyPatch,
                                        play: Callable[[Library, Random], Audio], added: str) -> None:
    read = _spy(monkeypatch)
    for seed in range(30):
        play(richer, np.random.default_rng(seed))
        if any(added in path for path in read):
            return
    pytest.fail(f"{added} was not read in 30 renderings")


def _spy(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the path of everything that the renderers read."""
    read: list[str] = []
    for module, name in ((amps, "read_audio"), (amps, "read_capture"), (sampler, "read_audio")):
        original = getattr(module, name)

        def noting(path: Path, original: Callable[[Path], object] = original) -> object:
            read.append(str(path))
            return original(path)

        monkeypatch.setattr(module, name, noting)
    return read


def test_a_folder_without_them_is_rendered_all_the_same(plain: Library) -> None:
    for play in (boxed, driven, electric, upright):
        assert np.isfinite(play(plain, np.random.default_rng(0))).all()
