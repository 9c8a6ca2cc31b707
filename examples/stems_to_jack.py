"""A JACK client with two inputs, and two outputs for every stem: connect it in any patchbay.

Run: python examples/stems_to_jack.py

Ctrl-C ends it. The separator takes the period and the sample rate of JACK's server.
"""

import threading

import jack
import numpy as np

import rtsep

SIDES = ("left", "right")


def main() -> None:
    """Separate until Ctrl-C."""
    client = jack.Client("stems")
    separator = rtsep.Separator("stage", len(SIDES), client.blocksize, samplerate=client.samplerate)
    inputs = [client.inports.register(side) for side in SIDES]
    outputs = [[client.outports.register(f"{stem}_{side}") for side in SIDES] for stem in separator.stems]

    @client.set_process_callback
    def process(frames: int) -> None:
        block = np.stack([port.get_array() for port in inputs])
        for ports, stem in zip(outputs, separator.process(block), strict=True):
            for port, sound in zip(ports, stem, strict=True):
                port.get_array()[:] = sound

    with client:
        print(f"{separator!r} at {client.samplerate} Hz; Ctrl-C ends it", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
