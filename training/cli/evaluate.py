"""`python -m training evaluate`: scores of models on real songs, and the comparison that is made of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rtsep.cli.numbers import number
from training.cli.machine import SEED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.corpora.songs import Corpus
    from training.evaluation.clips import Clip, Protocol
    from training.evaluation.evaluate import Result
    from training.evaluation.systems import System

SPLITS = {"test": ("test",), "train": ("train",), "both": ("train", "test")}
PAPER_SECONDS = 20.0  # of a clip


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("evaluate", help="measure models on real songs")
    parser.add_argument("models", nargs="+", metavar="MODEL", help="name of a shipped model, or an .onnx file")
    parser.add_argument("--corpus", type=Path, metavar="DIR",
                        help="MedleyDB, MUSDB18 or a folder of songs (default: medleydb in --data)")
    parser.add_argument("--full-mixes", action="store_true",
                        help="stereo mixes with singers at the levels of songs, by mixes.yaml in the corpus")
    parser.add_argument("--clips", type=number(1, 600), metavar="SECONDS",
                        help="the paper's protocol: clips of this length (20) of 4 songs to test and 8 to train")
    parser.add_argument("--split", choices=SPLITS, default="test", help="part of the corpus (default: %(default)s)")
    parser.add_argument("--stems", type=Path, metavar="DIR",
                        help="train: not songs but new mixtures of this folder of stems, which models are trained on")
    parser.add_argument("--seed", type=SEED, default=1, help="chooses songs and clips of the paper's protocol")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores of every clip")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="box plots: FILE-TARGET-SPLIT.png and its like")
    parser.add_argument("--compare", action="store_true", help="write the comparison with the paper's systems")
    parser.add_argument("--out", type=Path, default=Path("docs/comparison.md"), metavar="FILE",
                        help="where --compare writes; pictures go beside it (default: %(default)s)")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    import json

    from rtsep.audio.outputs import prepare_file
    from training.corpora.detect import open_corpus
    from training.evaluation.clips import protocol_of
    from training.evaluation.report import document, show
    from training.evaluation.systems import lacks_weights
    if options.json:
        prepare_file(options.json)
    if options.compare:
        prepare_file(options.out, "a comparison", (b"# Comparison",))
    if options.full_mixes:
        _run_full_mixes(options)
        return
    missing = [model for model in options.models if options.compare and lacks_weights(model)]
    systems = _systems([model for model in options.models if model not in missing])
    corpus = open_corpus(options.corpus or options.data / "medleydb")
    skipped: dict[str, str] = {}
    protocol = protocol_of(corpus, skipped, options.clips, options.seed)
    title = protocol.title + (f"; train: new mixtures of the stems in {options.stems}" if options.stems else "")
    results = _measured(systems, protocol, _clips(options, corpus, protocol, skipped))
    show(results, title, per_clip=len(systems) == 1)
    if skipped:
        print(f"{len(skipped)} of {sum(map(len, corpus.splits.values()))} songs skipped: {', '.join(skipped)}")
    if options.json:
        options.json.write_text(json.dumps(document(results, title, skipped), indent=1))
    if options.plot:
        _plot(results, options.plot)
    if options.compare:
        from training.evaluation.comparison import write_comparison
        write_comparison(options.out, systems, results, title, _command(options), missing)
        print(options.out)


def _run_full_mixes(options: argparse.Namespace) -> None:
    """Measure on full mixes, print the table, and write its JSON."""
    import json
    from dataclasses import asdict

    from training.corpora.full_mixes import read_full_mixes
    from training.evaluation.full_mixes import score_mixes, show_mixes
    mixes = list(read_full_mixes(options.corpus or options.data / "medleydb"))
    found = {system.name: score_mixes(system.separate, mixes) for system in _systems(options.models)}
    show_mixes(found)
    if options.json:
        options.json.write_text(json.dumps({name: scores.summary() | {"songs_by_target": [
            asdict(score) for score in scores.scores]} for name, scores in found.items()}, indent=1))


def _systems(models: list[str]) -> list[System]:
    """Load models, each of which must have a name of its own."""
    from rtsep.errors import ConfigError
    from training.evaluation.systems import load_system
    systems = [load_system(model) for model in models]
    names = [system.name for system in systems]
    if len(set(names)) < len(names):
        raise ConfigError(f"models {', '.join(names)}: give each one once, and files under different names")
    if not systems:
        raise ConfigError("none of these models has weights yet: train and export one, or give a shipped one's name")
    return systems


def _clips(options: argparse.Namespace, corpus: Corpus, protocol: Protocol, skipped: dict[str, str]) -> Iterator[Clip]:
    """Make the clips of the requested parts, those to train out of stems where there are some."""
    from training.evaluation.stem_clips import stem_clips
    splits = [split for split in protocol.splits if split in (*SPLITS[options.split], "all")]
    if options.stems:
        yield from stem_clips(options.stems, options.clips or PAPER_SECONDS, options.seed)
        splits = [split for split in splits if split != "train"]
    yield from protocol.clips(corpus, splits, skipped)


def _measured(systems: list[System], protocol: Protocol, clips: Iterator[Clip]) -> list[Result]:
    """Measure, with a line that says where it is."""
    from rich.console import Console

    from rtsep.errors import ConfigError
    from training.evaluation.evaluate import measure
    for system in systems:
        if not protocol.targets(system.stems):
            raise ConfigError(f"{system.name} has {', '.join(system.stems)}, none of which these songs can measure")
    with Console(stderr=True).status("reading songs") as status:
        results = measure(systems, clips, protocol.targets,
                          lambda clip: status.update(f"{clip.song}, {clip.split}: {clip.target}"))
    if not any(result.scores or result.leakage for result in results):
        raise ConfigError("nothing to measure in this part of the corpus: its songs could not be read or lack stems; "
                          "choose another --split or --corpus")
    return results


def _plot(results: list[Result], path: Path) -> None:
    """Draw one picture a target and split."""
    from training.evaluation.boxplot import draw_boxes
    from training.evaluation.report import groups_of
    for target, split in groups_of(results):
        name = path.with_name(f"{path.stem}-{target}-{split}{path.suffix or '.png'}")
        draw_boxes(name, results, target, split)
        print(name)


def _command(options: argparse.Namespace) -> str:
    """Write the command that makes the comparison again."""
    words = ["python -m training --data DATA evaluate --compare", *options.models, f"--split {options.split}"]
    words += [f"--clips {options.clips:g} --seed {options.seed}"] if options.clips else []
    words += [f"--{name} {path}" for name in ("corpus", "stems") if (path := getattr(options, name))]
    return " ".join(words)
