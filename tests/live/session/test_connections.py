"""On a real JACK server connections are the user's, whatever becomes of the audio process, and so is Ctrl-Z."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from rtsep.controls.presets import Preset
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings
from rtsep.live.session.helper import Helper
from rtsep.live.session.session import Session
from tests.rigs import pipewire_server
from tests.rigs.jack_server import TIMEOUT_S, JackServer
from tests.rigs.live import ROOT, StartServer, rtsep_live
from tests.rigs.models import make_tiny_model
from tests.rigs.pipewire_server import SINK

from .test_trouble import device, end

LOOKED_S = 1.5  # after which a change by hand has been seen


def by_hand(server: JackServer, tool: str, source: str, sink: str) -> None:
    """Connect or disconnect as a user does, with `jack_connect` or `jack_disconnect`."""
    subprocess.run([tool, source, sink], env=server.env, check=True, capture_output=True, timeout=TIMEOUT_S)


def plug_in_by_hand(server: JackServer) -> None:
    """Let a synthesiser take the place of the microphone, and a recorder listen beside the loudspeaker."""
    while not {"synth:capture_1", "recorder:playback_1"} <= set(server.ports()):
        time.sleep(0.1)
    by_hand(server, "jack_disconnect", "system:capture_1", "rtsep:in_1")
    by_hand(server, "jack_connect", "synth:capture_1", "rtsep:in_1")
    by_hand(server, "jack_connect", "rtsep:out_1", "recorder:playback_1")
    time.sleep(LOOKED_S)


def wired(server: JackServer) -> dict[str, set[str]]:
    return {port: set(server.connections(f"rtsep:{port}")) for port in ("in_1", "in_2", "out_1", "out_2")}


WIRED = {"in_1": {"synth:capture_1"}, "in_2": {"system:capture_2"},
         "out_1": {"system:playback_1", "recorder:playback_1"}, "out_2": {"system:playback_2"}}


def test_connections_by_hand_survive_a_restart_of_the_server(jack: StartServer, tiny_model: Path) -> None:
    server = jack()
    with device(server, "recorder", "playback"), device(server, "synth"), \
            rtsep_live("--model", str(tiny_model), env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        plug_in_by_hand(server)
        assert wired(server) == WIRED
        server.process.kill()
        server.process.wait()
        rtsep.wait_for_line("the music goes on when it is back")
        again = jack(name=server.env["JACK_DEFAULT_SERVER"])
        rtsep.wait_for_line("is back: the music goes on")
        without = {port: {other for other in others if other.startswith("system:")} for port, others in WIRED.items()}
        assert wired(again) == without  # and no microphone in the synthesiser's place
        with device(again, "recorder", "playback"), device(again, "synth"):
            rtsep.wait_until(lambda: wired(again) == WIRED, "the connections made by hand")
            end(rtsep)


def call(_board: Board, _stems: tuple[str, ...], pipe: Connection, model: str, word: str) -> None:
    """Call a preset with another model once there is a file of this name."""
    while not pipe.poll(0.1):
        if Path(word).exists():
            pipe.send(Preset("next", model=model))
            pipe.poll(None)
            return


def test_connections_by_hand_survive_another_model(jack: StartServer, tiny_model: Path, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    server = jack()
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    other = make_tiny_model(tmp_path / "other.onnx", "ultra")
    word = tmp_path / "now"
    notices: list[str] = []
    session = Session(LiveSettings(model=str(tiny_model)), helpers=[Helper("caller", call, (str(other), str(word)))],
                      on_notice=notices.append)

    def story() -> Iterator[None]:
        while "system:playback_2" not in server.connections("rtsep:out_2"):
            yield
        plug_in_by_hand(server)
        word.touch()
        while "the model other plays" not in notices:
            yield
        assert wired(server) == WIRED

    turns = story()
    until = time.monotonic() + 4.0 * TIMEOUT_S

    def tick(_board: Board, _samplerate: int) -> None:
        assert time.monotonic() < until, notices
        if next(turns, session) is session:
            session.stop()

    with device(server, "recorder", "playback"), device(server, "synth"):
        result = session.run(tick)
    assert result is not None
    assert result.failure is None
    assert notices == ["the model other plays"]


def test_nothing_is_connected_unasked(jack: StartServer, tiny_model: Path) -> None:
    server = jack()
    with rtsep_live("--model", str(tiny_model), "--no-connect", env=server.env) as rtsep:
        rtsep.wait_until(lambda: "rtsep:out_2" in server.ports(), "the ports")
        by_hand(server, "jack_connect", "system:capture_1", "rtsep:in_2")
        time.sleep(LOOKED_S)
        assert wired(server) == {"in_1": set(), "in_2": {"system:capture_1"}, "out_1": set(), "out_2": set()}
        tables = end(rtsep)
    assert re.search(r"^input +to be connected, JACK", tables, re.MULTILINE)


def test_pipewire_keeps_what_was_connected_by_hand_for_the_next_run(tiny_model: Path, tmp_path: Path) -> None:
    if missing := pipewire_server.missing_parts("pw-jack", "pw-link"):
        pytest.skip(missing)
    own = "rtsep-midi-feedback:control", "rtsep-midi:control"  # a controller there is none, so they hear each other
    wires = {(f"{SINK}:monitor_FL", "rtsep:in_2"), ("rtsep:out_1", f"{SINK}:playback_FR"), own}
    options = ("--model", str(tiny_model), "--resume-state", "--midi", "virtual")
    with pipewire_server.running_pipewire(tmp_path) as server:
        with rtsep_live(*options, "--no-connect", env=server.jack_env) as rtsep:
            for wire in wires:
                rtsep.wait_until(lambda wire=wire: server.link(*wire), f"ports of {wire}")
            rtsep.wait_until(lambda: server.links() == wires, f"{wires} alone")
            rtsep.wait_until(lambda: latencies(server.jack_env, "rtsep:out_1")[1] == ["256"] * 2, "capture latency")
            rtsep.wait_until(lambda: latencies(server.jack_env, "rtsep:in_1")[0] == ["256"] * 2, "playback latency")
            end(rtsep)
        assert server.links() == set()
        with rtsep_live(*options, env=server.jack_env) as rtsep:
            rtsep.wait_until(lambda: server.links() == wires, f"{wires} alone")
            end(rtsep)


def latencies(env: dict[str, str], port: str) -> tuple[list[str], list[str]]:
    """Playback and capture latency of a port, lowest and highest each, as JACK tells them to everybody."""
    text = subprocess.run(["jack_lsp", "-l", port], env=env, capture_output=True, text=True, check=True,
                          timeout=TIMEOUT_S).stdout
    playback, capture = re.findall(r"latency = \[ (\d+) (\d+) \]", text)
    return list(playback), list(capture)


@pytest.mark.parametrize(("period", "latency"), [("512", 256), ("128", 384)])
def test_latencies_are_published_in_both_directions(jack: StartServer, tiny_model: Path, period: str,
                                                    latency: int) -> None:
    server = jack(256)
    with rtsep_live("--model", str(tiny_model), "--blocksize", period, env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        first = int(latencies(server.env, "system:capture_1")[1][0])
        last = int(latencies(server.env, "system:playback_1")[0][0])
        assert int(period) in (first, last)
        rtsep.wait_until(lambda: latencies(server.env, "rtsep:out_1")[1] == [str(first + latency)] * 2,
                         "capture latency")
        rtsep.wait_until(lambda: latencies(server.env, "rtsep:in_1")[0] == [str(last + latency)] * 2,
                         "playback latency")
        tables = end(rtsep)
    assert re.search(rf"^device, input +{first} ", tables, re.MULTILINE)
    assert re.search(rf"^device, output +{last} ", tables, re.MULTILINE)


SLOW = """
import os, time, jack
from contextlib import suppress
from rtsep.live.streams.jack_latency import Latencies
client = jack.Client("slow", no_start_server=True)
latencies = Latencies(client, lambda: time.sleep(0.01) or 256)
client.set_process_callback(lambda frames: None)
ports = client.inports.register("in"), client.outports.register("out")
latencies.set_ports(ports[:1], ports[1:])
client.activate()
for wire in ((f"{SINK}:monitor_FL", "slow:in"), ("slow:out", f"{SINK}:playback_FL")):
    while not client.get_all_connections(wire[wire[0] != "slow:out"]):
        with suppress(jack.JackError):  # the sink may not be ready yet
            client.connect(*wire)
    latencies.update()
