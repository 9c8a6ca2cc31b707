"""What the mixer and the control API cost a live run: python -m bench.interfaces.

`rtsep live` plays all stems on a JACK dummy server, again and again in turns: with nothing to look at it, with the
mixer on a terminal, and with clients of the API that read meters and spectra thirty times a second. Hops that were
missed and times of blocks are the audio process's own counts; processor time and memory are those of `/proc`.

Whether clients cost the audio process anything, a few long turns do not settle: machines have moods. So another run is
played in many short turns with clients and without, see `bench.lib.pairs`.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.lib.command import PERIOD, SECONDS, parser_of, run_bench
from bench.lib.machine import processor
from bench.lib.pairs import client_process, play_pairs, say, say_off, show_pairs
from rtsep import RtsepError
from rtsep.cli.numbers import whole
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from tests.rigs.jack_server import JackServer, missing_parts, running_server

WAYS = ("nothing", "mixer", "api", "clients")
"""Ways to look at a run, in the order in which they take turns."""

_START_S = 300.0
_SETTLE_S = 2.0
_TICKS = os.sysconf("SC_CLK_TCK")
_SURE = 0.05  # probability of chance below which it is none


def main(arguments: list[str] | None = None) -> int:
    """Play; return 1 where more blocks are late with clients than without, and chance does not explain it."""
    parser = parser_of("interfaces", __doc__)
    parser.add_argument("--seconds", type=SECONDS, default=30.0, help="of each turn (default: %(default)s)")
    parser.add_argument("--turns", type=whole(0, 1000), default=3, help="of each way (default: %(default)s; 0: none)")
    parser.add_argument("--clients", type=whole(1, 64), default=3, help="of the API (default: %(default)s)")
    parser.add_argument("--pairs", type=whole(0, 1000), default=60, help="short turns with clients and as many "
                        "without (default: %(default)s; 0: none)")
    parser.add_argument("--pair-seconds", type=SECONDS, default=2.5, help="of each of them (default: %(default)s)")
    parser.add_argument("--way", action="append", choices=WAYS, help="to look at it (default: all of them)")
    parser.add_argument("--period", type=PERIOD, default=256)
    parser.add_argument("--model", default="stage")
    options = parser.parse_args(arguments)
    ways = [way for way in WAYS if (not options.way or way in options.way) and options.turns > 0]

    def report() -> dict[str, Any]:
        if missing := missing_parts():
            raise OSError(missing)
        stems = len(read_step(find_model(options.model)).card.stems)
        with running_server(options.period, playback=2 * stems) as server:
            load = os.getloadavg()
            turns = [(way, play(server, way, options.model, options.seconds, options.clients))
                     for _ in range(options.turns) for way in ways]
            pairs = play_pairs(server, options.model, options.pair_seconds, options.pairs, options.clients) \
                if options.pairs else None
        return {"machine": {"processor": processor(), "cores": os.cpu_count(), "load": (load[0], os.getloadavg()[0])},
                "ways": [{"way": way, "turns": [row for found, row in turns if found == way]} for way in ways],
                "pairs": pairs}

    return run_bench(parser, options, report, show, fails)


def fails(report: dict[str, Any]) -> bool:
    """Whether more blocks were late with clients, while the machine ran, than chance explains."""
    return report["pairs"] is not None and bool(report["pairs"]["p"] < _SURE)


def play(server: JackServer, way: str, model: str, seconds: float, clients: int) -> dict[str, Any]:
    """Play one turn; return its numbers."""
    with tempfile.TemporaryDirectory() as folder, _run(server, way, model, Path(folder)) as (process, log):
        address = _wait_for_music(process, log)
        time.sleep(_SETTLE_S)
        interface, audio = process.pid, _audio_process(process.pid)
        before, begin = [_cpu_s(pid) for pid in (interface, audio)], time.monotonic()
        heard: list[float] = []
        if way == "clients":
            heard = _listen(address, seconds, clients)
        else:
            time.sleep(seconds)
        elapsed_s = time.monotonic() - begin  # clients take a while to start
        used = [_cpu_s(pid) - at for pid, at in zip((interface, audio), before, strict=True)]
        memory = [_memory_mib(pid) for pid in (interface, audio)]
        process.terminate()
        process.wait(_START_S)
        summary = next(event for event in _events(log) if event["event"] == "report")
    numbers = ("hops", "missed_hops", "late_blocks", "p50_ms", "p99_ms", "longest_ms", "load")
    return {**{name: summary[name] for name in numbers}, "interface_cpu": used[0] / elapsed_s,
            "audio_cpu": used[1] / elapsed_s, "interface_mib": memory[0], "audio_mib": memory[1], "messages_s": heard}


@contextmanager
def _run(server: JackServer, way: str, model: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """`rtsep live`, looked at in a way, with the log of its events."""
    log = folder / "log"
    command = [sys.executable, "-m", "rtsep.cli.main", "live", "--split", "--model", model, "--midi", "off",
               "--no-calibration", "--log", str(log), *(["--api", "0"] if way in ("api", "clients") else [])]
    terminal, inside = pty.openpty()
    streams = inside if way == "mixer" else subprocess.DEVNULL
    env = server.env | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=streams, stdout=streams, stderr=streams,
                               start_new_session=True)
    os.close(inside)
    threading.Thread(target=_swallow, args=(terminal,), daemon=True).start()
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _swallow(terminal: int) -> None:
    """Read what is drawn, as a terminal does."""
    with suppress(OSError):
        while os.read(terminal, 65536):
            pass
    os.close(terminal)


def _wait_for_music(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until it plays; return the address of the API, empty without one."""
    end = time.monotonic() + _START_S
    while not any(event["event"] == "playing" for event in _events(log)):
        if process.poll() is not None or time.monotonic() > end:
            raise RtsepError(f"rtsep live does not play (exit code {process.poll()})")
        time.sleep(0.1)
    texts = [event["text"] for event in _events(log) if event["event"] == "notice"]
    page = next((text for text in texts if text.startswith("panel: ")), "")
    return page.removeprefix("panel: http://").partition("/")[0]


