"""Times real time of `rtsep separate`, on one core and on all, and the start of a command: python -m bench.files.

Whole commands are timed, with start, reading and writing, on copies of the built-in song in stereo. Beside them stand
what other programs publish about themselves, on machines of theirs: their weights have to be fetched from elsewhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.table import Table

from bench.lib.command import SECONDS, parser_of, run_bench
from bench.lib.machine import identity, print_identified, versions
from rtsep.demo.song import demo_song
from rtsep.errors import RtsepError
from rtsep.files.jobs import cores
from rtsep.model.catalogue import find_model

RATE = 44_100
_STARTS = 5
PUBLISHED = (
    ("Spleeter, 4 stems", 138.0, "NVIDIA GTX 1080, files by a Xeon Gold 6134 of 32 cores: 3 h 27 min in less than 90 s "
                                 "(wiki of deezer/spleeter, 25 May 2020)"),
    ("Demucs, 4 stems", 1.0, "a processor that is not named: about as long as the track (README of "
                             "facebookresearch/demucs, version of 2019)"))
"""Program, times real time, machine and source."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code: 0, 2 usage."""
    parser = parser_of("files", __doc__)
    parser.add_argument("--seconds", type=SECONDS, default=60.0, help="length of a file")
    parser.add_argument("--model", action="append", help="default: stage, ultra and song")
    options = parser.parse_args(arguments)
    models = options.model or ["stage", "ultra", "song"]

    def report() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            songs = write_songs(Path(folder), cores(), options.seconds)
            rows = [measure(Path(folder), model, songs, options.seconds) for model in models]
        start = start_s()
        return {"machine": identity(), "versions": versions(map(find_model, models)), "cores": cores(),
                "start_s": start, "models": rows,
                "published": [dict(zip(("program", "times_real_time", "machine"), row, strict=True))
                              for row in PUBLISHED]}

    return run_bench(parser, options, report, show)


def write_songs(folder: Path, count: int, seconds: float) -> list[Path]:
    """Write the built-in song, as often as it takes to fill a file, under some names."""
    song = np.sum(list(demo_song(RATE).values()), axis=0, dtype=np.float32)
    frames = round(seconds * RATE)
    whole = np.tile(song, (1, -(-frames // song.shape[1])))[:, :frames]
    paths = [folder / f"song{index}.wav" for index in range(count)]
    for path in paths:
        soundfile.write(path, whole.T, RATE, subtype="PCM_16")
    return paths


def measure(folder: Path, model: str, songs: list[Path], seconds: float) -> dict[str, Any]:
    """Separate one file, and then one on each core."""
    alone, together = (command_s("separate", *some, "-o", folder / "stems", "--model", model, "--overwrite")
                       for some in (songs[:1], songs))
    return {"model": model, "one_file": seconds / alone, "all_cores": len(songs) * seconds / together}


def start_s() -> float:
    """Shortest time that a command takes which reads a model and separates nothing."""
    return min(command_s("models") for _ in range(_STARTS))


def command_s(*command: object) -> float:
    """Seconds that a command takes.

    Raises
    ------
    RtsepError
        When it fails.
    """
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]),
                                                       os.environ.get("PYTHONPATH", "")])}
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "rtsep.cli.main", *map(str, command)], capture_output=True, text=True,
                          env=env)
    if done.returncode:
        raise RtsepError(done.stderr.strip())
    return time.perf_counter() - begin


def show(report: dict[str, Any]) -> None:
    """Print the report."""
    table = Table("", "one file", f"{report['cores']} files, {report['cores']} cores", "measured on", box=None,
                  pad_edge=False, title="times real time", title_justify="left")
    for row in report["models"]:
        table.add_row(f"rtsep, {row['model']}", f"{row['one_file']:.0f}", f"{row['all_cores']:.0f}", "this machine")
    for row in report["published"]:
        table.add_row(row["program"], f"{row['times_real_time']:.0f}", "", row["machine"])
    print_identified(report, table)
    print(f"start of a command: {report['start_s']:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
