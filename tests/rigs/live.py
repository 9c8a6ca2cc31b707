"""A real JACK server without a sound card, and rtsep as a process beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest

from rtsep.cli.main import main
from tests.rigs.jack_server import TIMEOUT_S, JackServer, missing_parts, running_server

ROOT = Path(__file__).parents[2]

StartServer = Callable[..., JackServer]


@pytest.fixture(scope="session")
def _jack_or_skip() -> None:
    if missing := missing_parts():
        pytest.skip(missing)
    pytest.importorskip("jack", reason="pip install JACK-Client")


@pytest.fixture
def jack(_jack_or_skip: None) -> Iterator[StartServer]:
    """Start synchronous dummy servers, as `running_server` does."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(running_server(*arguments, **options))


class _Standing:
    """A server that several tests use after each other."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._server: JackServer | None = None

    def sound(self) -> JackServer:
        """Give the server; another one if a test has spoilt it, so that the next ones do not fail as well."""
        if self._server is None or not self._server.takes_clients():
            self._stack.close()
            self._server = self._stack.enter_context(running_server(capture=4, playback=8))
        return self._server


@pytest.fixture(scope="module")
def _standing(_jack_or_skip: None) -> Iterator[_Standing]:
    with ExitStack() as stack:
        yield _Standing(stack)


@pytest.fixture
def server(_standing: _Standing) -> JackServer:
    """One server with four inputs and eight outputs, for tests that leave it running."""
    return _standing.sound()


def refused(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int | str | None, str]:
    """Call `rtsep live` in this process; return its exit code and what it wrote to stderr."""
    try:
        code: int | str | None = main(["live", "--no-calibration", *options])
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err


def _collect(stream: IO[str], lines: list[str]) -> None:
    """Append lines as they come, until the end."""
    with stream:
        for line in stream:
            lines.append(line)


class Rtsep:
    """`rtsep live` as a process, with the lines that it writes as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.tables: list[str] = []
        """Of stdout."""
        self.lines: list[str] = []
        """Of stderr."""
        self._readers = [threading.Thread(target=_collect, args=pair, daemon=True)
                         for pair in ((process.stdout, self.tables), (process.stderr, self.lines))]
        for reader in self._readers:
            reader.start()

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait; fail at once where the process has ended."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"waited for {what}, exit code {self.process.poll()}: {''.join(self.lines)}")
            time.sleep(0.1)

    def wait_for_port(self, server: JackServer, name: str) -> None:
        """Wait until a port is connected, and so the stream is active; it exists before that."""
        self.wait_until(lambda: bool(server.connections(name)), f"connected port {name}")

    def wait_for_line(self, text: str) -> None:
        self.wait_until(lambda: any(text in line for line in self.lines), repr(text))

    def finish(self) -> tuple[str, str]:
        """Wait for its end; return what it wrote to stdout, and to stderr besides where it records."""
        self.process.wait(TIMEOUT_S)
        for reader in self._readers:
            reader.join(TIMEOUT_S)
        return "".join(self.tables), "".join(line for line in self.lines if "recording to" not in line)


@contextmanager
def rtsep_live(*options: str, env: dict[str, str] | None = None, cwd: Path | None = None,
               midi: str | None = "off", calibrated: bool = False) -> Iterator[Rtsep]:
    """`rtsep live` as a process of its own, which is gone afterwards; with `midi` None as it is without the option."""
    env = dict(os.environ if env is None else env)
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "rtsep.cli.main", "live", *options]
    command += [] if calibrated else ["--no-calibration"]
    command += [] if midi is None or "--midi" in options else ["--midi", midi]
    process = subprocess.Popen(command, env=env, cwd=cwd, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    try:
        yield Rtsep(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
