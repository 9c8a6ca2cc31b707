"""The separator: blocks of any size in, separated blocks of the same size out, a fixed latency later.

The way of a sound: block -> whole hops -> analysis -> step model -> mask -> synthesis -> block. What is between the
blocks is done by `rtsep.backends`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NoReturn, SupportsIndex

import numpy as np

from rtsep.backends import open_backend
from rtsep.controls.controls import Controls
from rtsep.controls.gains import Gains
from rtsep.dsp.delay import Delay
from rtsep.dsp.mask import mask_weights, output_names, requested_sets
from rtsep.dsp.ramp import RAMP_MS, Ramp
from rtsep.errors import ConfigError
from rtsep.model.catalogue import LIVE_MODEL, find_model
from rtsep.model.gate import StepFile, read_step
from rtsep.reblocking import Reblocking
from rtsep.types import Audio

MAX_CHANNELS = 64
LOUDEST = 1e6  # 120 dB above full scale: no sound, and its square would overflow
NATIVE_RATES = range(40_000, 50_001)
"""Sample rates in Hz at which a model made for one of them runs as it is; 0.14 dB of SDR from 44.1 to 48 kHz."""


def runs_at(model_rate: int, samplerate: int) -> bool:
    """Whether a model made for one sample rate runs at another one without a change of the rate, both in Hz."""
    return samplerate == model_rate or (model_rate in NATIVE_RATES and samplerate in NATIVE_RATES)


def is_sound(block: Audio) -> bool:
    """Whether all samples are numbers within `LOUDEST`."""
    if np.vdot(block, block) <= LOUDEST**2:  # nearly always, and quick; NaN compares as False
        return True
    return bool(np.abs(block).max(initial=0.0) <= LOUDEST)


class Separator:
    """Separate a stream into stems.

    Parameters
    ----------
    model
        Name of a shipped model, a path to a step model (`.onnx`), or one that came through the gate.
    channels
        Number of audio channels; one mask, made from their mean, is applied to all.
    blocksize
        Frames of every block, where that is fixed and known: lowers the latency. None for any size.
    stems
        Stems to compute, in this order; default all of the model. `rest` is the mixture without the
        other stems named here. A string names one, or several with commas between.
    threads, provider
        How the model is run, see `rtsep.backends.open_step`.
    samplerate
        Frames per second of the stream; None for the rate that the model was made for. Within `NATIVE_RATES` the
        model keeps its lengths in frames: windows, hops and times inside it last as much shorter or longer, and
        frequencies lie as much higher or lower.

    Attributes
    ----------
    samplerate
        Frames per second of the stream.
    hold
        True keeps the latest masks and does not ask the model: for a caller that is late.
    bad_blocks
        Blocks so far that were taken as silence, see `process`.

    Raises
    ------
    ModelError
        When the model cannot be loaded.
    ConfigError
        When channels, blocksize, stems or samplerate cannot be used.

    Examples
    --------
    >>> separator = Separator("stage", channels=2)
    >>> guitar = separator.process(block)[separator.stems.index("guitar")]  # doctest: +SKIP
    """

    def __init__(self, model: str | Path | StepFile = LIVE_MODEL, channels: int = 1, blocksize: int | None = None,
                 stems: str | Sequence[str] | None = None, threads: int = 1, provider: str = "cpu",
                 samplerate: int | None = None) -> None:
        if not 1 <= channels <= MAX_CHANNELS:
            raise ConfigError(f"channels is {channels}: give 1 to {MAX_CHANNELS}")
        file = model if isinstance(model, StepFile) else read_step(find_model(str(model)))
        self.info = file.card
        self._turn = Lock()
        self.channels = channels
        self.stems = output_names(self.info.stems, stems)
        self.controls = Controls(self.stems)
        self.bad_blocks = 0
        self.hold = False
        self._requested = requested_sets(self.info.stems, self.stems)
        geometry = self.info.geometry
        self._backend = open_backend(file, channels, self._requested, threads, provider)
        self._blocks = Reblocking(geometry.hop, channels, len(self.stems), self._separate)
        self.blocksize = blocksize
        self.set_samplerate(self.info.samplerate if samplerate is None else samplerate)
        self.set_blocksize(blocksize)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Refuse to be copied or pickled."""
        raise TypeError("a Separator cannot be copied or pickled, since native code points into its memory: make "
                        "another one with the same arguments")

    def __repr__(self) -> str:
        return (f"<Separator {self.info.name}: {self.channels} channels, stems {', '.join(self.stems)}, "
                f"{self.samplerate} Hz, latency {self.latency} frames>")

    @property
    def executor(self) -> str:
        """Who separates: native code and for which processors, ONNX Runtime, or the numpy reference."""
        return self._backend.name

    @property
    def spoilt_hops(self) -> int:
        """Hops so far after which the model had NaN or infinity.

        Every stem got an even share of each of them, and the model started anew.
        """
        return self._backend.spoilt_hops

    @property
    def latency(self) -> int:
        """Frames by which the output lags the input."""
        geometry = self.info.geometry
        aligned = 0 if self.blocksize is None else math.gcd(self.blocksize, geometry.hop)
        return geometry.latency - aligned

    def process(self, block: Audio) -> Audio:
        """Separate the next block, and set the stems to their controls.

        Each stem is `wet * gain(stem) * stem + (1 - wet) * mixture / stems`, see `rtsep.controls.gains`. One thread at
        a time: native code works on the memory of this object without the interpreter's lock. A block that holds NaN,
        infinity or samples beyond `LOUDEST` is taken as silence and counted in `bad_blocks`.

        Parameters
        ----------
        block
            float32, shape (channels, frames).

        Returns
        -------
        stems
            float32, shape (stems, channels, frames), `latency` frames late.

        Raises
        ------
        ConfigError
            When the block has another shape than promised, or another thread is in here.
        """
        with self._in_turn():
            block = self._checked(block)
            stems = self._blocks.split(block)
            if self._gains.idle:
                self._dry.keep(block)
            else:
                self._gains.apply(stems, self._dry.push(block))
            return stems

    def separate(self, block: Audio) -> Audio:
        """Separate the next block as `process` does, without the levels and dry/wet of the controls.

        For a caller that applies them itself; use one of both between two calls of `reset`.
        """
        with self._in_turn():
            return self._blocks.split(self._checked(block))

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Keep other threads out."""
        if not self._turn.acquire(blocking=False):
            raise ConfigError("this separator is at work in another thread: make one for each thread")
        try:
            yield
        finally:
            self._turn.release()

    def preview(self, frames: int) -> Audio:
        """Sound after the last complete hop as far as it is known, float32 (stems, channels, frames).

        The latest spectrum alone speaks for these frames; of use to fade out where the next hop is late.

        Raises
        ------
        ConfigError
            When `frames` is not 0 to a hop, or another thread is in here.
        """
        hop = self.info.geometry.hop
        if not 0 <= frames <= hop:
            raise ConfigError(f"a preview of {frames} frames: give 0 to {hop}, a hop")
        with self._in_turn():
            return self._backend.preview(frames)

    def set_blocksize(self, blocksize: int | None) -> None:
        """Promise blocks of a multiple of `blocksize` frames from now on (None: any), and start as new.

        Raises
        ------
        ConfigError
            When it is less than 1, or another thread is in here.
        """
        if blocksize is not None and blocksize < 1:
            raise ConfigError(f"blocksize is {blocksize}: give 1 or more frames, or None for any size")
        with self._in_turn():
            self.blocksize = blocksize
            self._reset()

    def set_samplerate(self, samplerate: int) -> None:
        """Take blocks of another sample rate in Hz from now on, and start as new.

        Raises
        ------
        ConfigError
            When the model does not run at it, see `runs_at`, or another thread is in here.
        """
        made_for = self.info.samplerate
        if not runs_at(made_for, samplerate):
            rates = f"{NATIVE_RATES[0]} to {NATIVE_RATES[-1]}" if made_for in NATIVE_RATES else str(made_for)
            raise ConfigError(f"samplerate is {samplerate}: {self.info.name} runs at {rates} Hz; change the rate of "
                              f"the sound before")
        with self._in_turn():
            self.samplerate = samplerate
            self._ramp_hops = max(1, round(RAMP_MS / 1e3 * samplerate / self.info.geometry.hop))
            self._reset()

    def reset(self) -> None:
        """Return to the state of a new separator.

        Raises
        ------
        ConfigError
            When another thread is in here.
        """
        with self._in_turn():
            self._reset()

    def forget(self) -> None:
        """Let the model start anew, and go on at the same place of the stream; sound that is not finite is dropped.

        Raises
        ------
        ConfigError
            When another thread is in here.
        """
        with self._in_turn():
            self._backend.forget()
            self._blocks.forget_bad()

    def _reset(self) -> None:
        self._backend.reset()
        self._gains = Gains(self.controls, self.samplerate)
        self._dry = Delay(self.channels, self.latency)
        self._blocks.reset(self.latency - (self.info.geometry.latency - self.info.geometry.hop))
        self._gain_ramp = Ramp(self._ramp_hops)
        self._steady_gain = np.ones(1, np.float32)  # that the steady weights are of
        self._steady_weights = mask_weights(self._requested)

    def _separate(self, block: Audio) -> Audio:
        """Turn whole hops, (channels, frames), into as many of every stem, (stems, channels, frames)."""
        return self._backend.push(block, None if self.hold else self._weights(block.shape[1] // self.info.geometry.hop))

    def _weights(self, hops: int) -> Audio:
        """Weights of the next hops' masks, (hops, 2 * outputs, stems), or of all alike where the gain does not move."""
        target = np.array([self.controls.get("mask_gain")], np.float32)
        gains = self._gain_ramp.next(target, hops)
        if self._gain_ramp.rests_at(target) and gains.shape[1] == 1:
            if target != self._steady_gain:
                self._steady_gain, self._steady_weights = target, mask_weights(self._requested, float(target[0]))
            return self._steady_weights
        return mask_weights(self._requested, gains.reshape(-1, 1, 1))

    def _checked(self, block: Audio) -> Audio:
        try:
            if np.iscomplexobj(block):
                raise TypeError
            block = np.asarray(block, np.float32)
        except (TypeError, ValueError):
            given = " ".join(repr(block).split())
            raise ConfigError(f"a block must be an array of numbers, got {given:.60}") from None
        if block.ndim != 2 or block.shape[0] != self.channels:
            raise ConfigError(f"a block of shape {block.shape} came, expected ({self.channels}, frames)")
        if self.blocksize is not None and block.shape[1] % self.blocksize:
            raise ConfigError(f"a block of {block.shape[1]} frames came, but blocksize={self.blocksize} was promised")
        if not is_sound(block):
            self.bad_blocks += 1
            return np.zeros_like(block)
        return block
