"""The LV2 plugins: valid, as loud and as late as the separator in Python, in small and in real hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugins.lv2.build import BUNDLE, build_bundle
from plugins.lv2.describe import REMOVE, SPLIT, control_ports, description, header
from rtsep import Separator
from rtsep.cli.main import main
from rtsep.controls.table import values
from rtsep.dsp.decibels import to_gain
from rtsep.model.catalogue import find_model
from rtsep.native.flat import write_flat
from rtsep.types import Audio
from tests.native.conftest import needs_native, require_native
from tests.plugins.host import Plugin
from tests.rigs.live import StartServer

HEADERS = Path("/usr/include/lv2/core/lv2.h")
SYSTEM = Path("/usr/lib/lv2")
STEMS = ("drums", "bass", "guitar", "vocals", "other")
RATES = (40_000, 44_100, 48_000, 50_000)
SOUND = (0.1 * np.random.default_rng(4).standard_normal((2, 16_384))).astype(np.float32)
MOVES = {2: ("level_guitar", -80.0), 4: ("mask_gain", 12.0), 6: ("solo_drums", 1.0), 8: ("wet", 0.5),
         10: ("solo_drums", 0.0), 11: ("mute_other", 1.0), 12: ("level_bass", 6.0), 14: ("bypass", 1.0)}
"""Ports by the 1024 frames before which they are moved."""

pytestmark = [needs_native, pytest.mark.skipif(not HEADERS.exists() and "LV2_HEADERS" not in os.environ,
                                               reason="no headers of LV2: apt install lv2-dev")]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the plugins."""
    path = tmp_path_factory.mktemp("lv2") / BUNDLE
    build_bundle(path, flags=["-Werror"])
    return path


@pytest.fixture(autouse=True)
def _native() -> None:
    require_native()