os._exit(0)
"""


def test_pipewire_asks_for_latencies_and_waits_for_nobody(tmp_path: Path) -> None:
    if missing := pipewire_server.missing_parts("pw-jack"):
        pytest.skip(missing)
    with pipewire_server.running_pipewire(tmp_path) as server:
        for _ in range(4):
            subprocess.run([sys.executable, "-c", f"SINK = {SINK!r}\n{SLOW}"], cwd=ROOT, env=server.jack_env,
                           check=True, timeout=TIMEOUT_S)


COUNTER = """
import sys, jack
client = jack.Client("counter")
cycles = [0]
@client.set_process_callback
def process(_frames):
    cycles[0] += 1
client.activate()
for _ in sys.stdin:
    print(cycles[0], flush=True)
"""


@contextmanager
def counter(server: JackServer) -> Iterator[subprocess.Popen[str]]:
    """Another client, which answers each line with the cycles that it was called for."""
    process = subprocess.Popen([sys.executable, "-c", COUNTER], env=server.env, text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    with process:
        yield process
        process.communicate()


def cycles(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def test_ctrl_z_holds_no_other_client_up(jack: StartServer, tiny_model: Path) -> None:
    """The terminal stops the whole group of processes; here the group is no orphan, which the system would not stop."""
    server = jack()
    command = [sys.executable, "-m", "rtsep.cli.main", "live", "--model", str(tiny_model), "--no-calibration"]
    process = subprocess.Popen(command, cwd=ROOT, env=server.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               process_group=0)
    try:
        with counter(server) as other:
            until = time.monotonic() + 4.0 * TIMEOUT_S
            while not server.connections("rtsep:out_2"):
                assert time.monotonic() < until
            os.killpg(process.pid, signal.SIGTSTP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            before = cycles(other)
            while cycles(other) < before + 300:
                assert time.monotonic() < until, "the other client is held up"
                time.sleep(0.1)
            os.killpg(process.pid, signal.SIGCONT)
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()
        process.wait()
