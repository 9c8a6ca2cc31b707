"""Does somebody who listens cost the audio process anything? One run, listened to and not, in many short turns.

Turns come in pairs, in an order that a coin decides, so that every mood of the machine meets both. What is compared is
the audio process's own: late blocks, of which those do not count during which a core stood still for as long
(`bench.lib.stalls`), and processor time. Missed hops follow from late blocks, several from one, so blocks are what is
tested.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.lib.late_blocks import LateBlocks
from bench.lib.live_run import live_run
from bench.lib.stalls import watch_stalls
from rtsep import RtsepError
from rtsep.api.access import LOOPBACK, Access
from rtsep.api.server import Server
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings
from rtsep.live.session.session import OnLook, Session
from rtsep.surface.notices import Notices
from rtsep.surface.surface import Surface
from tests.rigs.jack_server import JackServer

_SETTLE_S = 0.4  # after those who listen have come or gone
_SURE = 1.96  # standard errors on both sides of 95 %


@dataclass(frozen=True)
class Turn:
    """What was counted between two moments of `time.perf_counter`: times in seconds, `cpu_s` of the audio process."""

    listened: bool
    begin: float
    end: float
    blocks: int
    hops: int
    missed_hops: int
    late_blocks: int
    cpu_s: float

    @property
    def cpu(self) -> float:
        """Processor time of the audio process, as a share of a core."""
        return self.cpu_s / (self.end - self.begin)


def play_pairs(server: JackServer, model: str, seconds: float, pairs: int, clients: int) -> dict[str, Any]:
    """Play; return what the turns came to, with clients of the API and without."""
    surfaces: list[Surface] = []
    late, coin = LateBlocks(), random.Random(1)
    heard: list[list[float]] = []

    def follow(session: Session) -> OnLook:
        surfaces.append(Surface(session, Notices()))
        return surfaces[0].look

    settings = LiveSettings(model=model, stems=None, silent=(), split=True)
    with watch_stalls() as watch, live_run(server, settings, late.look, follow) as run, \
            Server(surfaces[0], Access(LOOPBACK, 0)) as api, \
            client_process(f"ws://{LOOPBACK}:{api.access.port}/socket", clients) as listeners:
        board, pid = surfaces[0].board, _audio_process()
        turns: list[Turn] = []
        for _ in range(pairs):
            for listened in coin.choice(((True, False), (False, True))):
                if listened:
                    say(listeners, "on")
                turns.append(_count(board, pid, seconds, listened))
                if listened:
                    heard.append(say_off(listeners))
        stalls, moves = watch.stalls(), watch.memory_moves()
    run.result()
    trouble = late.beside(stalls, moves, board.blocksize / surfaces[0].samplerate)["blocks_in_trouble"]
    own = [late.begin + row["at_s"] for row in trouble if row["stood_still_ms"] < row["late_ms"]]
    return {"model": model, "clients": clients, "pairs": pairs, "seconds": seconds,
            "messages_s": median(rate for rates in heard for rate in rates),
            **compared(turns, own), "turns": [vars(turn) for turn in turns]}


def compared(turns: Sequence[Turn], own: Sequence[float]) -> dict[str, Any]:
    """Put turns with and without side by side.

    Parameters
    ----------
    turns
        In pairs.
    own
        When blocks began that were late while no core stood still for as long.

    Returns
    -------
    report
        `with` and `without`: sums, and the middle share of a core; `p`: how probable as many late blocks with clients
        would be, or more, if each were as likely without (all turns are equally long); `cpu_more`: mean of the
        differences within pairs, as a share of a core, with the ends of its 95 % interval.
    """
    sides = {name: [turn for turn in turns if turn.listened == listened]
             for name, listened in (("with", True), ("without", False))}
    counted = {name: {
        **{what: sum(getattr(turn, what) for turn in side)
           for what in ("blocks", "hops", "missed_hops", "late_blocks")},
        "own_late_blocks": sum(bool(turn.begin <= at < turn.end) for turn in side for at in own),
        "cpu": median(turn.cpu for turn in side)} for name, side in sides.items()}
    more = [one.cpu - other.cpu for one, other in zip(sides["with"], sides["without"], strict=True)]
    error = _SURE * stdev(more) / sqrt(len(more)) if len(more) > 1 else float("inf")
    return {**counted, "p": at_least(counted["with"]["own_late_blocks"], counted["without"]["own_late_blocks"]),
            "cpu_more": mean(more), "cpu_more_95": (mean(more) - error, mean(more) + error)}


def at_least(first: int, second: int) -> float:
    """Return how probable it is that at least `first` of all fall on one side, if both sides are as likely."""
    count = first + second
    return float(sum(comb(count, some) for some in range(first, count + 1)) / 2**count)


def _count(board: Board, pid: int, seconds: float, listened: bool) -> Turn:
    """Let it settle, and play one turn."""
    def look() -> list[float]:
        counts = [getattr(board, name) for name in ("callbacks", "hops", "missed_hops", "late_blocks")]
        return [time.perf_counter(), *counts, _cpu_s(pid)]

    time.sleep(_SETTLE_S)
    begin = look()
    time.sleep(seconds)
    end = look()
    blocks, hops, missed, late, cpu_s = (after - before for before, after in zip(begin[1:], end[1:], strict=True))
    return Turn(listened, begin[0], end[0], int(blocks), int(hops), int(missed), int(late), cpu_s)


def client_process(address: str, count: int) -> subprocess.Popen[str]:
    """Start those who listen, in a process of their own, which is there in all turns."""
    return subprocess.Popen([sys.executable, "-m", "bench.lib.api_clients", address, str(count)], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def say(listeners: subprocess.Popen[str], line: str) -> None:
    """Tell them to come, or to leave."""
    assert listeners.stdin is not None
    if listeners.poll() is not None:
        raise RtsepError("the clients of the API have ended")
    print(line, file=listeners.stdin, flush=True)


def say_off(listeners: subprocess.Popen[str]) -> list[float]:
    """Tell them to leave; return messages a second of each."""
    assert listeners.stdout is not None
    say(listeners, "off")
    found: list[float] = json.loads(listeners.stdout.readline() or "[]")
    return found


def _audio_process() -> int:
    (child,) = (process for process in multiprocessing.active_children() if process.name == "rtsep-audio")
    return child.pid or 0


def show_pairs(report: dict[str, Any]) -> None:
    """Print what turns with clients and without came to."""
    table = Table("turns", "late blocks", "of these by itself", "of blocks", "missed", "of hops", "audio CPU", box=None)
    for name in ("without", "with"):
        row = report[name]
        table.add_row(f"{report['pairs']} {name} clients", *(str(row[what]) for what in (
            "late_blocks", "own_late_blocks", "blocks", "missed_hops", "hops")), f"{row['cpu']:.2%}")
    Console().print(table)
    low, high = report["cpu_more_95"]
    print(f"{report['clients']} clients, {report['messages_s']:.0f} messages a second each; as many late blocks with "
          f"them, or more, by chance: {report['p']:.0%}; audio CPU more with them: {report['cpu_more']:+.2%} of a core "
          f"({low:+.2%} to {high:+.2%})")


def _cpu_s(pid: int) -> float:
    """Processor time of all threads of a process, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
