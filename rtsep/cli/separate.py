"""`rtsep separate`: split audio files into stems."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rtsep.controls.options import add_control_options

if TYPE_CHECKING:
    from rich.progress import Progress

    from rtsep.files.naming import Plan, Planner
    from rtsep.files.track import SeparatedFile


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("separate", help="split audio files into stems",
                                   description="Write DIR/TRACK/STEM.wav for every stem of every file, with the "
                                   "file's sample rate, channels and length. Tracks that are finished are skipped.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="wav, flac, mp3, ogg, ...")
    parser.add_argument("-o", "--output", type=Path, default=Path("separated"), metavar="DIR",
                        help="where the tracks' folders go (default: %(default)s)")
    parser.add_argument("--model", default="stage", metavar="NAME",
                        help="shipped model or .onnx file (default: %(default)s; see rtsep models)")
    parser.add_argument("--stems", nargs="+", metavar="STEM",
                        help="only these, for example: guitar rest (rest is the mix without the others; default: all)")
    add_control_options(parser, ("mask_gain",))
    parser.add_argument("--overwrite", action="store_true", help="replace stems that are there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Separate the files one after the other; whatever is wrong with one does not stop the rest."""
    from rtsep.cli.main import print_error
    from rtsep.files.naming import unique_sources

    planner = _planner(args)
    failed = False
    with _progress() as progress:
        for source in unique_sources(args.files):
            try:
                plan = planner.plan(source)
                if plan.finished:
                    print(f"{source}: is separated already, in {_folder(plan)}; --overwrite separates it again")
                else:
                    _report(_separate(args, plan, progress))
            except Exception as error:  # a decoder may fail in any way; the next file is another matter
                print_error(error, source)
                failed = True
    return int(failed)


def _planner(args: argparse.Namespace) -> Planner:
    """Prepare names; wrong options fail here, before any work."""
    from rtsep.audio.encodings import Encoding
    from rtsep.files.naming import TEMPLATE, Naming, Planner
    from rtsep.files.stream import open_separator

    gain = _mask_gain(args)
    separator = open_separator(args.model, 1, args.stems, gain)
    settings = "" if gain == 1.0 else f", mask gain {gain:g}"
    return Planner(Naming(args.output, TEMPLATE, separator.info.name, separator.stems, Encoding(), settings,
                          args.overwrite), args.files)


def _separate(args: argparse.Namespace, plan: Plan, progress: Progress) -> SeparatedFile:
    """Separate one file under its own progress bar."""
    from rtsep.files.track import separate_track

    task = progress.add_task(plan.source.name, total=None, speed=0.0)
    started = time.perf_counter()

    def show(seconds: float, expected: float | None) -> None:
        progress.update(task, completed=seconds, total=expected, speed=seconds / (time.perf_counter() - started))

    try:
        return separate_track(plan.source, plan.paths.__getitem__, args.model, args.stems, _mask_gain(args), show,
                              args.overwrite or plan.ours, plan.tags)
    finally:
        progress.remove_task(task)


def _mask_gain(args: argparse.Namespace) -> float:
    """Return the linear mask gain that was asked for; ConfigError where it cannot be used."""
    from rtsep.controls.options import read_control_options

    gain = read_control_options(args).get("mask_gain", 1.0)
    assert isinstance(gain, float)
    return gain


def _report(result: SeparatedFile) -> None:
    """Print one line about a finished file, and what was wrong inside it."""
    folder = next(iter(result.outputs.values())).parent
    print(f"{result.source} -> {folder} ({', '.join(result.outputs)}): {_clock(result.seconds)} in "
          f"{_clock(result.elapsed_s)}, {result.times_real_time:.0f} times real time")
    if result.bad_frames:
        print(f"  {result.bad_frames} frames held no usable numbers (NaN, infinity) and were taken as silence")
    for note in result.notes:
        print(f"  {note}")


def _folder(plan: Plan) -> Path:
    return next(iter(plan.paths.values())).parent


def _clock(seconds: float) -> str:
    """Write a duration as seconds, or as minutes and seconds from one minute on."""
    return f"{seconds:.1f} s" if seconds < 60.0 else f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def _progress() -> Progress:
    """Return a progress bar for people; nothing where the output is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console()
    speed = TextColumn("{task.fields[speed]:.0f} x real time")
    done = TextColumn("{task.percentage:>3.0f} %")
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(), done, speed, TimeRemainingColumn(),
                    console=console, transient=True, disable=not console.is_terminal)