def need(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt install lv2-dev sordi lilv-utils lv2file jalv")


def expected(samplerate: int, moving: bool = True) -> Audio:
    """Separate in Python, as the ports say; blocks of 1024 frames."""
    separator, out = Separator("stage", 2, samplerate=samplerate), []
    for begin in range(0, SOUND.shape[1], 1024):
        if moving and begin // 1024 in MOVES:
            symbol, value = MOVES[begin // 1024]
            name, stem = (symbol, None) if symbol in ("mask_gain", "wet", "bypass") else symbol.split("_")
            if name in ("mask_gain", "level"):
                value = 0.0 if value == -80.0 else to_gain(value)
            separator.controls.set(name, value, stem)
        out.append(separator.process(SOUND[:, begin:begin + 1024]))
    return np.concatenate(out, axis=2)


def play(plugin: Plugin, blocksize: int, moving: bool = True, in_place: bool = False) -> Audio:
    out, due = [], sorted(MOVES) if moving else []
    for begin in range(0, SOUND.shape[1], blocksize):
        while due and 1024 * due[0] < begin + blocksize:
            symbol, value = MOVES[due.pop(0)]
            plugin.controls[symbol].value = value
        out.append(plugin.run(SOUND[:, begin:begin + blocksize], in_place))
    return np.concatenate(out, axis=1)


@pytest.mark.parametrize("samplerate", RATES)
@pytest.mark.parametrize("uri", [REMOVE, SPLIT])
def test_it_sounds_as_in_python(uri: str, samplerate: int, bundle: Path) -> None:
    plugin = Plugin(bundle, uri, samplerate)
    found, reference = play(plugin, 1024), expected(samplerate)
    reference = reference.sum(axis=0) if uri == REMOVE else reference.reshape(len(found), -1)
    np.testing.assert_allclose(found, reference, rtol=0, atol=2e-6)
    assert plugin.controls["latency"].value == 512


@pytest.mark.parametrize("blocksize", [1, 64, 65, 441, 480, 512, 1023, 8193])
@pytest.mark.parametrize("in_place", [False, True])
def test_every_block_size_sounds_alike(blocksize: int, in_place: bool, bundle: Path) -> None:
    for uri in (REMOVE, SPLIT):
        whole = play(Plugin(bundle, uri), 1024, False)
        found = play(Plugin(bundle, uri), blocksize, False, in_place)
        np.testing.assert_allclose(found, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("samplerate", [22_050, 39_999, 96_000])
def test_other_rates_are_refused(samplerate: int, bundle: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="no instance"):
        Plugin(bundle, REMOVE, samplerate)
    assert "does not run at this sample rate" in capfd.readouterr().err


def test_a_second_model_is_part_of_the_state(bundle: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = bundle.parent / "ultra.rtsep"
    write_flat(find_model("ultra"), other)
    plugin = Plugin(bundle, SPLIT)
    assert plugin.save() == {}
    assert plugin.restore({"urn:rtsep:model": b"ultra.rtsep\0"}) == 0
    plugin.controls["mute_drums"].value = 1.0
    fresh = Separator("ultra", 2)
    fresh.controls.set_mute("drums", True)
    np.testing.assert_allclose(plugin.run(SOUND), fresh.process(SOUND).reshape(10, -1), atol=2e-6)
    assert plugin.controls["latency"].value == 256
    assert plugin.save() == {"urn:rtsep:model": b"ultra.rtsep\0"}
    assert plugin.restore({"urn:rtsep:model": b"none.rtsep\0"}) != 0
    assert "none.rtsep: the file cannot be read" in capfd.readouterr().err
    assert plugin.restore({"urn:rtsep:model": b"ultra.rtsep\0"}, b"urn:other") != 0
    assert plugin.restore({"urn:rtsep:model": b"ultra.rtsep"}) != 0
    assert plugin.save() == {"urn:rtsep:model": b"ultra.rtsep\0"}
    assert plugin.restore({}) == 0
    plugin.run(SOUND)
    assert plugin.controls["latency"].value == 512
    assert plugin.save() == {}


def test_odd_values_of_ports_are_brought_into_range(bundle: Path) -> None:
    plugin = Plugin(bundle, REMOVE)
    for symbol, value in (("mask_gain", np.nan), ("wet", 7.0), ("level_drums", 1e30), ("level_bass", -np.inf)):
        plugin.controls[symbol].value = value
    assert np.isfinite(play(plugin, 512, False)).all()


def test_ports_are_those_of_the_table(bundle: Path) -> None:
    names = {control.name for control in values()}
    for uri in (REMOVE, SPLIT):
        symbols = Plugin(bundle, uri).symbols
        assert {port.symbol for port in control_ports(STEMS)} == set(symbols[symbols.index("latency") + 1:])
    assert {port.control.name for port in control_ports(STEMS)} == names
    assert header(STEMS, "m").count("RTSEP_LEVEL") == len(STEMS)
    assert description(SPLIT, ("lead guitar", "x-y")).count("lead_guitar_left") == 1


def test_the_description_is_valid(bundle: Path, tmp_path: Path) -> None:
    need("sord_validate", "lv2info")
    schemas = sorted(map(str, SYSTEM.glob("*/*.ttl")))
    assert schemas
    done = subprocess.run(["sord_validate", *schemas, *map(str, bundle.glob("*.ttl"))], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.ttl"
    wrong.write_text((bundle / "remove.ttl").read_text().replace("lv2:index 3 ;", "lv2:index \"three\" ;"))
    done = subprocess.run(["sord_validate", *schemas, str(wrong)], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    told = subprocess.run(["lv2info", REMOVE], env=environment(bundle), capture_output=True, text=True, timeout=60)
    assert "Has latency:       yes, reported by port 4" in told.stdout


def environment(bundle: Path) -> dict[str, str]:
    return os.environ | {"LV2_PATH": f"{bundle.parent}{os.pathsep}{SYSTEM}"}


@pytest.mark.parametrize("blocksize", [64, 1000])
def test_lv2file_plays_what_rtsep_separates(blocksize: int, bundle: Path, tmp_path: Path) -> None:
    need("lv2file")
    soundfile.write(tmp_path / "song.wav", SOUND.T, 44100, subtype="FLOAT")
    assert main(["separate", str(tmp_path / "song.wav"), "--model", "stage", "-o", str(tmp_path)]) == 0
    stems = {stem: soundfile.read(tmp_path / "song" / f"{stem}.wav", dtype="float32")[0].T for stem in STEMS}
    subprocess.run(["lv2file", "-i", "song.wav", "-o", "out.wav", "-b", str(blocksize), "-p", "level_guitar:-80",
                    REMOVE], env=environment(bundle), cwd=tmp_path, check=True, capture_output=True, timeout=60)
    found = soundfile.read(tmp_path / "out.wav", dtype="float32")[0].T
    reference = sum(sound for stem, sound in stems.items() if stem != "guitar")
    np.testing.assert_allclose(found[:, 512:], reference[:, :-512], rtol=0, atol=2e-6)
    assert not found[:, :1].any()


@pytest.mark.parametrize("samplerate", [44_100, 48_000])
def test_jalv_plays_it_on_a_jack_server(samplerate: int, bundle: Path, jack: StartServer, tmp_path: Path) -> None:
    need("jalv")
    server = jack(period=256, samplerate=samplerate)
    np.save(tmp_path / "song.npy", SOUND)
    env = {**environment(bundle), **server.env}
    with subprocess.Popen(["jalv", "-c", "mute_guitar=1", "-n", "plugin", REMOVE], env=env, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            end = time.monotonic() + 30
            while not any("out_right" in port for port in server.ports()):
                assert time.monotonic() < end, "no ports"
                time.sleep(0.05)
            subprocess.run([sys.executable, "-m", "tests.rigs.jack_player", str(tmp_path / "song.npy"),
                            str(tmp_path / "take.npy"), "plugin:in_left,plugin:in_right",
                            "plugin:out_left,plugin:out_right"], env=env, check=True, timeout=100)
        finally:
            process.terminate()
    take = np.load(tmp_path / "take.npy")
    separator = Separator("stage", 2, samplerate=samplerate)
    separator.controls.set_mute("guitar", True)
    separator.process(np.zeros((2, 1 << 15), np.float32))
    reference = separator.process(SOUND).sum(axis=0)
    error = take[:2, :SOUND.shape[1]] - reference
    assert 10 * np.log10(np.mean(error**2) / np.mean(reference**2)) < -40
