"""Play for a long time on a real JACK server, beside a bare pass-through as the control: python -m bench.soak.

For each period a synchronous dummy server runs rtsep, with all stems on outputs of their own, and a client
that only copies its input. A third process plays noise into both and compares what comes out, sample by
sample: the stems add up to the input at the reported latency, the control's output is its input. What the
control misses is the machine's fault, and so is a late hop at a moment at which a core stood still for half a
block or longer (`bench.stalls`); how many would be so by chance stands beside it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.jack_server import JackServer, missing_parts, running_server
from bench.live_run import live_run
from bench.stalls import Stall, beside_stalls, watch_stalls
from rtsep import RtsepError
from rtsep.live.protocol import LiveSettings
from rtsep.live.shared import Board

PERIODS = (512, 256, 128)
SAMPLERATE = 44100


def main(arguments: list[str] | None = None) -> int:
    """Play; return 1 when the engine misses deadlines that the control keeps, or sound or latency differ."""
    parser = argparse.ArgumentParser("python -m bench.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0, help="for each period (default: %(default)s)")
    parser.add_argument("--period", type=int, action="append", help=f"default: {', '.join(map(str, PERIODS))}")
    parser.add_argument("--model", default="stage")
    parser.add_argument("--engine", choices=("callback", "worker"), default="callback")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    if missing := missing_parts():
        print(f"bench.soak: {missing}", file=sys.stderr)
        return 2
    try:
        rows = [soak(period, options.model, options.engine, 60.0 * options.minutes)
                for period in options.period or PERIODS]
    except RtsepError as error:
        print(f"bench.soak: {error}", file=sys.stderr)
        return 2
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return int(any(row["late"] > row["control"]["late"] + row["late_in_stalls"] or row["wrong_samples"]
                   or row["measured_latency"] != row["latency"] for row in rows))


def soak(period: int, model: str, engine: str, seconds: float) -> dict[str, Any]:
    """Play at one period; return the numbers."""
    with running_server(period, playback=6) as server:
        return _play(server, LiveSettings(model=model, stems=None, silent=(), split=True, engine=engine), seconds)


def _play(server: JackServer, settings: LiveSettings, seconds: float) -> dict[str, Any]:
    memory: list[float] = []
    late = LateHops()

    def tick(board: Board) -> None:
        late.look(board)
        memory.append(_audio_process_mib())

    with watch_stalls() as watch, live_run(server, settings, tick) as run:
        command = [sys.executable, "-m", "bench.soak_client", str(seconds)]
        client = subprocess.run(command, env=server.env, capture_output=True, text=True, check=False)
        stalls = watch.stalls()
    result = run.result()
    if client.returncode:
        raise RtsepError(f"the client failed: {client.stderr.strip()}")
    heard = json.loads(client.stdout)
    settled = len(memory) // 10  # the start is not yet the steady state
    return {"period": result.summary.blocksize, "engine": settings.engine, "model": result.loaded.model,
            **asdict(result.summary), **late.beside(stalls, result.summary.deadline_ms / 2e3),
            "measured_latency": heard["latency"], "wrong_samples": heard["wrong_samples"],
            "compared_samples": heard["compared_samples"], "memory_start_mib": memory[settled],
            "memory_end_mib": memory[-1], "control": heard["control"],
            "measures": [str(measure) for measure in result.measures]}


class LateHops:
    """Spans of time, each (begin, end), between two looks at the board: all, and one for every late hop."""

    def __init__(self) -> None:
        self.looks: list[tuple[float, float]] = []
        self.spans: list[tuple[float, float]] = []
        self._looked = time.monotonic()

    def look(self, board: Board) -> None:
        """Look at the counter, some thirty times a second."""
        before, self._looked = self._looked, time.monotonic()
        begin = before - 2 * board.blocksize / SAMPLERATE  # a block is counted at its end, which may be late
        self.looks.append((begin, self._looked))
        self.spans += [self.looks[-1]] * (board.late - len(self.spans))

    def beside(self, stalls: Sequence[Stall], least_s: float) -> dict[str, Any]:
        """Late hops beside a stall of this length, and the share of all spans that are, which is that of chance."""
        return {"late_in_stalls": beside_stalls(self.spans, stalls, least_s),
                "stalled_share": beside_stalls(self.looks, stalls, least_s) / max(1, len(self.looks)),
                "stall_least_ms": 1e3 * least_s}


def _audio_process_mib() -> float:
    """Resident memory of the audio process."""
    (child,) = (process for process in multiprocessing.active_children() if process.name == "rtsep-audio")
    pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("period", "minutes", "late", "of these in stalls (by chance)", "late, control", "xruns",
                  "xruns, control", "p50 ms", "p99 ms", "max ms", "of", "latency: told, measured", "wrong samples",
                  "memory MiB: start, end")
    for row in rows:
        table.add_row(
            str(row["period"]), f"{row['seconds'] / 60:.1f}", str(row["late"]),
            f"{row['late_in_stalls']} ({row['stalled_share']:.0%})", str(row["control"]["late"]),
            str(row["output_xruns"]), str(row["control"]["xruns"]),
            *(f"{row[name]:.2f}" for name in ("p50_ms", "p99_ms", "longest_ms", "deadline_ms")),
            f"{row['latency']}, {row['measured_latency']}", f"{row['wrong_samples']} of {row['compared_samples']}",
            f"{row['memory_start_mib']:.1f}, {row['memory_end_mib']:.1f}")
    Console(width=190).print(table)


if __name__ == "__main__":
    sys.exit(main())
