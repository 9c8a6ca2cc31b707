"""What MIDI costs while nothing moves: python -m bench.midi_idle.

Runs the MIDI process on a JACK dummy server of its own and counts, a second, how often its threads wake and how much of
a core they take: that of Python by itself, those of the MIDI system together.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.lib.command import PERIOD, SECONDS, parser_of, run_bench
from rtsep.live.board import new_board
from rtsep.live.session.helper import Helper, HelperMessage, HelperProcess
from rtsep.midi.process import MidiSettings, run_midi
from tests.rigs.jack_server import TIMEOUT_S, missing_parts, running_server

STEMS = ("drums", "guitar", "rest")
NAME = "bench-controller"
STATES = {"own port, no sound": ("virtual", False), "own port, sound": ("virtual", True),
          "controller that rests, sound": (NAME, True)}
LIBRARIES = ("python-rtmidi", "JACK-Client")
_SETTLE_S = 3.0  # until a port that was just opened counts as resting
_SOUND_S = 0.05  # between two callbacks that the board is told of


def main(arguments: list[str] | None = None) -> int:
    """Measure."""
    parser = parser_of("midi_idle", __doc__)
    parser.add_argument("--seconds", type=SECONDS, default=10.0)
    parser.add_argument("--period", type=PERIOD, default=512, help="frames of the server's period")
    options = parser.parse_args(arguments)
    return run_bench(parser, options, lambda: measure(options.seconds, options.period), show)


def measure(seconds: float, period: int) -> list[dict[str, Any]]:
    """Measure each state with each library; raise OSError where no server can be started."""
    if missing := missing_parts():
        raise OSError(missing)
    with running_server(period) as server:
        os.environ |= server.env  # for JACK and the MIDI process
        command = [sys.executable, "-m", "bench.lib.midi_sender", NAME, "1"]
        with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as sender:
            rows = []
            for library in LIBRARIES:
                with reached_by(library):
                    rows += [{"library": library, "state": state, "period": period} | rest(port, sound, seconds)
                             for state, (port, sound) in STATES.items()]
            sender.communicate("end\n")
    return rows


@contextmanager
def reached_by(library: str) -> Iterator[None]:
    """Let the MIDI process, which takes over where this one looks for modules, find that library alone."""
    with tempfile.TemporaryDirectory() as folder:
        if library == "JACK-Client":
            (Path(folder) / "rtmidi.py").write_text("raise ImportError('taken away by the bench')")
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)


def rest(port: str, sound: bool, seconds: float) -> dict[str, float]:
    """Run the MIDI process on a port where nothing moves; raise OSError where it does not open."""
    told: list[HelperMessage] = []
    board = new_board(multiprocessing.get_context("spawn"))
    midi = HelperProcess(Helper("midi", run_midi, (MidiSettings(port),)), board, STEMS, told.append)

    def play(length: float) -> None:
        until = time.monotonic() + length
        while time.monotonic() < until:
            board.callbacks += sound
            midi.look_after()
            time.sleep(_SOUND_S)

    try:
        until = time.monotonic() + TIMEOUT_S
        while not any("is open" in str(news) for news in told):
            if time.monotonic() > until:
                raise OSError(f"the port {port} does not open: {told}")
            play(_SOUND_S)
        play(_SETTLE_S)
        pid = next(child.pid for child in multiprocessing.active_children() if child.name == "rtsep-midi")
        before, begin = threads_of(pid), time.monotonic()
        play(seconds)
        after, took = threads_of(pid), time.monotonic() - begin
    finally:
        midi.stop()
    own, others = ({thread for thread in after if (thread == pid) is python} for python in (True, False))
    return {f"{name}_{who}": sum(after[thread][unit] - before.get(thread, (0, 0.0))[unit] for thread in some) / took
            for who, some in (("python", own), ("system", others)) for unit, name in enumerate(("wakes", "ms"))}


def threads_of(pid: int | None) -> dict[int, tuple[int, float]]:
    """How often each thread of a process has waited, and the milliseconds of a core that it has taken."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
            taken = int((task / "schedstat").read_text().split()[0]) / 1e6
            found[int(task.name)] = int(status["voluntary_ctxt_switches"]), taken
    return found


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("library", "state", "wakes/s, Python", "wakes/s, system", "ms/s, Python", "ms/s, system",
                  title=f"The MIDI process at rest, period {rows[0]['period']}")
    for row in rows:
        table.add_row(row["library"], row["state"], *(f"{row[name]:.0f}" for name in ("wakes_python", "wakes_system")),
                      *(f"{row[name]:.1f}" for name in ("ms_python", "ms_system")))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
