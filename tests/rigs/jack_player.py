"""A player and a recorder on a JACK server, in a process of their own, aligned to the sample.

    python -m tests.rigs.jack_player SONG.npy RECORDING.npy INPUT_PORTS OUTPUT_PORTS

plays SONG, float32 (channels, frames), into the comma-separated INPUT_PORTS and records OUTPUT_PORTS from
the frame on in which the first frame is played. A mark on a port of its own, recorded beside them, tells which
one that is; frame times do not, as they may jump and come twice. The server freewheels meanwhile: the pace is
that of the slowest client, and nothing can be late.
"""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import jack
import numpy as np

EXTRA_FRAMES = 8192  # recorded after the song, for what comes late
_SILENT_FRAMES = 16384  # through the new connections, in which every ramp reaches its end
_LAST_CYCLES = 4  # by the clock again before the clients leave: a server left in freewheeling can hang for ever
_TRIALS = 3  # libjack refuses to activate a client at times
TIMEOUT_S = 60.0


class Player:
    """Plays a song from the cycle on in which `playing` is set."""

    def __init__(self, song: np.ndarray) -> None:
        self.client = jack.Client("rig_player", no_start_server=True)
        self.ports = [self.client.outports.register(f"out_{index}") for index in range(len(song))]
        self.mark = self.client.outports.register("mark")
        self._song = song
        self._position = 0
        self.playing = False
        self.freewheels = False
        self.cycles = 0
        self.client.set_process_callback(self._process)
        self.client.set_freewheel_callback(self._freewheel)

    def _freewheel(self, starting: bool) -> None:
        self.freewheels = starting

    def _process(self, frames: int) -> None:
        self.cycles += 1
        playing = self.playing  # may change meanwhile
        self.mark.get_array()[:] = float(playing)
        for port, samples in zip(self.ports, self._song, strict=True):
            piece = samples[self._position:self._position + frames] if playing else samples[:0]
            array = port.get_array()
            array[:piece.size] = piece
            array[piece.size:] = 0.0
        if playing:
            self._position += frames


class Recorder:
    """Records every cycle, and the player's mark in the last row."""

    def __init__(self, channels: int, frames: int) -> None:
        self.client = jack.Client("rig_recorder", no_start_server=True)
        self.ports = [self.client.inports.register(f"in_{index}") for index in range(channels)]
        self.mark = self.client.inports.register("mark")
        self.samples = np.zeros((channels + 1, frames), np.float32)
        self.position = 0
        self.client.set_process_callback(self._process)

    def _process(self, frames: int) -> None:
        if self.position + frames > self.samples.shape[1]:
            return
        for port, row in zip([*self.ports, self.mark], self.samples, strict=True):
            row[self.position:self.position + frames] = port.get_array()
        self.position += frames


Part = TypeVar("Part", Player, Recorder)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait, or end with a sentence."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {TIMEOUT_S:.0f} s for {what}")
        time.sleep(0.02)


def _connect(client: jack.Client, source: Any, target: Any) -> None:
    """Connect two ports, which rtsep may have done: it remembers clients that come back."""
    try:
        client.connect(source, target)
    except jack.JackErrorCode as error:
        if error.code != errno.EEXIST:
            raise


def _activated(make: Callable[[], Part], trials: int = _TRIALS) -> Part:
    """Make a client and let it join."""
    part = make()
    try:
        part.client.activate()
    except jack.JackErrorCode:
        part.client.close()
        if trials == 1:
            raise
        return _activated(make, trials - 1)
    return part


def main(song_path: str, recording_path: str, inputs: str, outputs: str) -> None:
    """Play and record."""
    song = np.load(song_path)
    player = _activated(lambda: Player(song))
    client = player.client
    recorder = _activated(lambda: Recorder(len(outputs.split(",")), song.shape[1] + 200 * client.samplerate))

    def present() -> bool:
        names = {port.name for port in client.get_ports()}
        return names.issuperset([*inputs.split(","), *outputs.split(",")])

    wait_for(present, f"ports {inputs},{outputs}")
    for port, name in zip(player.ports, inputs.split(","), strict=True):
        for source in client.get_all_connections(name):
            client.disconnect(source, name)
        _connect(client, port, name)
    for port, name in zip(recorder.ports, outputs.split(","), strict=True):
        _connect(client, name, port)
    client.connect(player.mark, recorder.mark)
    client.set_freewheel(True)
    begin = recorder.position
    wait_for(lambda: recorder.position >= begin + _SILENT_FRAMES, "silence")
    player.playing = True
    wait_for(lambda: bool(recorder.samples[-1, :recorder.position].any()), "the first cycle")
    start = int(np.argmax(recorder.samples[-1]))
    length = song.shape[1] + EXTRA_FRAMES
    wait_for(lambda: recorder.position >= start + length, "the end of the song")
    client.set_freewheel(False)
    wait_for(lambda: not player.freewheels, "the end of freewheeling")
    last = player.cycles + _LAST_CYCLES
    wait_for(lambda: player.cycles >= last, "cycles by the clock")
    np.save(recording_path, recorder.samples[:-1, start:start + length])
    player.client.deactivate()
    recorder.client.deactivate()


if __name__ == "__main__":
    main(*sys.argv[1:])
