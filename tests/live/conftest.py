"""A real JACK server without a sound card, and rtsep as a process beside it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


@dataclass
class JackServer:
    process: subprocess.Popen[bytes]
    env: dict[str, str]

    def ports(self) -> str:
        answer = subprocess.run(["jack_lsp"], env=self.env, capture_output=True, text=True, timeout=PATIENCE_S)
        return answer.stdout if answer.returncode == 0 else ""

    def wait_for_port(self, name: str, alive: subprocess.Popen[str]) -> None:
        """Wait for a port; fail at once where the process that should make it has ended."""
        for _ in range(int(PATIENCE_S / 0.1)):
            if name in self.ports().split():
                return
            try:
                out, err = alive.communicate(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"rtsep ended: {out}\n{err}")
        pytest.fail(f"no port {name}, but {self.ports()}")


StartServer = Callable[..., JackServer]


@pytest.fixture(scope="session")
def _jack_or_skip() -> None:
    missing = [name for name in ("jackd", "jack_lsp") if shutil.which(name) is None]
    missing += [name for name in ("jack", "portaudio") if find_library(name) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: the tests on a real audio server need "
                    f"apt install jackd2 libjack-jackd2-0 libportaudio2")
    pytest.importorskip("jack", reason="pip install JACK-Client")


@pytest.fixture
def jack(_jack_or_skip: None) -> Iterator[StartServer]:
    """Start synchronous dummy servers: jack(period=512, samplerate=44100, playback=2)."""
    servers: list[JackServer] = []

    def start(period: int = 512, samplerate: int = 44100, playback: int = 2) -> JackServer:
        server = _start_server(period, samplerate, playback)
        servers.append(server)
        return server

    yield start
    for server in servers:
        _end(server)


def _start_server(period: int, samplerate: int, playback: int) -> JackServer:
    name = f"rtsep-test-{uuid.uuid4().hex[:8]}"
    for scheduling in (["-R", "-P", "70"], ["-r"]):  # real-time where it is allowed
        server = _launch(name, [*scheduling, "-S", "-d", "dummy", "-r", str(samplerate), "-p", str(period),
                                "-P", str(playback)])
        if server.process.poll() is None:
            return server
    return pytest.fail("jackd does not start, neither with -R nor with -r")


def _launch(name: str, options: list[str]) -> JackServer:
    """Start a server; return once it answers or has ended."""
    env = os.environ | {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    process = subprocess.Popen(["jackd", "-n", name, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=env)
    server = JackServer(process, env)
    for _ in range(200):
        if server.ports() or process.poll() is not None:
            return server
        time.sleep(0.05)
    process.kill()
    process.wait()
    return server


def _end(server: JackServer) -> None:
    """End a server so that it leaves JACK's registry, which has room for eight.

    One that was killed leaves it when a server of the same name has come and gone.
    """
    name = server.env["JACK_DEFAULT_SERVER"]
    if server.process.poll() is not None:
        server = _launch(name, ["-r", "-d", "dummy"])
    server.process.send_signal(signal.SIGCONT)
    server.process.terminate()
    server.process.wait(PATIENCE_S)
    for semaphore in Path("/dev/shm").glob(f"jack_sem.*_{name}_*"):  # of clients that were killed
        semaphore.unlink()


@contextmanager
def rtsep_live(*options: str, env: dict[str, str] | None = None,
               cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """`rtsep live` as a process of its own, which is gone afterwards."""
    env = dict(os.environ if env is None else env)
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    process = subprocess.Popen([sys.executable, "-m", "rtsep.cli.main", "live", *options], env=env, cwd=cwd, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
