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
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.lib.command import parser_of, run_bench
from bench.lib.live_run import live_run
from bench.lib.stalls import Stall, stalled_s, watch_stalls
from rtsep import RtsepError
from rtsep.live.board import Board
from rtsep.live.counters import LATE_SPANS
from rtsep.live.protocol import LiveSettings
from rtsep.model.catalogue import find_model
from rtsep.model.gate import read_step
from tests.rigs.jack_server import JackServer, missing_parts, running_server

PERIODS = (512, 256, 128)
PLACES = 1000  # of a run, at which chance is tried


def main(arguments: list[str] | None = None) -> int:
    """Play; return 1 when the engine misses deadlines that the control keeps, or sound or latency differ."""
    parser = parser_of("soak", __doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="for each period (default: %(default)s)")
    parser.add_argument("--period", type=int, action="append", help=f"default: {', '.join(map(str, PERIODS))}")
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


class LateBlocks:
    """When blocks were late, read from the board as they come."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []
        self._seen = 0
        self._begin = self._end = time.perf_counter()

    def look(self, board: Board) -> None:
        """Take what is new, some forty times a second; more than the board keeps are lost, and not accounted for."""
        self._end = time.perf_counter()
        for block in range(max(self._seen, board.spans - LATE_SPANS), board.spans):
            place = 2 * (block % LATE_SPANS)
            self.spans.append((board.late_spans[place], board.late_spans[place + 1]))
        self._seen = board.spans

    def beside(self, stalls: Sequence[Stall], moves: Sequence[Stall], period_s: float,
               worker: bool = False) -> dict[str, Any]:
        """Say which blocks were late for want of a core, which others while memory was moved, and how many by chance.

        A callback stood still for at least as long as it was late. How late a worker is, nobody sees: half a
        period has to be lost in the two before. The shares of chance are those of blocks as long, a thousand times
        each, all over the run.
        """
        begins, ends = np.array(self.spans).reshape(-1, 2).T
        if not worker:  # the others began late, and left the model out for that
            begins, ends = begins[ends - begins > period_s], ends[ends - begins > period_s]
        begins = begins - 2.0 * period_s * worker
        needed = np.full(len(begins), period_s / 2.0) if worker else ends - begins - period_s
        stood, moved = stalled_s(begins, ends, stalls), stalled_s(begins, ends, moves) > 0.0
        lengths = (ends - begins)[:, np.newaxis]
        anywhere = self._begin + np.linspace(0.0, 1.0, PLACES) * (self._end - self._begin - lengths)
        still_by_chance = stalled_s(anywhere, anywhere + lengths, stalls) >= needed[:, np.newaxis]
        moved_by_chance = stalled_s(anywhere, anywhere + lengths, moves) > 0.0
        return {"late_in_stalls": int(np.sum(stood >= needed)),
                "stalls_by_chance": _share(still_by_chance),
                "late_in_moves": int(np.sum(moved & (stood < needed))),
                "moves_by_chance": _share(moved_by_chance),
                "blocks_in_trouble": [{"at_s": begin - self._begin, "late_ms": 1e3 * late,
                                       "stood_still_ms": 1e3 * still, "memory_moved": bool(move)}
                                      for begin, late, still, move in zip(begins, needed, stood, moved, strict=True)]}


def _share(found: NDArray[np.bool_]) -> float:
    return float(np.mean(found)) if found.size else 0.0


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
