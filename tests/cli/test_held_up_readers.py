"""A reader who stops taking what rtsep writes: music and recording go on, and a signal ends the run all the same."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.rigs.jack_device import SINK, SOURCE, Devices
from tests.rigs.live import ROOT, TIMEOUT_S, StartServer

HOLD = b"\x13"  # Ctrl-S
MORE_BYTES = 400_000  # of the mixture, some four seconds


@contextmanager
def full_pipe() -> Iterator[int]:
    """Give the end of a pipe that takes nothing more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(writer, bytes(size))
    os.set_blocking(writer, True)
    try:
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def recording(folder: Path, model: Path, *options: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Play from device to device, and record."""
    command = [sys.executable, "-m", "rtsep.cli.main", "live", "--no-calibration", "--midi", "off", "--input", SOURCE,
               "--output", SINK, "--model", str(model), "--record", "take", *options]
    env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, env=env, start_new_session=True, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def check_it_goes_on_and_ends(process: subprocess.Popen[bytes], take: Path) -> None:
    def size() -> int:
        return take.stat().st_size if take.exists() else 0

    held, end = size(), time.monotonic() + TIMEOUT_S
    while process.poll() is None and size() <= held + MORE_BYTES:
        assert time.monotonic() < end, "the recording stands still"
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(TIMEOUT_S) == 0
    assert soundfile.info(take).duration > 1.0


def used_ticks(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Processor time of a process, by itself and in the system."""
    user, system = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return user, system


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
def test_a_command_ends_by_a_signal_whoever_takes_its_output(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    program = f"""import pathlib, sys, rtsep.cli.main as cli
pathlib.Path({str(begun)!r}).touch()
sys.exit(cli.main(["models"]))"""
    with full_pipe() as end, subprocess.Popen([sys.executable, "-c", program], stdout=end, stderr=end,
                                              env=os.environ | {"PYTHONPATH": str(ROOT)}) as process:
        before, limit = ("", ""), time.monotonic() + TIMEOUT_S
        try:
            while not begun.exists() or before != used_ticks(process):  # until it waits for the reader
                assert time.monotonic() < limit
                before = used_ticks(process)
                time.sleep(1.0)
            process.send_signal(signal.SIGTERM)
            assert process.wait(TIMEOUT_S) == 128 + signal.SIGTERM
        finally:
            process.kill()


@pytest.mark.parametrize("options", [("--plain",), ("--json",)])
def test_a_program_that_reads_no_more_holds_nothing_up(options: tuple[str, ...], jack: StartServer, tiny_model: Path,
                                                       tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in jack().env.items():
        monkeypatch.setenv(name, value)
    with Devices(), full_pipe() as end, recording(tmp_path, tiny_model, *options, stdin=subprocess.DEVNULL, stdout=end,
                                                  stderr=end) as process:
        check_it_goes_on_and_ends(process, tmp_path / "take" / "mixture.flac")


def test_a_terminal_that_is_held_holds_nothing_up(jack: StartServer, tiny_model: Path, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in jack().env.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    try:
        with Devices(), recording(tmp_path, tiny_model, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            drawn = b""
            while b"guitar" not in drawn:  # the mixer is there
                assert select.select([ours], [], [], TIMEOUT_S)[0], drawn
                drawn += os.read(ours, 65536)
            os.write(ours, HOLD)
            check_it_goes_on_and_ends(process, tmp_path / "take" / "mixture.flac")
    finally:
        os.close(ours)
        os.close(theirs)
