"""What happens to devices on stage, on a real JACK server: one line, and the music returns with its device."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rigs.jack_server import TIMEOUT_S, JackServer
from tests.rigs.live import ROOT, Rtsep, StartServer, rtsep_live

DEVICE = """
import sys, time, jack
client = jack.Client(sys.argv[1])
client.set_process_callback(lambda _frames: None)  # else who hears it waits for it for ever
for index in (1, 2):
    if sys.argv[2] == "duplex":
        client.outports.register(f"capture_{index}", is_terminal=True, is_physical=True)
    if sys.argv[2] != "midi":
        client.inports.register(f"playback_{index}", is_terminal=True, is_physical=True)
for index in range(1, 9):
    if sys.argv[2] == "midi":
        client.midi_inports.register(f"midi_{index}")
client.activate()
sys.stdin.read()
client.deactivate()
client.close()
"""


@contextmanager
def device(server: JackServer, name: str, kind: str = "duplex") -> Iterator[subprocess.Popen[bytes]]:
    """Plug a device in, `duplex`, `playback` or `midi`: a client with such ports; it is unplugged at the end."""
    process = subprocess.Popen([sys.executable, "-c", DEVICE, name, kind], stdin=subprocess.PIPE, env=server.env)
    try:
        yield process
    finally:
        unplug(process)


def unplug(process: subprocess.Popen[bytes]) -> None:
    """Take a device away; one that is away already stays so."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait(TIMEOUT_S)


def end(rtsep: Rtsep, number: int = signal.SIGINT) -> str:
    os.killpg(rtsep.process.pid, number)
    out, _ = rtsep.finish()
    assert rtsep.process.returncode == 0, rtsep.lines
    return out


def lines_with(rtsep: Rtsep, text: str) -> int:
    return sum(text in line for line in rtsep.lines)


def test_a_killed_server_is_one_line_and_the_music_returns_with_it(jack: StartServer, tiny_model: Path) -> None:
    server = jack()
    with rtsep_live("--model", str(tiny_model), env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        server.process.kill()
        server.process.wait()
        rtsep.wait_for_line("the music goes on when it is back")
        assert rtsep.lines == ["rtsep: the JACK server went away; start it again; the music goes on when it is back, "
                               "Ctrl-C ends\n"]
        again = jack(name=server.env["JACK_DEFAULT_SERVER"])
        rtsep.wait_for_line("is back: the music goes on")
        rtsep.wait_for_port(again, "rtsep:out_2")
        tables = end(rtsep)
    assert len(rtsep.lines) == 2
    assert re.search(r"^reconnections to the device +1 *$", tables, re.MULTILINE)


def test_a_server_back_at_another_rate_is_told_until_it_is_right(jack: StartServer, tiny_model: Path) -> None:
    server = jack()
    name = server.env["JACK_DEFAULT_SERVER"]
    with rtsep_live("--model", str(tiny_model), env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        server.process.kill()
        server.process.wait()
        rtsep.wait_for_line("the music goes on when it is back")
        wrong = jack(name=name, samplerate=96000)
        rtsep.wait_for_line("does not take 44100 Hz (its own rate is 96000 Hz)")
        wrong.process.kill()
        wrong.process.wait()
        jack(name=name)
        rtsep.wait_for_line("is back: the music goes on")
        assert lines_with(rtsep, "does not take") == 1
        end(rtsep)


def test_a_server_that_stops_is_one_line_and_the_music_returns(jack: StartServer, tiny_model: Path) -> None:
    server = jack()
    with rtsep_live("--model", str(tiny_model), env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        server.process.send_signal(signal.SIGSTOP)
        rtsep.wait_for_line("the music goes on when it is back")
        server.process.send_signal(signal.SIGCONT)
        rtsep.wait_for_line("is back: the music goes on")
        assert len(rtsep.lines) == 2
        end(rtsep)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_end_does_not_hang_without_a_server(jack: StartServer, tiny_model: Path, number: int) -> None:
    server = jack()
    with rtsep_live("--model", str(tiny_model), env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        server.process.send_signal(number)
        end(rtsep)
        assert "Traceback" not in "".join(rtsep.lines)


def test_another_period_is_adapted_to_while_it_plays(jack: StartServer, tiny_model: Path) -> None:
    server = jack(512)
    with rtsep_live("--model", str(tiny_model), env=server.env) as rtsep:
        rtsep.wait_for_port(server, "rtsep:out_2")
        subprocess.run(["jack_bufsize", "128"], env=server.env, check=True, capture_output=True, timeout=TIMEOUT_S)
        rtsep.wait_until(lambda: "system:playback_2" in server.connections("rtsep:out_2"), "the connection")
        tables = end(rtsep)
    assert rtsep.lines == []
    assert re.search(r"^output behind input, blocks of 128 +384 ", tables, re.MULTILINE)


def test_an_unplugged_device_is_one_line_and_used_again_when_plugged_in(jack: StartServer, tiny_model: Path) -> None:
    server = jack()
    options = ("--model", str(tiny_model), "--input", "usb", "--output", "usb")
    with rtsep_live(*options, env=server.env) as rtsep_without:
        _, err = rtsep_without.finish()
    assert err.startswith("rtsep: no output device matches 'usb'")
    with device(server, "usb") as usb:
        usb_there(server)
        with rtsep_live(*options, env=server.env) as rtsep:
            rtsep.wait_until(lambda: "usb:playback_2" in server.connections("rtsep:out_2"), "the connection")
            unplug(usb)
            rtsep.wait_for_line("usb, JACK, went away")
            with device(server, "usb"):
                rtsep.wait_for_line("is back: the music goes on")
                assert "usb:playback_1" in server.connections("rtsep:out_1")
                assert len(rtsep.lines) == 2
                end(rtsep)


def usb_there(server: JackServer) -> None:
    for _ in range(int(TIMEOUT_S / 0.1)):
        if "usb:playback_2" in server.ports():
            return
        time.sleep(0.1)
    pytest.fail("the device does not appear")


def test_the_next_default_device_is_taken_when_the_default_one_goes(jack: StartServer, tiny_model: Path) -> None:
    server = jack(capture=0, playback=0)
    with device(server, "usb") as usb:
        usb_there(server)
        with device(server, "hall"), rtsep_live("--model", str(tiny_model), env=server.env) as rtsep:
            rtsep.wait_until(lambda: "usb:playback_1" in server.connections("rtsep:out_1"), "the default device")
            unplug(usb)
            rtsep.wait_for_line("hall, JACK Audio Connection Kit is back: the music goes on")
            assert "hall:playback_1" in server.connections("rtsep:out_1")
            end(rtsep)


HASTY = """
import sys
from rtsep.cli import main, timeout
timeout.TIMEOUT_S = 1
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarms here")
def test_commands_give_up_on_a_server_that_stops(jack: StartServer) -> None:
    server = jack()
    server.process.send_signal(signal.SIGSTOP)
    for command in (["devices"], ["midi", "ports"], ["midi", "monitor"]):
        done = subprocess.run([sys.executable, "-c", HASTY, *command], cwd=ROOT, env=server.env, capture_output=True,
                              text=True, timeout=TIMEOUT_S)
        assert (done.returncode, done.stderr) == (1, "rtsep: the sound server has not answered for 1 s; start it "
                                                     "again\n")
