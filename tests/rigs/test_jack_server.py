"""JACK's registry has room for eight servers: none may stay in it, whatever ends the program that started it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.jack_server import TIMEOUT_S
from tests.rigs.live import ROOT

STARTER = """
import os, signal, sys, time
import jack
from tests.rigs import jack_server
with jack_server.running_server() as server:
    os.environ |= server.env
    if sys.argv[1] == "killed client":
        client = os.fork()
        if not client:
            jack.Client("killed").activate()
            os.kill(os.getpid(), 9)
        os.waitpid(client, 0)
    if sys.argv[1] == "impatient user":  # whose second signal comes just before the server is ended
        ignored = jack_server.signals_ignored
        jack_server.signals_ignored = lambda: os.kill(os.getpid(), signal.SIGINT) or ignored()
    print(server.env["JACK_DEFAULT_SERVER"], flush=True)
    if sys.argv[1] == "error":
        raise ValueError("error")
    time.sleep(600)
"""


@pytest.mark.usefixtures("_jack_or_skip")
@pytest.mark.parametrize(("how", "number"), [("signal", signal.SIGTERM), ("signal", signal.SIGINT), ("error", None),
                                             ("impatient user", signal.SIGTERM), ("killed client", signal.SIGTERM)])
def test_nothing_of_a_server_is_left(how: str, number: signal.Signals | None) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, how], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert name
        if number is not None:
            assert list(Path("/dev/shm").glob(f"jack*{name}*"))
            process.send_signal(number)
        assert process.wait(TIMEOUT_S) != 0
    assert list(Path("/dev/shm").glob(f"jack*{name}*")) == []
    registry = Path("/dev/shm/jack-shm-registry")
    assert name.encode() not in registry.read_bytes()
