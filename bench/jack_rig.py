"""A player and a recorder on a JACK server, in a process of their own, aligned to the sample.

    python -m bench.jack_rig SONG.npy RECORDING.npy INPUT_PORTS OUTPUT_PORTS

plays SONG, float32 (channels, frames), into the comma-separated INPUT_PORTS and records OUTPUT_PORTS from
the cycle on in which the first frame is played. With a synchronous server no cycle is ever lost, so cycles
are counted; the frame time only tells which cycle is the first. The server freewheels meanwhile: the pace
is that of the slowest client, and nothing can be late.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import jack
import numpy as np

EXTRA_FRAMES = 8192  # recorded after the song, for what comes late
PATIENCE_S = 60.0


class Player:
    """Plays a song from the cycle on in which `playing` is set."""

    def __init__(self, song: np.ndarray) -> None:
        self.client = jack.Client("rig_player", no_start_server=True)
        self.ports = [self.client.outports.register(f"out_{index}") for index in range(len(song))]
        self._song = song
        self._position = 0
        self.playing = False
        self.first_time: int | None = None
        self.client.set_process_callback(self._process)

    def _process(self, frames: int) -> None:
        if self.playing and self.first_time is None:
            self.first_time = self.client.last_frame_time
        for port, samples in zip(self.ports, self._song, strict=True):
            piece = samples[self._position:self._position + frames] if self.playing else samples[:0]
            array = port.get_array()
            array[:piece.size] = piece
            array[piece.size:] = 0.0
        if self.playing:
            self._position += frames


class Recorder:
    """Records every cycle, and when it was."""

    def __init__(self, channels: int, frames: int) -> None:
        self.client = jack.Client("rig_recorder", no_start_server=True)
        self.ports = [self.client.inports.register(f"in_{index}") for index in range(channels)]
        self.samples = np.zeros((channels, frames), np.float32)
        self.position = 0
        self.times: list[tuple[int, int]] = []
        self.client.set_process_callback(self._process)

    def _process(self, frames: int) -> None:
        if self.position + frames > self.samples.shape[1]:
            return
        self.times.append((self.client.last_frame_time, self.position))
        for port, row in zip(self.ports, self.samples, strict=True):
            row[self.position:self.position + frames] = port.get_array()
        self.position += frames


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait, or end with a sentence."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {PATIENCE_S:.0f} s for {what}")
        time.sleep(0.02)


def main(song_path: str, recording_path: str, inputs: str, outputs: str) -> None:
    """Play and record."""
    song = np.load(song_path)
    player = Player(song)
    recorder = Recorder(len(outputs.split(",")), song.shape[1] + 200 * player.client.samplerate)
    recorder.client.activate()
    player.client.activate()
    client = player.client

    def present() -> bool:
        names = {port.name for port in client.get_ports()}
        return names.issuperset([*inputs.split(","), *outputs.split(",")])

    wait_for(present, f"ports {inputs},{outputs}")
    for port, name in zip(player.ports, inputs.split(","), strict=True):
        for source in client.get_all_connections(name):
            client.disconnect(source, name)
        client.connect(port, name)
    for port, name in zip(recorder.ports, outputs.split(","), strict=True):
        recorder.client.connect(name, port)
    client.set_freewheel(True)
    time.sleep(0.3)  # a little silence through the new connections, until everybody knows of the freewheeling
    player.playing = True
    wait_for(lambda: player.first_time is not None, "the first cycle")
    wait_for(lambda: player.first_time in dict(recorder.times), "the recorder")
    start = dict(recorder.times)[player.first_time]
    wanted = song.shape[1] + EXTRA_FRAMES
    wait_for(lambda: recorder.position >= start + wanted, "the end of the song")
    client.set_freewheel(False)
    np.save(recording_path, recorder.samples[:, start:start + wanted])
    player.client.deactivate()
    recorder.client.deactivate()


if __name__ == "__main__":
    main(*sys.argv[1:])
