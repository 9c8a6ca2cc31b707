"""What the supervisor asks of the audio process, and what that answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtsep.audio.devices import Defaults
from rtsep.controls.controls import Values
from rtsep.dsp.mask import REST
from rtsep.errors import ConfigError, RtsepError
from rtsep.live.realtime import Measure
from rtsep.model.catalogue import LIVE_MODEL

ENGINES = ("callback", "worker")

Pair = tuple[str, str]
"""A connection on a JACK server: the name of our port, of audio without the client's, and that of the other one."""


@dataclass(frozen=True)
class Connections:
    """What the user connected on a JACK server; None for a side that is as it was made.

    `midi` has pairs with the full names of both ports.
    """

    inputs: tuple[Pair, ...] | None = None
    outputs: tuple[Pair, ...] | None = None
    midi: tuple[Pair, ...] | None = None


@dataclass(frozen=True)
class LiveSettings:
    """What to play.

    Parameters
    ----------
    model
        Name of a shipped model or path of a step model.
    stems
        Stems to compute, `rest` for what is left over; None for all of the model.
    silent
        Those of them that are not heard: their level starts at 0.
    split
        True: each stem on its own output channels. False: mixed.
    input, output
        Devices by name or number, with `:3` or `:3-4` for chosen channels; None for the default device.
    has_source
        True: the mixture comes from the supervisor, not from an input device.
    null_device
        True: no output device, but the null device, which keeps the pace of one.
    channels
        Channels of the mixture; None for stereo where the input has it, else mono.
    blocksize
        Frames of a block; None for the device's own period, or the model's hop on the null device.
    controls
        Linear values of the controls at the start, by their names, see `rtsep.controls.table`.
    record
        Whether the mixture and the stems are recorded.
    engine
        Where the model runs: `callback`, or `worker`, a thread that has a step's time for it and costs a
        step of latency.
    provider
        What runs the model: `cpu`, or `cuda` where it can.
    resample
        Whether a device at a rate at which the model does not run is used, through a change of the rate.
    samplerate
        Rate in Hz that the model has to run at; None for that of the devices, or of the model where it cannot.
    connect
        Whether ports are connected with the devices; False on a JACK server only.
    connections
        What the user connected there before.
    midi_ports
        Full names of the ports that the MIDI process offers there, whose connections are the user's as well.
    waits
        Whether devices that are not there are waited for, as after they were lost.
    allow_feedback
        Whether microphone and loudspeaker of one computer may be used together.
    calibration_s
        Seconds to spend on finding out whether the model is quick enough; 0 to play at once.
    p99_ms
        What a calibration of this very model found before, in ms a hop; None where there was none.
    auto
        Whether another model is taken where the requested one cannot hold the deadline.
    """

    model: str = LIVE_MODEL
    stems: tuple[str, ...] | None = ("guitar", REST)
    silent: tuple[str, ...] = (REST,)
    split: bool = False
    input: str | None = None
    output: str | None = None
    has_source: bool = False
    null_device: bool = False
    channels: int | None = None
    blocksize: int | None = None
    controls: Values = field(default_factory=dict)
    record: bool = False
    engine: str = "callback"
    provider: str = "cpu"
    resample: bool = False
    allow_feedback: bool = False
    calibration_s: float = 0.0
    p99_ms: float | None = None
    auto: bool = False
    samplerate: int | None = None
    connect: bool = True
    connections: Connections = Connections()
    midi_ports: tuple[str, ...] = ()
    waits: bool = False

    def __post_init__(self) -> None:
        if self.null_device and not self.has_source:
            raise ConfigError("without output device only files and the demo are played: an input device needs one")
        if self.blocksize is not None and not 1 <= self.blocksize <= 65536:
            raise ConfigError(f"blocksize is {self.blocksize}: give 1 to 65536 frames, or leave it to the device")
        if self.engine not in ENGINES:
            raise ConfigError(f"engine is {self.engine!r}: give {' or '.join(ENGINES)}")

    @property
    def default_input(self) -> bool:
        """Whether the system chooses the input device."""
        return not self.has_source and self.input is None

    @property
    def default_output(self) -> bool:
        """Whether the system chooses the output device."""
        return not self.null_device and self.output is None


@dataclass(frozen=True)
class Loaded:
    """The model is ready and warm; next the stream opens, or waits for the first frames of a source.

    `path` tells what was chosen, `p99_ms` what a hop took in the calibration.
    """

    model: str
    samplerate: int
    channels: int
    stems: tuple[str, ...]
    algorithmic: int
    hop: int
    path: str
    p99_ms: float | None = None


@dataclass(frozen=True)
class Started:
    """The music plays.

    Latencies of the devices in frames at the model's rate; None where the device says nothing believable, 0
    without device. `defaults` are the system's of the moment when the devices were chosen.
    """

    input: str
    output: str
    input_latency: int | None
    output_latency: int | None
    defaults: Defaults


@dataclass(frozen=True)
class Prepared:
    """What was done so that no deadline is missed, and what the system refused."""

    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Connected:
    """Our ports on a JACK server are connected in another way, or the latencies of the devices are others.

    Latencies as of `Started`.
    """

    connections: Connections
    input_latency: int
    output_latency: int


@dataclass(frozen=True)
class Notice:
    """A sentence for the user; the music goes on."""

    text: str


@dataclass(frozen=True)
class Failed:
    """It cannot go on; the error says why, in a sentence for the user."""

    error: RtsepError


@dataclass(frozen=True)
class Ended:
    """The input is over, or the stream was stopped as asked."""


Message = Loaded | Started | Prepared | Connected | Notice | Failed | Ended
