"""`rtsep separate`: split audio files into stems."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rtsep.cli.parser import named_path
from rtsep.cli.streams import shown_line
from rtsep.controls.options import add_control_options
from rtsep.model.catalogue import FILE_MODEL

if TYPE_CHECKING:
    from rtsep.files.batch import Batch
    from rtsep.files.naming import Plan, Planner
    from rtsep.files.track import SeparatedFile
    from rtsep.model.card import Card

_STDOUT = Path("-")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("separate", help="split audio files into stems",
                                   description="Write DIR/TRACK/STEM.wav for every stem of every file, with the "
                                   "file's sample rate, channels and length. Tracks that are finished are skipped.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="sound of any format, a folder, a playlist (m3u), a "
                        "pattern in quotes, or - for standard input")
    parser.add_argument("-r", "--recursive", action="store_true", help="look into folders inside folders")
    parser.add_argument("-o", "--output", "--out", type=named_path, default=Path("separated"), metavar="DIR",
                        help="where the tracks' folders go (default: %(default)s); - for standard output")
    parser.add_argument("-n", "--model", "--name", default=FILE_MODEL, metavar="NAME",
                        help="shipped model or .onnx file (default: %(default)s; see rtsep models)")
    stems = parser.add_mutually_exclusive_group()
    stems.add_argument("--stems", nargs="+", action="extend", metavar="STEM",
                       help="only these, for example: guitar rest (rest is the mix without the others; default: all)")
    stems.add_argument("--two-stems", metavar="STEM", help="this one and the rest")
    stems.add_argument("--remove", nargs="+", action="extend", metavar="STEM",
                       help="the rest alone: the mix without these, for example: guitar")
    add_control_options(parser, ("mask_gain",))
    _add_format_options(parser)
    parser.add_argument("--filename", metavar="TEMPLATE", help="names of results below DIR, of {track}, {stem}, {ext} "
                        "and {model} (default: {track}/{stem}.{ext})")
    parser.add_argument("--plot", action="store_true", help="draw the spectrograms of mixture and stems as PNG")
    parser.add_argument("-j", "--jobs", type=int, metavar="N", help="files at once (default: one on each core)")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there; redo finished tracks")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    parser.set_defaults(run=run)


def _add_format_options(parser: argparse.ArgumentParser) -> None:
    """Declare how results are written."""
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--format", metavar="F", help="wav (default, 32-bit floats), flac, mp3, ogg or opus")
    for name in ("flac", "mp3"):
        forms.add_argument(f"--{name}", action="store_const", const=name, dest="format", help=f"as --format {name}")
    depths = parser.add_mutually_exclusive_group()
    for name in ("int16", "int24", "float32"):
        depths.add_argument(f"--{name}", action="store_const", const=name, dest="depth", default="default",
                            help=f"{name} samples")
    parser.add_argument("--bitrate", "--mp3-bitrate", type=float, metavar="KBPS",
                        help="of mp3, ogg and opus, in kbit/s (default: the best of the format)")
    parser.add_argument("--clip", "--clip-mode", default="rescale", metavar="HOW",
                        help="what is done where a format ends at full scale: rescale turns all stems of the file down "
                        "(default), clamp limits the samples, none leaves them to the encoder")


def run(args: argparse.Namespace) -> int:
    """Separate the files; whatever is wrong with one does not stop the rest."""
    from rtsep.cli.main import print_error
    from rtsep.files.inputs import find_inputs

    sources, problems = find_inputs(args.files, args.recursive)
    with _results(args, sources) as (folder, lines):
        batch, planner = _prepare(args, folder, sources)
        for problem in problems:
            print_error(problem)
        told = [{"error": str(problem), "status": "failed"} for problem in problems]
        plans = list(_plans(planner, sources, told, args.dry_run))
        for plan, status in plans:
            if status == "finished":
                print(shown_line(f"{plan.source}: is separated already, in {_folder(plan)}; --overwrite separates it "
                                 f"again"), file=lines)
                told.append(_told(plan, status))
            elif args.dry_run:
                print(shown_line(f"{plan.source} -> {', '.join(map(str, plan.paths.values()))}"), file=lines)
                told.append(_told(plan, "planned"))
        if not args.dry_run:
            told += _separate(batch, [plan for plan, status in plans if status == "planned"], args.jobs, lines)
    if args.json:
        print(json.dumps({"model": str(args.model), "files": told}, indent=2))
    return int(any(one["status"] == "failed" for one in told))


@contextmanager
def _results(args: argparse.Namespace, sources: list[Path]) -> Iterator[tuple[Path, TextIO]]:
    """Yield the folder of the results, and where lines about them go: not between sound or JSON."""
    if args.output != _STDOUT:
        from rtsep.audio.outputs import check_folder_name

        check_folder_name(args.output)
        yield args.output, sys.stderr if args.json else sys.stdout
        return
    from rtsep.dsp.mask import REST
    from rtsep.dsp.stem_lists import listed_stems
    from rtsep.errors import ConfigError

    written = (REST,) if args.remove else listed_stems(args.stems or ())
    if args.json or args.plot or len(sources) != 1 or len(written) != 1:
        raise ConfigError("standard output takes one stem of one file, and nothing else: give one FILE and one stem, "
                          "for example --stems guitar -o -")
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), sys.stderr
        for path in Path(folder).rglob("*"):
            if path.is_file():
                with path.open("rb") as sound:
                    shutil.copyfileobj(sound, sys.stdout.buffer, 1 << 20)


def _prepare(args: argparse.Namespace, folder: Path, sources: list[Path]) -> tuple[Batch, Planner]:
    """Prepare names and settings; wrong options fail here, before any work."""
    from rtsep.audio.encodings import Encoding
    from rtsep.dsp.mask import REST, output_names, requested_sets
    from rtsep.files.batch import Batch
    from rtsep.files.jobs import check_processes
    from rtsep.files.levels import Output
    from rtsep.files.naming import TEMPLATE, Naming, Planner

    check_processes(args.jobs)
    beside = args.remove or ([args.two_stems] if args.two_stems else [])
    named = [*beside, REST] if beside else args.stems
    encoding = Encoding((args.format or "wav").lower().removeprefix("."), args.depth, args.bitrate)
    output = Output(encoding, args.clip, args.overwrite)
    gain = _mask_gain(args)
    card = _card(args.model, gain, args.dry_run)
    stems = output_names(card.stems, named)
    requested_sets(card.stems, stems)  # refuses unknown ones
    settings = "" if gain == 1.0 else f", mask gain {gain:g}"
    naming = Naming(folder, args.filename or TEMPLATE, card.name, (REST,) if args.remove else stems, encoding, settings,
                    args.overwrite, tuple(stem for stem in stems if stem != REST))
    return Batch(args.model, stems, gain, output, args.plot), Planner(naming, sources)


def _card(model: str, gain: float, dry_run: bool) -> Card:
    """Return what the model says; the model itself is looked at only where it is going to run."""
    if not dry_run:
        from rtsep.files.stream import read_any

        return read_any(model, gain).card
    from rtsep.model.card import check_mask_gain
    from rtsep.model.catalogue import find_model
    from rtsep.model.metadata import peek_card

    card = peek_card(find_model(model))
    check_mask_gain(card, gain)
    return card


def _mask_gain(args: argparse.Namespace) -> float:
    """Return the linear mask gain that was asked for; ConfigError where it cannot be used."""
    from rtsep.controls.options import read_control_options

    gain = read_control_options(args).get("mask_gain", 1.0)
    assert isinstance(gain, float)
    return gain


def _plans(planner: Planner, sources: list[Path], told: list[dict[str, Any]], dry_run: bool
           ) -> Iterator[tuple[Plan, str]]:
    """Yield where the results of every file go; problems are printed and told."""
    from rtsep.audio.files import check_source
    from rtsep.cli.main import print_error

    for source in sources:
        try:
            plan = planner.plan(source)
            if dry_run:
                check_source(source)
        except Exception as error:  # one name may be odd in any way; the next file is another matter
            print_error(error, source)
            told.append({"source": str(source), "status": "failed", "error": str(error)})
        else:
            yield plan, "finished" if plan.finished else "planned"


def _separate(batch: Batch, plans: list[Plan], jobs: int | None, lines: TextIO) -> list[dict[str, Any]]:
    """Separate what is planned, and say how it went."""
    from rtsep.cli.bars import Bars, NoBars
    from rtsep.cli.main import print_error
    from rtsep.files.batch import separate_planned
    from rtsep.files.inputs import STDIN
    from rtsep.files.jobs import cores, in_order, run_jobs
    from rtsep.report.untraced import untraced_pictures

    told = []
    from_stdin = any(plan.source == STDIN for plan in plans)  # which other processes do not have
    with (untraced_pictures() if batch.plot else nullcontext(),
          Bars([plan.source for plan in plans], lines) if lines and lines.isatty() else NoBars() as bars):
        work = partial(separate_planned, batch)
        results = run_jobs(plans, work, 1 if from_stdin else jobs or cores(), bars.show)
        for number, result in in_order(results, bars.end):
            plan = plans[number]
            if isinstance(result, Exception):
                print_error(result, plan.source)
                told.append(_told(plan, "failed", None, str(result)))
            else:
                _report(result, lines)
                told.append(_told(plan, "separated", result))
    return told


def _told(plan: Plan, status: str, result: SeparatedFile | None = None, error: str = "") -> dict[str, Any]:
    from rtsep.files.batch import summary

    return summary(plan, status, result, error)


def _report(result: SeparatedFile, lines: TextIO) -> None:
    """Print one line about a finished file, and what was wrong inside it."""
    folder = next(iter(result.outputs.values())).parent
    print(shown_line(f"{result.source} -> {folder} ({', '.join(result.outputs)}): {_clock(result.seconds)} in "
                     f"{_clock(result.elapsed_s)}, {result.times_real_time:.0f} times real time"), file=lines)
    if result.bad_frames:
        print(f"  {result.bad_frames} frames held no usable numbers (NaN, infinity) and were taken as silence",
              file=lines)
    for note in result.notes:
        print(shown_line(f"  {note}"), file=lines)


def _folder(plan: Plan) -> Path:
    return next(iter(plan.paths.values())).parent


def _clock(seconds: float) -> str:
    """Write a duration as seconds, or as minutes and seconds from one minute on."""
    return f"{seconds:.1f} s" if seconds < 60.0 else f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
