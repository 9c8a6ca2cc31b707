"""`rtsep pipewire`: a real PipeWire plays through the plugin, and the guitar is gone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugins.lv2.build import BUNDLE, build_bundle
from rtsep import Separator
from rtsep.audio.pipewire import configuration, configuration_file, sink_name
from rtsep.cli.main import main
from rtsep.types import Audio
from tests.native.conftest import needs_native, require_native
from tests.plugins.test_lv2 import HEADERS
from tests.rigs.pipewire_server import SINK, missing_parts, running_pipewire

RATE = 48_000
LONGEST_SILENCE = 32_768  # frames that the plugin may run before the song comes
QUANTUM = 256  # which every period is a multiple of
FRAMES = 8192  # that are compared
TRIALS = 4

pytestmark = [needs_native, pytest.mark.skipif(sys.platform != "linux", reason="PipeWire is for Linux")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an installed plugin and settings of its own."""
    lv2 = tmp_path / "lv2" / BUNDLE
    lv2.mkdir(parents=True)
    (lv2 / "remove.ttl").write_text('lv2:name "guitar: mute" ; lv2:name "drums: mute" ; lv2:name "vocals: mute"')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LV2_PATH", str(lv2.parent))
    return tmp_path


def test_one_file_comes_and_goes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipewire", "install"]) == 0
    path = home / "config" / "pipewire" / "pipewire.conf.d" / "rtsep.conf"
    assert path.read_text() == configuration(("guitar", "drums", "vocals"))
    sinks = json.loads(path.read_text().split("context.modules = ")[1])
    assert [sink["args"]["node.description"] for sink in sinks] == [
        "Music without guitar", "Music without drums", "Music without vocals"]
    assert "systemctl --user restart pipewire" in capsys.readouterr().out
    assert main(["pipewire", "install", "--without", "drums"]) == 0
    assert path.read_text() == configuration(("drums",))
    assert main(["pipewire", "remove"]) == 0
    assert not path.exists()
    assert main(["pipewire", "remove"]) == 0
    assert "nothing was installed" in capsys.readouterr().out
    assert [one for one in (home / "config").rglob("*") if one.is_file()] == []


def test_what_cannot_be_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipewire", "install", "--without", "flute"]) == 1
    assert "no stem 'flute'; it has guitar, drums, vocals" in capsys.readouterr().err
    path = configuration_file()
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    assert main(["pipewire", "install"]) == main(["pipewire", "remove"]) == 1
    assert path.read_text() == "mine"
    assert "is not from rtsep" in capsys.readouterr().err
    monkeypatch.setenv("LV2_PATH", str(home))
    assert main(["pipewire", "install"]) == 1
    assert "make install-plugin" in capsys.readouterr().err


def from_first_sound(sound: Audio) -> Audio:
    """Return what is left of a sound after its silence."""
    return sound[:, int(np.argmax(sound.any(axis=0))):][:, :FRAMES]


def closest_db(take: Audio, song: Audio) -> float:
    """Error of a take against the song without its guitar, over the silence before the song that fits best.

    A model remembers, so what it makes of a song depends on how long there was silence before.
    """
    found, separator = [], Separator("stage", 2, samplerate=RATE)
    separator.controls.set_mute("guitar", True)
    take = from_first_sound(take)
    for silence in range(0, LONGEST_SILENCE, QUANTUM):
        separator.reset()
        separator.process(np.zeros((2, silence), np.float32))
        expected = from_first_sound(separator.process(song[:, :FRAMES + 4096]).sum(axis=0))
        found.append(10 * np.log10(np.mean((take - expected) ** 2) / np.mean(expected**2) + 1e-20))
    return float(min(found))


@pytest.mark.skipif(not HEADERS.exists(), reason="no headers of LV2: apt install lv2-dev")
def test_the_guitar_leaves_a_player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing := missing_parts():
        pytest.skip(missing)
    require_native()
    build_bundle(tmp_path / "lv2" / BUNDLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LV2_PATH", str(tmp_path / "lv2"))
    assert main(["pipewire", "install"]) == 0
    time_s = np.arange(RATE) / RATE
    guitar = sum(0.1 * np.sin(2 * np.pi * 196 * harmonic * time_s) / harmonic for harmonic in range(1, 9))
    song = (np.stack([guitar, guitar]) + 0.05 * np.random.default_rng(1).standard_normal((2, RATE))).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", song.T, RATE, subtype="FLOAT")
    with running_pipewire(tmp_path, LV2_PATH=str(tmp_path / "lv2")) as server:
        for stem in ("guitar", "drums", "vocals"):
            server.wait_for(sink_name(stem))
        for _ in range(TRIALS):  # a busy machine may lose a period of either
            server.play(tmp_path / "song.wav", SINK, tmp_path / "take.wav")
            plain = from_first_sound(soundfile.read(tmp_path / "take.wav", dtype="float32")[0].T)
            if np.array_equal(plain, song[:, :FRAMES]):
                break
        else:
            pytest.fail("the server never played the song as it is")
        errors = []
        while len(errors) < TRIALS and not min(errors, default=0.0) < -100:
            server.play(tmp_path / "song.wav", sink_name("guitar"), tmp_path / "take.wav")
            errors.append(closest_db(soundfile.read(tmp_path / "take.wav", dtype="float32")[0].T, song))
        assert min(errors) < -100, errors
    assert main(["pipewire", "remove"]) == 0
    with running_pipewire(tmp_path, LV2_PATH=str(tmp_path / "lv2")) as server:
        assert not any(name.startswith("rtsep") for name in server.nodes())
