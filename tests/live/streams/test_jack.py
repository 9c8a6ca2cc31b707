"""rtsep live on a real audio server, seen from outside: another process plays into it and records it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.files.track import separate_file
from rtsep.signals import STOP_SIGNALS
from tests.rigs.jack_device import SINK, Devices
from tests.rigs.jack_server import TIMEOUT_S, JackServer, running_server
from tests.rigs.live import ROOT, Rtsep, refused, rtsep_live

SAMPLERATE = 44100
IN_PORTS = ("rtsep:in_1", "rtsep:in_2")


@cache
def music(seconds: float) -> np.ndarray:
    """Take seconds of a real song where there is one, else tones and bursts of noise; float32 (2, frames)."""
    frames = round(seconds * SAMPLERATE)
    data = Path(os.environ.get("RTSEP_DATA", Path(__file__).parents[4] / "shared" / "data"))
    tracks = sorted(data.glob("medleydb/Audio/MusicDelta_80sRock/*_RAW/*.flac"))
    if tracks:
        sides = [sum(soundfile.read(path, frames, 5 * SAMPLERATE, dtype="float32", always_2d=True)[0].mean(axis=1)
                     for path in tracks[side::2]) for side in (0, 1)]
        return np.array([0.4 * sides[0] + 0.2 * sides[1], 0.2 * sides[0] + 0.4 * sides[1]], np.float32)
    rng = np.random.default_rng(4)
    time_s = np.arange(frames) / SAMPLERATE
    tone = 0.3 * np.sin(2 * np.pi * 196.0 * time_s) + 0.1 * np.sin(2 * np.pi * 588.0 * time_s)
    hits = rng.standard_normal((2, frames)) * np.exp(-8.0 * (time_s % 0.5)) * 0.2
    return (tone + hits).astype(np.float32)


def play_through(server: JackServer, song: np.ndarray, outputs: tuple[str, ...], tmp_path: Path) -> np.ndarray:
    np.save(tmp_path / "song.npy", song)
    files = (str(tmp_path / "song.npy"), str(tmp_path / "recording.npy"))
    subprocess.run([sys.executable, "-m", "tests.rigs.jack_player", *files, ",".join(IN_PORTS), ",".join(outputs)],
                   env=server.env, check=True, cwd=ROOT, timeout=5 * TIMEOUT_S)
    return np.load(tmp_path / "recording.npy")


def end(rtsep: Rtsep, number: int = signal.SIGINT, quiet: bool = True) -> str:
    """Stop rtsep as a terminal or a service manager does, by a signal to all its processes; return its tables."""
    os.killpg(rtsep.process.pid, number)
    out, err = rtsep.finish()
    assert rtsep.process.returncode == 0, err
    assert not (quiet and err), err
    return out


def reported_latency(tables: str) -> int:
    found = re.search(r"^output behind input, blocks of \d+ +(\d+) ", tables, re.MULTILINE)
    assert found, tables
    return int(found[1])


def late_hops(tables: str) -> int:
    found = re.search(r"^missed hops +(\d+)", tables, re.MULTILINE)
    assert found, tables
    return int(found[1])


def separated(song: np.ndarray, silence: int, model: Path, folder: Path,
              samplerate: int = SAMPLERATE) -> dict[str, np.ndarray]:
    """Separate the song after some silence as `rtsep separate` does; the silence is cut off again."""
    heard = np.pad(song, ((0, 0), (silence, 0)))
    soundfile.write(folder / "heard.wav", heard.T, samplerate, subtype="FLOAT")
    files = separate_file(folder / "heard.wav", folder / "separated", model, ("guitar", "rest"))
    return {stem: soundfile.read(path, dtype="float32")[0].T[:, silence:] for stem, path in files.outputs.items()}


def first_sound(audio: np.ndarray) -> int:
    return int(np.argmax(np.any(audio != 0.0, axis=0)))


@pytest.mark.parametrize(("period", "option", "heard", "latency"), [
    (512, ("--stem", "guitar"), "guitar", 256),
    (256, ("--remove", "guitar"), "rest", 256),
    (128, ("--stem", "guitar"), "guitar", 384),
    (512, ("--stem", "guitar", "--engine", "worker"), "guitar", 768),
])
def test_output_is_what_separate_makes_of_the_file(server: JackServer, tiny_model: Path, tmp_path: Path, period: int,
                                                   option: tuple[str, ...], heard: str, latency: int) -> None:
    song = music(1.0)
    with rtsep_live("--model", str(tiny_model), *option, "--blocksize", str(period), "--record", str(tmp_path / "take"),
                    env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        recording = play_through(server, song, ("rtsep:out_1", "rtsep:out_2"), tmp_path)
        tables = end(rtsep)
    assert reported_latency(tables) == latency
    recorded = soundfile.read(tmp_path / "take" / "mixture.flac", dtype="float32")[0].T
    silence = first_sound(np.round(recorded * 2**23)) - first_sound(np.round(song * 2**23))  # heard before the song
    np.testing.assert_allclose(recorded[:, silence:silence + song.shape[1]], song, rtol=0, atol=2**-23)
    expected = separated(song, silence, tiny_model, tmp_path)[heard]
    assert np.abs(expected - song).max() > 0.05  # it does separate
    got = recording[:, latency:latency + song.shape[1]]
    exact = late_hops(tables) == 0  # one in the silence before the song leaves the network a step behind
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 if exact else 2e-4)


def test_split_plays_every_stem_on_ports_of_its_own_name(server: JackServer, tiny_model: Path, tmp_path: Path) -> None:
    song = music(1.0)
    outputs = tuple(f"rtsep:{stem}_{side}" for stem in ("drums", "guitar", "other") for side in (1, 2))
    with rtsep_live("--model", str(tiny_model), "--split", env=server.env) as rtsep:
        rtsep.wait_for_port(server, outputs[-1])
        recording = play_through(server, song, outputs, tmp_path)
        latency = reported_latency(end(rtsep))
    stems = recording.reshape(3, 2, -1)[:, :, latency:latency + song.shape[1]]
    np.testing.assert_allclose(stems.sum(axis=0), song, rtol=0, atol=1e-5)
    assert all(np.abs(stem - song).max() > 0.05 for stem in stems)


def test_chosen_channels_of_a_large_interface(server: JackServer, tiny_model: Path) -> None:
    with rtsep_live("--model", str(tiny_model), "--input", "system:3-4", "--output", "system:5-6",
                    env=server.env) as rtsep:
        rtsep.wait_until(lambda: server.connections("rtsep:out_2") == ["system:playback_6"], "the last connection")
        assert server.connections("rtsep:in_1") == ["system:capture_3"]
        assert server.connections("rtsep:in_2") == ["system:capture_4"]
        assert server.connections("rtsep:out_1") == ["system:playback_5"]
        end(rtsep)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_every_signal_ends_it_with_tables_and_whole_files(server: JackServer, tiny_model: Path, tmp_path: Path,
                                                          number: int) -> None:
    with rtsep_live("--model", str(tiny_model), "--record", str(tmp_path / "take"), env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        tables = end(rtsep, number)
    assert "late blocks" in tables
    assert "rtsep:out_2" not in server.ports()
    found = {path.stem: soundfile.info(path).frames for path in (tmp_path / "take").glob("*.flac")}
    assert found.keys() == {"mixture", "guitar", "rest"}
    assert len(set(found.values())) == 1


def test_a_file_plays_to_a_device(server: JackServer, tiny_model: Path, tmp_path: Path) -> None:
    song = np.round(music(1.0) * 2**23) / np.float32(2**23)  # as 24 bits hold it
    soundfile.write(tmp_path / "song.wav", song.T, SAMPLERATE, subtype="FLOAT")
    with rtsep_live("--model", str(tiny_model), "--input", str(tmp_path / "song.wav"), "--output", "system",
                    "--record", str(tmp_path / "take"), env=server.env) as rtsep:
        out, err = rtsep.finish()
    assert (rtsep.process.returncode, err) == (0, "")
    assert re.search(r"^output +system, JACK", out, re.MULTILINE)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "take" / "mixture.flac", dtype="float32")[0].T, song)


@pytest.mark.parametrize("output", [(), ("--output", "default")])
def test_a_file_is_heard_on_the_default_output(server: JackServer, tiny_model: Path, tmp_path: Path,
                                               output: tuple[str, ...]) -> None:
    soundfile.write(tmp_path / "song.wav", music(0.5).T, SAMPLERATE, subtype="FLOAT")
    with rtsep_live("--model", str(tiny_model), "--input", "song.wav", *output, env=server.env, cwd=tmp_path) as rtsep:
        out, err = rtsep.finish()
    assert (rtsep.process.returncode, err) == (0, "")
    assert re.search(r"^output +system, JACK", out, re.MULTILINE)
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


@pytest.fixture(scope="module")
def other_rate(_jack_or_skip: None) -> Iterator[JackServer]:
    """Run a server at a rate at which no model runs."""
    with running_server(samplerate=96000) as running:
        yield running


@pytest.mark.parametrize(("options", "sentence"), [
    (["--input", "violin"], "rtsep: no input device matches 'violin'; there are: [0] system, JACK"),
    (["--input", "system:2-3"], "rtsep: system:2-3 asks for channels 2 to 3: system, JACK Audio Connection Kit has in"),
    (["--split"], "rtsep: --split needs 3 output channels, one a stem, and the device has 2"),
    ([], "rtsep: system, JACK Audio Connection Kit does not take 44100 Hz (its own rate is 96000 Hz)"),
])
def test_unknown_devices_and_rates_are_sentences(other_rate: JackServer, tiny_model: Path, options: list[str],
                                                 sentence: str, monkeypatch: pytest.MonkeyPatch,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in other_rate.env.items():
        monkeypatch.setenv(name, value)
    code, err = refused(capsys, "--model", str(tiny_model), "--midi", "off", *options)
    assert code == 1
    assert err.startswith(sentence)
    assert err.count("\n") == 1


@pytest.mark.usefixtures("_jack_or_skip")
def test_at_48_khz_the_model_runs_as_it_is_and_the_round_trip_is_what_is_told(tiny_model: Path,
                                                                              tmp_path: Path) -> None:
    song = music(1.0)
    recorded = tmp_path / "take"
    with running_server(samplerate=48000) as server, rtsep_live("--model", str(tiny_model), "--record", str(recorded),
                                                                env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        recording = play_through(server, song, ("rtsep:out_1", "rtsep:out_2"), tmp_path)
        tables = end(rtsep, quiet=False)
    assert [line for line in rtsep.lines if "recording to" not in line] == [
        "rtsep: tiny, made for 44100 Hz, runs as it is at 48000 Hz, the rate of the device\n"]
    assert "change of the sample rate" not in tables
    found = re.search(r"^output behind input, blocks of 512 +(\d+) +(\d+\.\d)", tables, re.MULTILINE)
    assert found, tables
    assert found.groups() == ("256", "5.3")  # frames of 48 kHz
    with soundfile.SoundFile(recorded / "mixture.flac") as mixture:
        assert mixture.samplerate == 48000
        silence = first_sound(np.round(mixture.read(dtype="float32").T * 2**23)) - first_sound(np.round(song * 2**23))
    expected = separated(song, silence, tiny_model, tmp_path, 48000)["guitar"]
    exact = late_hops(tables) == 0
    np.testing.assert_allclose(recording[:, 256:256 + song.shape[1]], expected, rtol=0, atol=1e-5 if exact else 2e-4)


NAMES = ("Solo (3rd Gen.)", "Box [/dev/x]", "a.b*c+d^e$ |f", "[/]", "ältere Karte")


@pytest.fixture
def odd_names(server: JackServer) -> Iterator[None]:
    """Let clients with signs of patterns and of markup in their names join the server."""
    code = ("import sys, jack\nfor name in sys.argv[1:]:\n    client = jack.Client(name)\n    for i in '12':\n"
            "        client.outports.register('out_' + i); client.inports.register('in_' + i)\n"
            "    client.activate()\nprint(flush=True)\nsys.stdin.read()\n")
    with subprocess.Popen([sys.executable, "-c", code, *NAMES], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=server.env) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()


@pytest.mark.usefixtures("odd_names")
def test_names_are_listed_and_chosen_as_they_are(server: JackServer, tiny_model: Path) -> None:
    listed = subprocess.run([sys.executable, "-m", "rtsep.cli.main", "devices"], cwd=ROOT, env=server.env,
                            capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    names = {port.rpartition(":")[0] for port in server.ports()}
    assert len(names) >= len(NAMES) + 1
    for name in names:
        assert name in listed.stdout
    for name in NAMES[:3]:
        with rtsep_live("--model", str(tiny_model), "--input", name, "--output", name, env=server.env) as rtsep:
            rtsep.wait_until(lambda name=name: server.connections("rtsep:out_2") == [f"{name}:in_2"], "the connection")
            assert server.connections("rtsep:in_1") == [f"{name}:out_1"]
            end(rtsep)


def test_another_rate_is_used_with_resample_and_its_delay_is_told(other_rate: JackServer, tiny_model: Path) -> None:
    with rtsep_live("--model", str(tiny_model), "--resample", "--seconds", "0.5", env=other_rate.env) as rtsep:
        out, err = rtsep.finish()
    assert (rtsep.process.returncode, err) == (0, "")
    assert re.search(r"^change of the sample rate +[1-9]\d* ", out, re.MULTILINE)


def test_a_file_keeps_its_pitch_at_another_rate(other_rate: JackServer, tiny_model: Path, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in other_rate.env.items():
        monkeypatch.setenv(name, value)
    song = np.repeat(0.3 * np.sin(2 * np.pi * 600.0 * np.arange(SAMPLERATE) / SAMPLERATE)[:, np.newaxis], 2, axis=1)
    soundfile.write(tmp_path / "song.wav", song, SAMPLERATE)
    options = ("--input", "song.wav", "--output", SINK, "--model", str(tiny_model), "--resample", "--mask-gain", "off")
    with Devices() as devices, rtsep_live(*options, cwd=tmp_path) as rtsep:
        assert "change of the sample rate" in rtsep.finish()[0]
        heard = devices.recording()[0]
    (loud,) = np.nonzero(np.abs(heard) > 0.1)
    assert (loud[-1] - loud[0]) / 96000 == pytest.approx(1.0, abs=0.2)  # a missed cycle is a missing block
    sound = heard[loud[0]:loud[-1]]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    assert np.argmax(spectrum) * 96000 / sound.size == pytest.approx(600.0, abs=3.0)
