"""A real JACK server without a sound card: jackd with its dummy driver, under a name of its own."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes.util import find_library
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT_S = 60.0
_ANSWER_S = 10.0  # what a client may take to ask for the ports
_END_OBSERVER_S = 3.0  # what it may take to leave; with a server that stopped it hangs
_OBSERVER = Path(__file__).with_name("jack_observer.py")
_END_S = 10.0  # what a clean end of the server may take
_END_TRIALS = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class JackServer:
    """A running server, and the environment in which clients find it."""

    process: subprocess.Popen[bytes]
    env: dict[str, str]
    _observer: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def ports(self) -> list[str]:
        """List all ports; empty if the server does not answer."""
        return self._ask("ports")

    def connections(self, port: str) -> list[str]:
        """List the ports that a port is connected to; empty if the server does not answer."""
        return self._ask(f"connections {port}")

    def takes_clients(self) -> bool:
        """Whether another client can join, and so cycles run."""
        return bool(self._ask("join"))

    def _ask(self, question: str) -> list[str]:
        """Ask the observer, which is started if there is none."""
        if self._observer is None or self._observer.poll() is not None:
            self._end_observer()
            self._observer = subprocess.Popen([sys.executable, str(_OBSERVER)], stdin=subprocess.PIPE,
                                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.env,
                                              start_new_session=True)
            self._answer(self._observer)
        try:
            assert self._observer.stdin is not None
            self._observer.stdin.write(question.encode() + b"\n")
            self._observer.stdin.flush()
        except BrokenPipeError:
            return []
        return self._answer(self._observer)

    def _answer(self, observer: subprocess.Popen[bytes]) -> list[str]:
        """Read a line of the observer; empty if it has ended, or hangs, as a client can, and is killed."""
        assert observer.stdout is not None
        line = observer.stdout.readline() if select.select([observer.stdout], [], [], _ANSWER_S)[0] else b""
        if not line:
            observer.kill()
        names: list[str] = json.loads(line or b"[]")
        return names

    def _end_observer(self) -> None:
        """Let it leave before the server ends."""
        if self._observer is None:
            return
        with suppress(BrokenPipeError, subprocess.TimeoutExpired):
            self._observer.communicate(timeout=_END_OBSERVER_S)
        self._observer.kill()
        self._observer.wait()
        self._observer = None

    def end(self) -> None:
        """End it so that it leaves JACK's registry, which has room for eight.

        One that was killed leaves it when a server of the same name has come and gone. So does one that a
        client left in the middle of freewheeling: it can hang for ever, and is killed.
        """
        self._end_observer()
        name = self.env["JACK_DEFAULT_SERVER"]
        process, trials = self.process, 0
        while not _terminated(process) and trials < _END_TRIALS:  # the first one of the same name may be refused
            process, trials = _launch(name, ["-r", "-d", "dummy"]).process, trials + 1
        for semaphore in Path("/dev/shm").glob(f"jack_sem.*_{name}_*"):  # of clients that were killed
            semaphore.unlink()


def missing_parts() -> str:
    """Say what has to be installed before a server can be started; empty where nothing is."""
    missing = [name for name in ("jackd", "jack_lsp") if shutil.which(name) is None]
    missing += [name for name in ("jack", "portaudio") if find_library(name) is None]
    return f"no {', '.join(missing)}: apt install jackd2 libjack-jackd2-0 libportaudio2" if missing else ""


@contextmanager
def running_server(period: int = 512, samplerate: int = 44100, playback: int = 2, capture: int = 2,
                   name: str | None = None) -> Iterator[JackServer]:
    """Start a synchronous server, in real time where that is allowed; it ends however the block is left.

    SIGTERM leaves the block as Ctrl-C does; further signals are ignored until the server has ended.

    Raises
    ------
    OSError
        When it does not start.
    """
    options = ["-S", "-d", "dummy", "-r", str(samplerate), "-p", str(period), "-C", str(capture), "-P", str(playback)]
    name = name or f"rtsep-{uuid.uuid4().hex[:8]}"
    previous = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        server = _launch(name, ["-R", "-P", "70", *options])
        if server.process.poll() is not None:
            server = _launch(name, ["-r", *options])
        if server.process.poll() is not None:
            raise OSError("jackd does not start, neither with -R nor with -r")
        try:
            yield server
        finally:
            with signals_ignored():
                server.end()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Let no signal disturb what is done in the block."""
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: object) -> None:
    """Leave the block at the first signal, and let no second one in between."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _launch(name: str, options: list[str]) -> JackServer:
    """Start a server; return once it answers or has ended."""
    env = os.environ | {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    process = subprocess.Popen(["jackd", "-n", name, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=env, start_new_session=True)
    server = JackServer(process, env)
    try:
        _wait(server)
    except BaseException:
        with signals_ignored():
            server.end()
        raise
    return server


def _wait(server: JackServer) -> None:
    """Wait until a server answers or has ended; one that does neither is killed."""
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if _answers(server.env) or server.process.poll() is not None:
            return
        time.sleep(0.05)
    server.process.kill()
    server.process.wait()


def _terminated(process: subprocess.Popen[bytes]) -> bool:
    """End a server; False where it did not end by itself."""
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return process.returncode == 0


def _answers(env: dict[str, str]) -> bool:
    """Whether a server answers; one that hangs the client that asks, as it can, does not."""
    with suppress(subprocess.TimeoutExpired):
        return subprocess.run(["jack_lsp"], env=env, capture_output=True, timeout=_ANSWER_S).returncode == 0
    return False
