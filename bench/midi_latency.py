"""Frames between a MIDI message and its sound: python -m bench.midi_latency.

On a JACK dummy server, one device plays a tone and sends messages at known frames, another one records the tone as it
comes out of the live separator. A cycle that begins with the message polled has to bring the change.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.lib.command import PERIOD, TURNS, parser_of, run_bench
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings
from rtsep.live.session.helper import Helper
from rtsep.live.session.session import Session
from rtsep.midi.process import MidiSettings, run_midi
from tests.rigs.jack_device import SINK, SOURCE, Audio, Devices, tone
from tests.rigs.jack_server import missing_parts, running_server

MAPPING = "bindings: [{source: cc 20, target: level guitar, curve: linear, pickup: jump}]"
ONSET = 32
"""Frames that a ramp, which begins flat, may take until it can be told from no ramp."""

_REST = 2048  # frames of steady tone between two messages
_AUDIBLE = 1e-4


@dataclass(frozen=True)
class Effect:
    """Numbers of frames: a message was sent; a cycle began with it polled; the sound began to change."""

    sent: int
    polled: int
    heard: int


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 1 where a change came later than in the first block after its poll."""
    parser = parser_of("midi_latency", __doc__)
    parser.add_argument("--model", default="stage", metavar="NAME")
    parser.add_argument("--messages", type=TURNS, default=200)
    parser.add_argument("--period", type=PERIOD, default=512, help="frames of the server's period")
    options = parser.parse_args(arguments)

    def report() -> list[dict[str, Any]]:
        if missing := missing_parts():
            raise OSError(missing)
        with running_server(options.period) as server:
            os.environ |= server.env  # for JACK and the processes of the session
            effects = measure(options.model, options.messages)
        show(effects, options.period)
        return [asdict(effect) for effect in effects]

    return run_bench(parser, options, report, lambda rows: None,
               lambda rows: any(row["heard"] > row["polled"] + ONSET for row in rows))


def measure(model: str, messages: int) -> list[Effect]:
    """Fade the tone out and in by turns, on the server that the environment names; return what the messages did.

    A message does not count where the mixture stood in for a late hop meanwhile: its change cannot be told from that.
    """
    opened: list[str] = []
    boards: list[Board] = []
    stood_in: list[int] = []  # frames of the mixture before each message, and after the last one

    def tick(board: Board, _: int) -> None:
        if not opened:
            return
        if not boards:
            boards.append(board)
            devices.count = lambda: board.midi_messages
        done = next((cycle.frame for cycle in reversed(devices.cycles) if cycle.counted < len(devices.sent)), 0)
        settled = board.midi_messages == len(devices.sent) and devices.frames > done + _REST
        if not settled:
            return
        stood_in.append(board.fallback_frames)
        if len(devices.sent) < messages:
            devices.send(bytes([0xB0, 20, 127 * (len(devices.sent) % 2)]))
        else:
            session.stop()

    with tempfile.TemporaryDirectory() as folder, Devices() as devices:
        mapping = Path(folder) / "map.yaml"
        mapping.write_text(MAPPING)
        midi = Helper("midi", run_midi, (MidiSettings(SOURCE, mapping),))
        settings = LiveSettings(model=model, input=SOURCE, output=SINK, controls={"mask_gain": 0.0})
        session = Session(settings, helpers=[midi],
                          on_notice=lambda text: opened.append(text) if "is open" in text else None)
        result = session.run(tick)
    if result is None or result.failure is not None:
        raise OSError(f"the run broke off: {result and result.failure}")
    effects = effects_of(devices, result.summary.latency)
    return [effect for effect, (before, after) in zip(effects, pairwise(stood_in), strict=True) if before == after]


def effects_of(devices: Devices, latency: int) -> list[Effect]:
    """Find out when every message was polled and heard."""
    sound = devices.recording()
    expected = tone(-latency, sound.shape[1])
    polled = [next(cycle.frame for cycle in devices.cycles if cycle.counted > index)
              for index in range(len(devices.sent))]
    return [Effect(sent, poll, sent + change(sound[:, sent:], expected[:, sent:] * (1 - index % 2)))
            for index, (sent, poll) in enumerate(zip(devices.sent, polled, strict=True))]


def change(sound: Audio, expected: Audio) -> int:
    """Return the first frame in which a sound, float32 (channels, frames), is not what was expected."""
    return int(np.argmax(np.any(np.abs(sound - expected) > _AUDIBLE, axis=0)))


def show(effects: list[Effect], period: int) -> None:
    """Print the table."""
    table = Table("frames", "p50", "p99", "max", title=f"{len(effects)} messages, period {period}")
    rows = {"message to a cycle that begins with it polled": [effect.polled - effect.sent for effect in effects],
            "message to sound": [effect.heard - effect.sent for effect in effects],
            "begin of that cycle to sound": [effect.heard - effect.polled for effect in effects]}
    for name, values in rows.items():
        table.add_row(name, *(f"{value:.0f}" for value in (*np.percentile(values, (50, 99)), max(values))))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