def _listen(address: str, seconds: float, clients: int) -> list[float]:
    """Let clients listen in a process of their own; return messages a second of each."""
    with client_process(f"ws://{address}/socket", clients) as listeners:
        say(listeners, "on")
        time.sleep(seconds)
        return say_off(listeners)


def _events(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text("utf-8").splitlines(keepends=True) if log.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _audio_process(parent: int) -> int:
    """Find the child that has worked most: the other one looks after shared memory."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return max(map(int, children), key=_cpu_s)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory_mib(pid: int) -> float:
    """Memory of a process, its share of what it shares included."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024.0


def show(report: dict[str, Any]) -> None:
    """Print sums of counts, and the middle turn of everything else."""
    machine = report["machine"]
    print(f"{machine['processor']}, {machine['cores']} cores, load before and after "
          f"{' and '.join(f'{load:.1f}' for load in machine['load'])}")
    table = Table("looked at by", "missed", "late", "of hops", "p50 ms", "p99 ms", "longest", "interface CPU",
                  "audio CPU", "interface MiB", "audio MiB", box=None)
    for row in report["ways"]:
        turns = row["turns"]
        middle = {name: sorted(turn[name] for turn in turns)[len(turns) // 2]
                  for name in turns[0] if name != "messages_s"}
        counts = (str(sum(turn[name] for turn in turns)) for name in ("missed_hops", "late_blocks", "hops"))
        times = (f"{middle[name]:.3f}" for name in ("p50_ms", "p99_ms", "longest_ms"))
        table.add_row(row["way"], *counts, *times, f"{middle['interface_cpu']:.1%}", f"{middle['audio_cpu']:.1%}",
                      f"{middle['interface_mib']:.0f}", f"{middle['audio_mib']:.0f}")
    if report["ways"]:
        Console().print(table)
    for turn in (turn for row in report["ways"] for turn in row["turns"] if turn["messages_s"]):
        print("messages a second of each client:", ", ".join(f"{rate:.0f}" for rate in turn["messages_s"]))


    if report["pairs"] is not None:
        show_pairs(report["pairs"])


if __name__ == "__main__":
    sys.exit(main())
