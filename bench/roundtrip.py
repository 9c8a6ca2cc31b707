"""Measure the latency of rtsep live with a chirp, beside what it reports: python -m bench.roundtrip.

Every installed model runs on a real JACK server at every period, with all stems on outputs of their own.
The stems add up to the input, late by the latency: a chirp goes in, and the peak of its correlation with
what comes out tells how late. The device's own latency is not in it, since the ports are connected directly.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.signal import chirp, correlate

from bench.lib.command import PERIOD, parser_of, run_bench
from bench.lib.live_run import live_run
from rtsep.live.protocol import ENGINES, LiveSettings
from rtsep.model.catalogue import installed_models
from tests.rigs.jack_server import TIMEOUT_S, JackServer, missing_parts, running_server

PERIODS = (512, 256, 128)


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 1 when a latency is off by more than a sample."""
    parser = parser_of("roundtrip", __doc__)
    parser.add_argument("--model", action="append", help="default: every installed model")
    parser.add_argument("--period", type=PERIOD, action="append", help=f"default: {', '.join(map(str, PERIODS))}")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="default: all")
    options = parser.parse_args(arguments)

    def report() -> list[dict[str, Any]]:
        if missing := missing_parts():
            raise OSError(missing)
        return [measure(model, period, engine) for model in options.model or installed_models()
                for period in options.period or PERIODS for engine in options.engine or ENGINES]

    return run_bench(parser, options, report, show,
               lambda rows: any(abs(row["measured"] - row["reported"]) > 1 for row in rows))


def measure(model: str, period: int, engine: str) -> dict[str, Any]:
    """Measure one model at one period."""
    settings = LiveSettings(model=model, stems=None, silent=(), split=True, engine=engine)
    with running_server(period, playback=6) as server, live_run(server, settings) as run:
        measured = _measure(server)
    result = run.result()
    summary, loaded = result.summary, result.loaded
    return {"model": loaded.model, "period": period, "engine": engine, "reported": summary.latency,
            "measured": measured, "ms": 1e3 * measured / loaded.samplerate}


def _measure(server: JackServer) -> int:
    """Play a chirp; return the frames by which it comes late."""
    names = [name for name in server.ports() if re.fullmatch(r"rtsep:(?!in_).*_1", name)]
    time_s = np.arange(22050) / 44100
    sound = (0.3 * chirp(time_s, 100, time_s[-1], 8000) * np.hanning(time_s.size)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        song, recording = Path(folder) / "song.npy", Path(folder) / "recording.npy"
        np.save(song, np.array([sound, sound]))
        subprocess.run([sys.executable, "-m", "tests.rigs.jack_player", str(song), str(recording),
                        "rtsep:in_1,rtsep:in_2", ",".join(names)], env=server.env, check=True, timeout=5 * TIMEOUT_S)
        heard = np.load(recording).sum(axis=0)
    return int(np.argmax(correlate(heard, sound, "valid")))


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("model", "period", "engine", "reported", "measured", "difference", "ms")
    for row in rows:
        table.add_row(row["model"], str(row["period"]), row["engine"], str(row["reported"]), str(row["measured"]),
                      str(row["measured"] - row["reported"]), f"{row['ms']:.1f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
