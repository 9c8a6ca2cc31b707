"""`rtsep doctor`: what this computer offers to a live run, and what it refuses."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtsep.live.realtime import Measure

_PACKAGES = ("numpy", "onnx", "onnxruntime", "sounddevice", "JACK-Client", "soundfile", "soxr", "python-rtmidi",
             "websockets")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("doctor", help="check this computer for live use", description="Check what a live "
                                   "run needs: scheduling, audio systems, devices, models. Exit code 1 where it cannot "
                                   "play at all.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 where there is no usable model, or one that does not do what it should."""
    with _measures() as measures:  # while the rest is found
        found = {"versions": dict(_versions()), "scheduling": {}, "audio": dict(_audio()), "models": dict(_models())}
        found["scheduling"] = dict(_scheduling(measures()))
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        _print_tables(found)
    return int(not all(value.startswith("ok") for value in found["models"].values()))


def _print_tables(found: dict[str, dict[str, str]]) -> None:
    from rich.table import Table

    from rtsep.cli.streams import print_table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(min_width=36)
    table.add_column(overflow="fold")
    for rows in found.values():
        for name, value in rows.items():
            table.add_row(name, value)
        table.add_section()
    print_table(table)


def _versions() -> Iterator[tuple[str, str]]:
    from importlib.metadata import PackageNotFoundError, version

    from rtsep import __version__
    from rtsep.native.bindings import native_state

    yield "rtsep", __version__
    yield "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield "native code", native_state()
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, "not installed"


@contextmanager
def _measures() -> Iterator[Callable[[], tuple[Measure, ...]]]:
    """Take the measures in a process of their own, as the audio process does; yield what waits for them."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        yield pool.apply_async(_take_measures).get


def _scheduling(measures: tuple[Measure, ...]) -> Iterator[tuple[str, str]]:
    """Say what came of each measure."""
    for measure in measures:
        yield measure.name, f"refused: {measure.refusal}" if measure.refusal else "on"


def _take_measures() -> tuple[Measure, ...]:
    """Run a model once, and take all measures."""
    import numpy as np

    from rtsep.errors import RtsepError
    from rtsep.live.realtime import model_measures, prepare_process, prepare_thread, stay_awake
    from rtsep.separator import Separator

    measures: tuple[Measure, ...] = ()
    try:
        separator = Separator()
        separator.process(np.zeros((1, separator.info.geometry.hop), np.float32))
        measures = model_measures(separator.executor)
    except RtsepError:  # the models have rows of their own
        pass
    return (*measures, stay_awake(), *prepare_process(), *prepare_thread())


def _audio() -> Iterator[tuple[str, str]]:
    from rtsep.audio.systems import list_devices, open_portaudio
    from rtsep.cli.timeout import timeout
    from rtsep.errors import RtsepError

    try:
        with timeout():
            sounddevice = open_portaudio()
    except RtsepError as error:
        yield "audio systems", str(error)
        return
    yield "audio systems", ", ".join(str(api["name"]) for api in sounddevice.query_hostapis()) or "none"
    devices = list_devices(sounddevice)
    if not devices:
        yield "devices", "none; rtsep live --input demo needs none"
    for device in devices:
        marks = "".join((", default input" * device.default_input, ", default output" * device.default_output))
        yield f"device {device.index}", (f"{device.label}: {device.inputs} in, {device.outputs} out, "
                                         f"{device.samplerate} Hz{marks}")


def _models() -> Iterator[tuple[str, str]]:
    """Load every model and run the reference that it carries."""
    from rtsep.backends import open_step
    from rtsep.backends.step import reference_error_db
    from rtsep.backends.trial import MAX_ERROR_DB
    from rtsep.errors import RtsepError
    from rtsep.model.catalogue import installed_models, model_folder
    from rtsep.model.gate import read_step

    models = installed_models()
    if not models:
        yield "models", f"none in {model_folder()}: install rtsep again"
    for name, path in models.items():
        try:
            model = read_step(path)
            step = open_step(model)
            error_db = reference_error_db(step, model)
            verdict = "ok" if error_db <= MAX_ERROR_DB else f"WRONG ({MAX_ERROR_DB:.0f} dB is allowed)"
            yield f"model {name}", f"{verdict}, {error_db:.0f} dB against its reference, {step.name}"
        except RtsepError as error:
            yield f"model {name}", str(error)
