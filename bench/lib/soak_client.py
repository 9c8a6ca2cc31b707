"""The other side of a soak: plays noise into rtsep and into itself, compares, prints JSON.

    python -m bench.lib.soak_client SECONDS STEM...

JACK hands what comes back to the player of it a period late; that period is taken out of the latency.
The noise repeats after `LENGTH` frames, so that what was played at any time can be computed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

import jack
import numpy as np

LENGTH = 1 << 16
_CHUNK_S = 5.0  # compared at once
_TOLERANCE = 1e-5


class Client:
    """Noise out, rtsep's outputs of these stems in; and a bare pass-through, timed."""

    def __init__(self, stems: Sequence[str]) -> None:
        self.client = jack.Client("soak", no_start_server=True)
        self.noise = (0.1 * np.random.default_rng(1).standard_normal(LENGTH)).astype(np.float32)
        self.out = self.client.outports.register("out")
        self.stems = [self.client.inports.register(stem) for stem in stems]
        self.position = 0
        frames = 2 * round(_CHUNK_S * self.client.samplerate)
        self.heard = np.zeros(frames, np.float32)  # sum of the stems, around and around
        self.client.set_process_callback(self._process)

    def _process(self, frames: int) -> None:
        where = np.arange(self.position, self.position + frames)
        self.out.get_array()[:] = self.noise[where % LENGTH]
        self.heard[where % self.heard.size] = np.add.reduce([port.get_array() for port in self.stems])
        self.position += frames

    def connect(self) -> None:
        """Play into both inputs of rtsep, listen to the first output of every stem."""
        client = self.client
        client.activate()
        for name in ("rtsep:in_1", "rtsep:in_2"):
            for source in client.get_all_connections(name):
                client.disconnect(source, name)
            client.connect(self.out, name)
        for port in self.stems:
            client.connect(f"rtsep:{port.shortname}_1", port)

    def latency(self) -> int:
        """Frames by which rtsep's sound lags the noise, from the peak of the circular correlation."""
        end = self.position
        heard = self.heard[np.arange(end - LENGTH, end) % self.heard.size]
        played = self.noise[np.arange(end - LENGTH, end) % LENGTH]
        spectrum = np.fft.rfft(heard) * np.conj(np.fft.rfft(played))
        return int(np.argmax(np.fft.irfft(spectrum)))


class Control:
    """A pass-through that does nothing but copy."""

    def __init__(self) -> None:
        self.client = jack.Client("control", no_start_server=True)
        self.ports = self.client.inports.register("in"), self.client.outports.register("out")
        self.late = self.xruns = self.callbacks = 0
        self.longest_s = 0.0
        self.client.set_process_callback(self._process)
        self.client.set_xrun_callback(self._count)

    def _process(self, frames: int) -> None:
        started = time.perf_counter()
        self.ports[1].get_array()[:] = self.ports[0].get_array()
        seconds = time.perf_counter() - started
        self.callbacks += 1
        self.late += seconds * self.client.samplerate > frames
        self.longest_s = max(self.longest_s, seconds)

    def _count(self, _: float) -> None:
        self.xruns += 1


def main(seconds: float, stems: Sequence[str]) -> None:
    """Play and compare."""
    soak, control = Client(stems), Control()
    control.client.activate()
    soak.connect()
    soak.client.connect(soak.out, control.ports[0])
    time.sleep(2.0 + LENGTH / soak.client.samplerate)
    latency = soak.latency()
    done, wrong, compared = soak.position, 0, 0
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(_CHUNK_S / 2, left))
        where = np.arange(done, soak.position)
        error = soak.heard[where % soak.heard.size] - soak.noise[(where - latency) % LENGTH]
        wrong += int(np.count_nonzero(np.abs(error) > _TOLERANCE))
        compared += where.size
        done += where.size
    print(json.dumps({"latency": latency - soak.client.blocksize, "wrong_samples": wrong,
                      "compared_samples": compared, "control": {
        "late": control.late, "xruns": control.xruns, "callbacks": control.callbacks,
        "longest_ms": 1e3 * control.longest_s}}))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
