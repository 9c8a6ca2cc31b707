"""What a flood of MIDI costs the music: python -m bench.midi.

Plays the same seconds twice on a JACK dummy server of its own, once in silence and once while a controller in another
process sends 1,000 messages a second. Lost messages show in their count, and a last one that was overtaken in the
control that it set.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.lib.command import PERIOD, SECONDS, parser_of, run_bench
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings
from rtsep.live.session.helper import Helper
from rtsep.live.session.session import Session
from rtsep.midi.mapping import parse_mapping
from rtsep.midi.process import MidiSettings, run_midi
from rtsep.midi.scales import TOP_14_BIT, to_position
from tests.rigs.jack_server import TIMEOUT_S, JackServer, missing_parts, running_server

RATE_HZ = 1000
NAME = "bench-controller"
MAPPING = "bindings: [{source: bend, target: mask_gain, range: [-20, 20], pickup: jump}]"


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 1 where messages were lost or overtaken, or blocks late that MIDI is to blame for."""
    parser = parser_of("midi", __doc__)
    parser.add_argument("--model", default="stage", metavar="NAME")
    parser.add_argument("--seconds", type=SECONDS, default=60.0)
    parser.add_argument("--period", type=PERIOD, default=512, help="frames of the server's period")
    options = parser.parse_args(arguments)
    return run_bench(parser, options, lambda: measure(options.model, options.seconds, options.period), show, fails)


def fails(report: dict[str, Any]) -> bool:
    """Whether messages were lost or overtaken, or made hops late."""
    flood = report["flood"]
    return bool(flood["lost"] != 0 or not flood["order_kept"] or flood["late"] > report["silence"]["late"])


def measure(model: str, seconds: float, period: int) -> dict[str, Any]:
    """Play twice; raise OSError where no server can be started."""
    if missing := missing_parts():
        raise OSError(missing)
    with running_server(period) as server:
        os.environ |= server.env  # for PortAudio, JACK and the processes of the session
        return {"model": model, "seconds": seconds, "period": period, "rate_hz": RATE_HZ,
                "silence": play(model, seconds, "virtual"), "flood": flooded(server, model, seconds)}


def flooded(server: JackServer, model: str, seconds: float) -> dict[str, Any]:
    """Play while the controller sends, and compare what arrived with what was sent."""
    command = [sys.executable, "-m", "bench.lib.midi_sender", NAME, str(RATE_HZ)]
    with subprocess.Popen(command, env=server.env, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sender:
        sent: dict[str, int] = {}

        def ask(order: str) -> str:
            assert sender.stdin is not None
            assert sender.stdout is not None
            sender.stdin.write(order + "\n")
            sender.stdin.flush()
            return sender.stdout.readline()

        def after(board: Board) -> None:
            sent["count"], sent["value"] = map(int, ask("stop").split())
            until = time.monotonic() + TIMEOUT_S
            while board.midi_messages < sent["count"] and time.monotonic() < until:
                time.sleep(0.01)

        result = play(model, seconds, NAME, lambda: ask("start"), after)
        ask("end")
    return result | {"sent": sent["count"], "lost": sent["count"] - result["messages"],
                     "order_kept": math.isclose(result["mask_gain"], gain_of(sent["value"]), rel_tol=1e-9)}


def gain_of(value: int) -> float:
    """Mask gain that the mapping gives to a value of the bender."""
    (binding,) = parse_mapping(MAPPING, "map")
    assert binding.scale is not None
    return binding.scale.value(to_position(value, TOP_14_BIT))


def play(model: str, seconds: float, port: str, before: Callable[[], object] = lambda: None,
         after: Callable[[Board], None] = lambda _: None) -> dict[str, Any]:
    """Run the live separator for some seconds; `before` and `after` are called while it plays."""
    numbers: dict[str, Any] = {}
    begin: list[tuple[float, int, int, int]] = []
    opened: list[str] = []

    def tick(board: Board, _: int) -> None:
        if not opened:
            return
        if not begin:
            begin.append((time.monotonic(), board.late_blocks, board.missed_hops, board.hops))
            before()
        if not numbers and time.monotonic() - begin[0][0] >= seconds:
            after(board)
            numbers.update(late=board.late_blocks - begin[0][1], missed=board.missed_hops - begin[0][2],
                           hops=board.hops - begin[0][3], messages=board.midi_messages,
                           malformed=board.midi_malformed, mask_gain=board.mask_gain)
            session.stop()

    with tempfile.TemporaryDirectory() as folder:
        mapping = Path(folder) / "map.yaml"
        mapping.write_text(MAPPING)
        midi = MidiSettings(port, mapping)
        session = Session(LiveSettings(model=model), helpers=[Helper("midi", run_midi, (midi,))],
                          on_notice=lambda text: opened.append(text) if "is open" in text else None)
        result = session.run(tick)
    if result is None or result.failure is not None or not numbers:
        raise OSError(f"the run broke off: {result and result.failure}")
    return numbers | {"p50_ms": result.summary.p50_ms, "p99_ms": result.summary.p99_ms, "load": result.summary.load}


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("", "hops", "late blocks", "p50 ms", "p99 ms", "load", "sent", "lost", "order",
                  title=f"{report['model']}, {report['seconds']:g} s, period {report['period']}")
    for name in ("silence", "flood"):
        row = report[name]
        order = {True: "kept", False: "broken", None: ""}[row.get("order_kept")]
        table.add_row(name, str(row["hops"]), str(row["late"]), f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}",
                      f"{row['load']:.1%}", str(row.get("sent", "")), str(row.get("lost", "")), order)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
