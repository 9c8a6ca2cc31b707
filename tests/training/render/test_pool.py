"""The renderer's folder: gone on with, kept full and new, beside sounds of other origin and beside training."""

from __future__ import annotations

import itertools
import multiprocessing
import shutil
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.errors import ConfigError
from training.cli import main
from training.render import soundfont, speakers
from training.render.beside import rendering
from training.render.pool import RENDERERS, PoolConfig, render_pool, rendered

SECONDS = 1.0
HOUR = 3600.0


@pytest.fixture(scope="module")
def players() -> None:
    if not (find_library("fluidsynth") and soundfont.SOUND_FONT.is_file() and shutil.which(speakers.SPEAKER)):
        pytest.skip("no FluidSynth, sound font or eSpeak: apt install fluidsynth fluid-soundfont-gm espeak-ng")


def own_sound(out: Path) -> Path:
    """Put a sound that was not rendered among those that are."""
    path = out / "guitar" / "own-take-000.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(44100), 44100)
    return path


@pytest.mark.usefixtures("players")
def test_a_folder_is_gone_on_with_and_then_kept_full(data_root: Path, tmp_path: Path) -> None:
    own = own_sound(tmp_path)
    assert render_pool(data_root, tmp_path, PoolConfig(SECONDS, 6 * SECONDS / HOUR), 2) == 6
    first = {path: path.read_bytes() for path in rendered(tmp_path)}
    assert render_pool(data_root, tmp_path, PoolConfig(SECONDS, 10 * SECONDS / HOUR), 1) == 4
    assert len(rendered(tmp_path)) == 10
    assert all(path.read_bytes() == content for path, content in first.items())
    assert render_pool(data_root, tmp_path, PoolConfig(SECONDS, 10 * SECONDS / HOUR), 1) == 0
    asked = itertools.count()
    endless = PoolConfig(SECONDS, 10 * SECONDS / HOUR, endless=True)
    assert render_pool(data_root, tmp_path, endless, 1, lambda: next(asked) < 8) == 8
    assert len(rendered(tmp_path)) == 10
    assert len({content for content in first.values()} - {path.read_bytes() for path in rendered(tmp_path)}) >= 4
    assert own.is_file()
    assert not list(tmp_path.rglob("*.draft"))


@pytest.mark.usefixtures("players")
def test_the_number_of_processes_does_not_change_a_segment(data_root: Path, tmp_path: Path) -> None:
    for processes in (1, 2):
        render_pool(data_root, tmp_path / str(processes), PoolConfig(SECONDS, 9 * SECONDS / HOUR), processes)
    one, two = (sorted(rendered(tmp_path / str(processes))) for processes in (1, 2))
    assert [path.name for path in one] == [path.name for path in two]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))


@pytest.mark.usefixtures("players")
def test_sounds_are_replaced_while_something_else_goes_on(data_root: Path, tmp_path: Path) -> None:
    own = own_sound(tmp_path)
    for kind in RENDERERS:
        (tmp_path / kind).mkdir(exist_ok=True)
        soundfile.write(tmp_path / kind / "000000.wav", np.zeros(44100), 44100)
    old = set(rendered(tmp_path))
    with rendering(data_root, tmp_path, 1):
        while old <= set(rendered(tmp_path)):
            assert multiprocessing.active_children()
    assert not multiprocessing.active_children()
    assert len(rendered(tmp_path)) == len(old)
    assert own.is_file()


def test_there_must_be_something_to_replace(tmp_path: Path) -> None:
    own_sound(tmp_path)
    with pytest.raises(ConfigError, match=r"replaces rendered sounds, and .* has none: make some first"), \
            rendering(tmp_path, tmp_path, 1):
        pass


def test_no_hours_need_no_data(tmp_path: Path) -> None:
    assert main(["--data", str(tmp_path / "none"), "render", str(tmp_path / "out"), "--hours", "0"]) == 0
    assert not (tmp_path / "out").exists()
