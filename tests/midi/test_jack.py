"""rtsep live on a real JACK graph, moved by a controller in another process and heard by a third one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from rtsep.live.board import Board, new_board
from rtsep.live.session.helper import Helper, HelperProcess
from rtsep.midi import process
from rtsep.midi.process import MidiSettings
from tests.live.streams.test_jack import end, music, play_through, reported_latency
from tests.midi.conftest import STEMS
from tests.rigs.jack_server import TIMEOUT_S, JackServer
from tests.rigs.live import ROOT, Rtsep, StartServer, rtsep_live

MAPPING = """
bindings:
  - {source: cc 1, target: mask_gain, pickup: jump}
  - {source: cc 64, target: bypass}
  - {source: program, target: preset}
  # that the controller may tell when it is done
  - {source: note 1, target: bypass}
  - {source: cc 102, target: mask_gain}
  - {source: cc 103, target: wet}
"""
SWEEP = (0, 40, 90, 127)


class Controller:
    """The process of `jack_controller.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.name = ""

    def ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the controller died of {line!r}"
        return answer.strip()

    def wait_for(self, message: str) -> None:
        """Wait until a message comes back."""
        until = time.monotonic() + TIMEOUT_S
        heard: list[str] = []
        while message not in heard:
            assert time.monotonic() < until, f"no {message}, but {heard}"
            time.sleep(0.01)
            heard += self.ask("heard").split()


@contextmanager
def controller(env: dict[str, str], name: str) -> Iterator[Controller]:
    process = subprocess.Popen([sys.executable, str(ROOT / "tests" / "rigs" / "jack_controller.py"), name], env=env,
                               text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield Controller(process)
    finally:
        process.stdin.close()
        process.wait(TIMEOUT_S)
        process.stdout.close()


@pytest.fixture(params=["python-rtmidi", "JACK-Client"])
def midi_env(request: pytest.FixtureRequest, server: JackServer, tmp_path: Path) -> dict[str, str]:
    """Environment of programs that reach JACK's MIDI by one library or the other."""
    if request.param == "python-rtmidi":
        pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel for this Python")
        return server.env
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "rtmidi.py").write_text("raise ImportError('taken away by a test')")
    return server.env | {"PYTHONPATH": str(absent)}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "map.yaml").write_text(MAPPING)
    (tmp_path / "presets.yaml").write_text("half: {wet: 0.5}\nhard: {mask_gain: 20}\n")
    return ["--midi-map", str(tmp_path / "map.yaml"), "--presets", str(tmp_path / "presets.yaml")]


def test_a_knob_is_heard_in_the_sound(server: JackServer, midi_env: dict[str, str], tiny_model: Path, tmp_path: Path,
                                      files: list[str]) -> None:
    song = music(0.5)
    recordings = []
    outputs = ("rtsep:out_1", "rtsep:out_2")
    with (controller(server.env, "nano") as knobs,
          rtsep_live("--model", str(tiny_model), "--midi", "NANO", "--preset", "hard", *files,
                     env=midi_env) as rtsep):
        knobs.wait_for("b06660")  # 20 dB, as the preset says: the state comes at once
        rtsep.wait_for_port(server, outputs[-1])
        for value in SWEEP:
            knobs.ask(f"send b001{value:02x}")
            knobs.wait_for(f"b066{value:02x}")
            recordings.append(play_through(server, song, outputs, tmp_path))
        knobs.ask("send f07e01 02f7 b0 fe 40 b0407f")  # broken, and then the pedal
        knobs.wait_for("90017f")
        recordings.append(play_through(server, song, outputs, tmp_path))
        knobs.ask("send b04000 b0407f c000")  # bypass off, first preset
        knobs.wait_for("b06740")
        os.killpg(rtsep.process.pid, signal.SIGINT)
        tables, err = rtsep.finish()
    assert err == "rtsep: MIDI: nano:out is open\n"
    latency = reported_latency(tables)
    heard = [recording[:, latency:latency + song.shape[1]] for recording in recordings]
    residues = [float(np.sqrt(np.mean(np.square(sound)))) for sound in heard[:-1]]
    assert all(softer < louder for louder, softer in pairwise(residues)), residues
    assert residues[-1] < 0.4 * residues[0]  # 0.2 where no hop is late: a late one lets the mixture through
    np.testing.assert_allclose(heard[0], song, rtol=0, atol=1e-5)  # off lets everything through
    np.testing.assert_allclose(heard[-1], song, rtol=0, atol=1e-6)  # bypass


def test_a_port_is_opened_again_and_a_map_is_read_again(server: JackServer, midi_env: dict[str, str], tiny_model: Path,
                                                        tmp_path: Path, files: list[str]) -> None:
    with rtsep_live("--model", str(tiny_model), "--midi", "nano", *files, env=midi_env) as rtsep:
        rtsep.wait_for_line("no MIDI input matches 'nano'; there are: none; looking again every second")
        with controller(server.env, "nano") as knobs:
            knobs.wait_for("b0677f")
        rtsep.wait_until(lambda: sum("no MIDI input matches" in line for line in rtsep.lines) == 2, "that it is gone")
        with controller(server.env, "nano") as knobs:
            knobs.wait_for("b0677f")
            (tmp_path / "map.yaml").write_text("bindings: [{source: cc 1, target: volume}]")
            rtsep.wait_for_line("map.yaml: bindings[0].target: no target 'volume'")
            (tmp_path / "map.yaml").write_text("bindings: [{source: cc 9, target: wet}]")
            knobs.wait_for("b0097f")
        end_quietly(rtsep)


def test_a_port_of_its_own_is_there_by_default(server: JackServer, tiny_model: Path) -> None:
    """No other client may leave the server while this one joins: libjack loses track then, see docs/midi.md."""
    with (controller(server.env, "nano") as knobs,
          rtsep_live("--model", str(tiny_model), env=server.env, midi=None) as rtsep):
        knobs.ask("from rtsep-midi-feedback:control")
        knobs.ask("to rtsep-midi:control")
        knobs.ask("send b00170")
        knobs.wait_for("b00140")  # the knob has not crossed its control, which stays and says so
        end(rtsep)


def test_a_midi_process_that_dies_is_replaced(server: JackServer, tiny_model: Path) -> None:
    with rtsep_live("--model", str(tiny_model), "--midi", "virtual", env=server.env) as rtsep:
        rtsep.wait_for_line("MIDI: rtsep-midi:control is open")
        children = Path(f"/proc/{rtsep.process.pid}/task/{rtsep.process.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)
        rtsep.wait_for_line("the midi process ended (exit code -9); it is started again")
        rtsep.wait_until(lambda: sum("is open" in line for line in rtsep.lines) == 2, "the port again")
        end_quietly(rtsep)


def end_quietly(rtsep: Rtsep) -> None:
    os.killpg(rtsep.process.pid, signal.SIGINT)
    rtsep.finish()
    assert rtsep.process.returncode == 0


@contextmanager
def rtsep_midi(*options: str, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-m", "rtsep.cli.main", "midi", *options], text=True, cwd=ROOT, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_commands(server: JackServer, midi_env: dict[str, str], files: list[str], tmp_path: Path) -> None:
    with controller(server.env, "nano") as knobs:
        with rtsep_midi("ports", env=midi_env) as ports:
            out, err = ports.communicate(timeout=TIMEOUT_S)
        assert (out, err) == ("inputs:\n  nano:out\noutputs, for lights and motors:\n  nano:in\n", "")
        with rtsep_midi("monitor", "--midi", "nano", *files, env=midi_env) as monitor:
            assert monitor.stderr is not None
            assert monitor.stderr.readline() == "rtsep: MIDI: nano:out is open\n"
            knobs.ask("send b00100 c000 b00501")
            assert monitor.stdout is not None
            lines = [" ".join(monitor.stdout.readline().split()) for _ in range(3)]
            assert lines == ["ch 1 cc 1 = 0 mask_gain off", "ch 1 program 0 preset half",
                             "ch 1 cc 5 = 1 bound to nothing"]
            monitor.send_signal(signal.SIGINT)
            assert monitor.wait(TIMEOUT_S) == 0
        with rtsep_midi("learn", "solo", "drums", "--midi", "nano", *files, env=midi_env) as learn:
            assert learn.stderr is not None
            learn.stderr.readline()
            knobs.ask("send b0000a b00014 90247f")
            out, _ = learn.communicate(timeout=TIMEOUT_S)
        assert out.endswith(f"{tmp_path / 'map.yaml'}: note 36 ch 1 is solo drums\n")
    assert (tmp_path / "map.yaml").read_text() == f"{MAPPING}  - {{source: note 36 ch 1, target: solo drums}}\n"


def test_learning_beside_the_music_moves_it_at_once(server: JackServer, tiny_model: Path,
                                                    files: list[str]) -> None:
    with (controller(server.env, "nano") as knobs,
          rtsep_live("--model", str(tiny_model), "--midi", "nano", *files, env=server.env) as rtsep):
        knobs.wait_for("b06640")  # the mask gain at rest
        with rtsep_midi("learn", "mask_gain", "--midi", "nano", *files, env=server.env) as learn:
            assert learn.stderr is not None
            learn.stderr.readline()
            knobs.ask("send b00900 b00920")
            out, _ = learn.communicate(timeout=TIMEOUT_S)
        assert out.endswith("cc 9 ch 1 is mask_gain, in place of cc 1\n")
        knobs.wait_for("b00940")  # the mapping was read again: the new knob is told where its control stands
        knobs.ask("send b00900")
        knobs.wait_for("b06600")
        end_quietly(rtsep)


def hasty_midi(board: Board, stems: tuple[str, ...], pipe: Connection, midi: MidiSettings) -> None:
    """Run the MIDI process with a watchdog of a shorter timeout."""
    process._HANG_S = 2.0 * process.LOOK_S
    process.run_midi(board, stems, pipe, midi)


def test_a_midi_process_that_hangs_ends_itself(jack: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = jack()
    for name, value in stopped.env.items():
        monkeypatch.setenv(name, value)
    stopped.process.send_signal(signal.SIGSTOP)  # whoever asks it something now waits for ever
    notices: list[str] = []
    board = new_board(multiprocessing.get_context("spawn"))
    midi = HelperProcess(Helper("midi", hasty_midi, (MidiSettings("virtual"),)), board, STEMS, notices.append)
    try:
        for sentence in ("the midi process ended (exit code 1); it is started again",
                         "MIDI: rtsep-midi:control is open"):
            until = time.monotonic() + TIMEOUT_S
            while sentence not in notices:
                assert time.monotonic() < until, notices
                midi.look_after()
                time.sleep(0.05)
            stopped.process.send_signal(signal.SIGCONT)
    finally:
        midi.stop()


def test_no_midi_system_is_one_sentence() -> None:
    env = {name: value for name, value in os.environ.items() if name != "JACK_DEFAULT_SERVER"}
    if Path("/dev/snd/seq").exists():
        pytest.skip("this machine has ALSA's sequencer")
    with rtsep_midi("monitor", env=env | {"JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "nowhere"}) as process:
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert err.startswith("rtsep: no MIDI system answers; tried: ")
    assert err.count("\n") == 1
