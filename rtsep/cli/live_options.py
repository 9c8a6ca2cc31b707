"""The options of `rtsep live`, in the order of its help; those of MIDI and interfaces stand beside what they do."""

from __future__ import annotations

import argparse

from rtsep.cli.parser import named_path
from rtsep.controls.options import add_control_options
from rtsep.model.catalogue import LIVE_MODEL

CALIBRATION_S = 2.0
"""For which a model is timed before it plays."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what is played, from where to where, and how."""
    _add_sound(parser)
    add_control_options(parser)
    _add_course(parser)
    _add_devices_and_engine(parser)


def add_start_options(parser: argparse.ArgumentParser) -> None:
    """Declare what a run starts with."""
    parser.add_argument("--preset", metavar="NAME", help="controls, and model, of a preset to start with")
    parser.add_argument("--resume-state", action="store_true", help="begin as the last run with this option ended: "
                        "controls, model, devices and connections, where no other option says otherwise; and keep them")


def _add_sound(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", metavar="DEV", help="device (name, part of it, or number; DEV:3-4 for its channels "
                        "3 and 4), audio file, or demo: a song that the program makes itself (default: the system's "
                        "input device)")
    parser.add_argument("--output", metavar="DEV", help="device, as for --input; default: the system's output "
                        "device; none: nothing is heard, and a file or the demo is played into files (default: "
                        "default, or none where there is no device)")
    parser.add_argument("--model", metavar="NAME",
                        help=f"shipped model or .onnx file (default: {LIVE_MODEL}; see rtsep models)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--stem", metavar="STEM", nargs="+", action="extend",
                      help="play these stems alone (default: guitar)")
    what.add_argument("--remove", metavar="STEM", nargs="+", action="extend", help="play everything but these stems")
    what.add_argument("--split", action="store_true", help="play every stem on output channels of its own")


def _add_course(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--record", type=named_path, metavar="DIR", help="write mixture and stems to DIR (the demo and "
                        "files played without output device always record: demo-out, SONG-out)")
    parser.add_argument("--seconds", type=_positive, metavar="S", help="end after so long")
    parser.add_argument("--start", type=_seconds, default=0.0, metavar="S", help="second of the file to begin at")


def _add_devices_and_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--channels", type=int, choices=(1, 2), help="channels to take from the input device "
                        "(default: 2 where it has them)")
    parser.add_argument("--blocksize", type=int, metavar="N", help="frames of a block (default: the device's own "
                        "period, which is fastest; without output device, the model's hop)")
    parser.add_argument("--engine", choices=("callback", "worker"), default="callback", help="where the model runs: in "
                        "the audio callback, or in a thread that has a block's time for it, for slow models and one "
                        "block later (default: %(default)s)")
    parser.add_argument("--provider", choices=("cpu", "onnxruntime", "cuda"), default="cpu",
                        help="what runs the model; onnxruntime: the processor without the native code; cuda needs "
                        "an NVIDIA GPU and --engine worker (default: cpu)")
    parser.add_argument("--no-connect", action="store_true", help="on a JACK or PipeWire server: leave it to you to "
                        "connect rtsep's ports")
    parser.add_argument("--resample", action="store_true", help="use a device at another sample rate than the model's, "
                        "which adds latency")
    parser.add_argument("--allow-feedback", action="store_true",
                        help="take microphone and loudspeaker of one computer together")
    parser.add_argument("--no-calibration", action="store_true",
                        help=f"start at once, without {CALIBRATION_S:g} s of timing the model")
    parser.add_argument("--auto", action="store_true",
                        help="take another model where the calibration finds this one too slow")


def _positive(text: str) -> float:
    value = _seconds(text)
    if value == 0.0:
        raise argparse.ArgumentTypeError(f"{text}: give seconds above 0")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is no number: give seconds, such as 90") from None
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: give seconds from 0 on")
    return value
