"""What a small computer needs: instructions a hop, memory and start-up of rtsep live: python -m bench.small.

Instructions are counted by valgrind's callgrind, which emulates a processor with AVX2 and without AVX-512: other
vector instructions take another number of the same order. Memory is what all processes of a live run keep, pages that
they share counted once. Start-up lasts from the start of the command until the first block has been played.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.table import Table

from bench.lib.command import parser_of, run_bench
from bench.lib.machine import identity, print_identified, versions
from bench.lib.paced import warm_up
from rtsep import RtsepError, Separator
from rtsep.cli.numbers import whole
from rtsep.model.catalogue import find_model

FEW, MANY = 20, 60  # hops: what both counts share is taken out by their difference
WARM_UP_HOPS = 5
TIMEOUT_S = 600.0
SONG_SECONDS = 4.0


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage or a missing tool."""
    parser = parser_of("small", __doc__)
    parser.add_argument("--model", default="stage")
    parser.add_argument("--channels", type=whole(1, 64), default=2)
    parser.add_argument("--count", type=whole(1, 10 ** 9), metavar="HOPS", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.count:
        counted_hops(options.model, options.channels, options.count)
        return 0
    return run_bench(parser, options, lambda: {
        "machine": identity(), "versions": versions([find_model(options.model)]),
        "instructions_a_hop": instructions(options.model, options.channels), **live(options.model)},
        lambda report: show(report, options.model))


def instructions(model: str, channels: int) -> int | None:
    """Count the instructions of a whole hop; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    counts = [_collected(model, channels, hops) for hops in (FEW, MANY)]
    return (counts[1] - counts[0]) // (MANY - FEW)


def _collected(model: str, channels: int, hops: int) -> int:
    """Instructions of so many hops, and of switching the count on and off."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/out", sys.executable,
             "-m", "bench.small", "--model", model, "--channels", str(channels), "--count", str(hops)],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise RtsepError(f"valgrind did not count: {done.stderr[-300:]}")
    return int(found[1])


def counted_hops(model: str, channels: int, hops: int) -> None:
    """Let callgrind count the instructions of so many hops of this process."""
    hop = Separator(model, channels).info.geometry.hop
    separator = Separator(model, channels, blocksize=hop)
    block = (0.1 * np.random.default_rng(1).standard_normal((channels, hop))).astype(np.float32)
    warm_up(lambda: separator.process(block), WARM_UP_HOPS)
    for switch in ("on", "off"):
        subprocess.run(["callgrind_control", f"--instr={switch}", str(os.getpid())], check=True, capture_output=True)
        if switch == "on":
            for _ in range(hops):
                separator.process(block)


def live(model: str) -> dict[str, Any]:
    """Time the start of a live run on the null device, and read its memory while it plays."""
    with tempfile.TemporaryDirectory() as folder:
        song = Path(folder) / "song.wav"
        noise = 0.1 * np.random.default_rng(1).standard_normal((round(SONG_SECONDS * 44100), 2))
        soundfile.write(song, noise, 44100)
        begin = time.perf_counter()
        client = subprocess.Popen([sys.executable, "-m", "bench.lib.live_client", song, model, str(SONG_SECONDS)],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert client.stdout is not None
            if client.stdout.readline().strip() != "playing":
                raise RtsepError(f"rtsep live did not start: {client.communicate()[1][-300:]}")
            start_s = time.perf_counter() - begin
            time.sleep(SONG_SECONDS / 4)
            processes = family(client.pid)
            return {"start_s": start_s, "processes": len(processes),
                    "memory_bytes": sum(memory_of(process, "Pss") for process in processes),
                    "largest_resident_bytes": max(memory_of(process, "Rss") for process in processes)}
        finally:
            client.communicate(timeout=TIMEOUT_S)


def family(process: int) -> list[int]:
    """List a process and all that it started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(member for child in children for member in family(int(child)))]


def memory_of(process: int, kind: str) -> int:
    """Bytes of a process: `Rss` resident, or `Pss` with shared pages divided among those that share them."""
    found = re.search(rf"^{kind}: +(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


def show(report: dict[str, Any], model: str) -> None:
    """Print the table."""
    table = Table("what", "measured", title=f"rtsep live with {model}")
    count = report["instructions_a_hop"]
    table.add_row("instructions a hop", f"{count / 1e6:.2f} million" if count else "not counted: valgrind is missing")
    table.add_row(f"memory of its {report['processes']} processes", f"{report['memory_bytes'] / 1e6:.0f} MB")
    table.add_row("largest of them, resident", f"{report['largest_resident_bytes'] / 1e6:.0f} MB")
    table.add_row("start to first block", f"{report['start_s']:.2f} s")
    print_identified(report, table)


if __name__ == "__main__":
    sys.exit(main())
