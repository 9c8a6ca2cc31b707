"""Play for a long time on a real JACK server, beside a bare pass-through as the control: python -m bench.soak.

For each period a synchronous dummy server runs rtsep, with all stems on outputs of their own, and a client
that only copies its input. A third process plays noise into both and compares what comes out, sample by
sample: the stems add up to the input at the reported latency, the control's output is its input. What the
control misses is the machine's fault, and so is a block that was late by less than the time for which a core stood
still just then, or late while the kernel moved memory (`bench.lib.stalls`); how many would seem so by chance stands
beside each.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.lib.command import PERIOD, parser_of, run_bench
from bench.lib.late_blocks import LateBlocks
from bench.lib.live_run import live_run
from bench.lib.stalls import watch_stalls
from rtsep import RtsepError
from rtsep.cli.numbers import number
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from tests.rigs.jack_server import JackServer, missing_parts, running_server

PERIODS = (512, 256, 128)


def main(arguments: list[str] | None = None) -> int:
    """Play; return 1 when the engine misses deadlines that the control keeps, or sound or latency differ."""
    parser = parser_of("soak", __doc__)
    parser.add_argument("--minutes", type=number(0.01, 10_000), default=30.0,
                        help="for each period (default: %(default)s)")
    parser.add_argument("--period", type=PERIOD, action="append", help=f"default: {', '.join(map(str, PERIODS))}")
    parser.add_argument("--model", default="stage")
    parser.add_argument("--engine", choices=("callback", "worker"), default="callback")
    options = parser.parse_args(arguments)

    def report() -> list[dict[str, Any]]:
        if missing := missing_parts():
            raise OSError(missing)
        return [soak(period, options.model, options.engine, 60.0 * options.minutes)
                for period in options.period or PERIODS]

    return run_bench(parser, options, report, show, fails)


def fails(rows: list[dict[str, Any]]) -> bool:
    """Whether the engine missed deadlines that the control kept, or sound or latency differ."""
    return any(row["late"] > row["control"]["late"] + row["late_in_stalls"] + row["late_in_moves"]
               or row["wrong_samples"] or row["measured_latency"] != row["latency"] for row in rows)


def soak(period: int, model: str, engine: str, seconds: float) -> dict[str, Any]:
    """Play at one period; return the numbers."""
    stems = read_step(find_model(model)).card.stems
    with running_server(period, playback=2 * len(stems)) as server:
        settings = LiveSettings(model=model, stems=None, silent=(), split=True, engine=engine)
        return _play(server, settings, stems, seconds)


def _play(server: JackServer, settings: LiveSettings, stems: Sequence[str], seconds: float) -> dict[str, Any]:
    memory: list[float] = []
    late = LateBlocks()

    def tick(board: Board) -> None:
        late.look(board)
        memory.append(_audio_process_mib())

    with watch_stalls() as watch, live_run(server, settings, tick) as run:
        command = [sys.executable, "-m", "bench.lib.soak_client", str(seconds), *stems]
        client = subprocess.run(command, env=server.env, capture_output=True, text=True, check=False)
        stalls, moves = watch.stalls(), watch.memory_moves()
    result = run.result()
    if client.returncode:
        raise RtsepError(f"the client failed: {client.stderr.strip()}")
    heard = json.loads(client.stdout)
    settled = len(memory) // 10  # the start is not yet the steady state
    worker, summary = settings.engine == "worker", result.summary
    why = late.beside(stalls, moves, summary.deadline_ms / 1e3, worker)
    return {"period": summary.blocksize, "engine": settings.engine, "model": result.loaded.model,
            **summary.numbers(), "late": summary.missed_hops if worker else summary.late_blocks, **why,
            "measured_latency": heard["latency"], "wrong_samples": heard["wrong_samples"],
            "compared_samples": heard["compared_samples"], "memory_start_mib": memory[settled],
            "memory_end_mib": memory[-1], "control": heard["control"],
            "measures": [str(measure) for measure in result.measures]}


def _audio_process_mib() -> float:
    """Resident memory of the audio process."""
    (child,) = (process for process in multiprocessing.active_children() if process.name == "rtsep-audio")
    pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("period", "minutes", "late", "of these in stalls (by chance)", "while memory moved", "late, control",
                  "xruns", "xruns, control", "p50 ms", "p99 ms", "max ms", "of", "latency: told, measured",
                  "wrong samples", "memory MiB: start, end")
    for row in rows:
        table.add_row(
            str(row["period"]), f"{row['seconds'] / 60:.1f}", str(row["late"]),
            f"{row['late_in_stalls']} ({row['stalls_by_chance']:.1%})",
            f"{row['late_in_moves']} ({row['moves_by_chance']:.1%})", str(row["control"]["late"]),
            str(row["output_xruns"]), str(row["control"]["xruns"]),
            *(f"{row[name]:.2f}" for name in ("p50_ms", "p99_ms", "longest_ms", "deadline_ms")),
            f"{row['latency']}, {row['measured_latency']}", f"{row['wrong_samples']} of {row['compared_samples']}",
            f"{row['memory_start_mib']:.1f}, {row['memory_end_mib']:.1f}")
    Console(width=190).print(table)


if __name__ == "__main__":
    sys.exit(main())
