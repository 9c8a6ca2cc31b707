"""File models: ONNX graphs that separate a whole segment at once, for files only.

Segments overlap and are cross-faded, so that their edges are not heard. Transforms stay outside the
graph. See `docs/architecture.md` for the format.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtsep.dsp.mask import output_names, requested_sets
from rtsep.dsp.pairing import Pairing, sign_of
from rtsep.dsp.stft import Analysis, Synthesis, mid_signal
from rtsep.errors import ModelError
from rtsep.model.card import DOMAINS
from rtsep.model.gate import SegmentFile, read_model
from rtsep.model.onnx_file import first_line
from rtsep.types import Audio

FAR_ABOVE = 8.0  # times the peak of the mixture: no stem of it is so loud
LEAST = 1e-3  # peak of a mixture, -60 dB, below which the sound of a network is no fault


class FileModel:
    """A loaded file model.

    Parameters
    ----------
    model
        The `.onnx` file, or one that came through the gate.

    Raises
    ------
    ModelError
        When the file is missing, is no file model, or its shapes disagree with its metadata.
    """

    def __init__(self, model: Path | SegmentFile) -> None:
        file = read_model(model) if isinstance(model, Path) else model
        if not isinstance(file, SegmentFile):
            raise ModelError(f"{file.path} is a step model, which separates hop by hop, and no file model")
        from rtsep.backends.onnx_runtime import open_session  # loaded only where it is needed: it takes 20 MB
        self.info, self._path = file.card, file.path
        self._session = open_session(file.model.SerializeToString(), str(file.path), threads=os.cpu_count() or 1)
        self._input, self._output = DOMAINS[self.info.domain]

    def separate(self, segment: Audio) -> Audio:
        """Separate one segment, float32 (channels, segment), into (stems, channels, segment).

        A network on waveforms sees channel after channel; one mask for spectra is made from the mid
        signal and keeps the stereo image.

        Raises
        ------
        ModelError
            When what comes out is no sound: not finite, or far louder than the segment.
        """
        stems = self._separated(segment)
        loudest = FAR_ABOVE * max(float(np.abs(segment).max(initial=0.0)), LEAST)
        if not np.abs(stems).max(initial=0.0) <= loudest:  # NaN compares as False
            raise ModelError(f"{self._path}: what it gives is no sound: not finite, or more than {FAR_ABOVE:.0f} times "
                             f"as loud as the mixture")
        return stems

    def _separated(self, segment: Audio) -> Audio:
        if self.info.domain == "waveform":
            return np.stack([self._run(channel) for channel in segment], axis=1)
        geometry, channels = self.info.geometry, segment.shape[0]
        beyond = geometry.synthesis - geometry.hop
        spectra, _ = Analysis(geometry, channels).push(np.pad(segment, ((0, 0), (0, beyond))))
        sign = sign_of(Pairing(segment.shape[1]).push(segment))
        masks = self._run(np.abs(mid_signal(spectra.swapaxes(0, 1), sign))).swapaxes(0, 1)
        masked = masks[:, :, np.newaxis] * spectra[:, np.newaxis]
        return Synthesis(geometry, (len(self.info.stems), channels)).push(masked)[..., beyond:]

    def _run(self, value: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the graph on one input without its first axis."""
        try:
            found: NDArray[np.float32] = self._session.run([self._output], {self._input: value[np.newaxis]})[0][0]
        except Exception as error:  # the runtime raises a dozen unrelated kinds
            raise ModelError(f"{self._path} cannot be run by ONNX Runtime ({first_line(error)})") from None
        return found


class FileSeparator:
    """Separate a stream of blocks in overlapped segments: like a `Separator`, with a segment of latency.

    Parameters
    ----------
    model
        As of `FileModel`.
    channels
        Number of audio channels.
    stems
        Stems to compute, in this order; default all of the model. `rest` is all stems not named here.

    Raises
    ------
    ModelError, ConfigError
        When the model or the stems cannot be used.
    """

    def __init__(self, model: Path | SegmentFile, channels: int = 1, stems: str | Sequence[str] | None = None) -> None:
        self._model = FileModel(model)
        self.info = self._model.info
        self.channels = channels
        self.stems = output_names(self.info.stems, stems)
        self._requested = requested_sets(self.info.stems, self.stems)
        segment, overlap = self.info.segment, self.info.overlap
        self._rise = np.square(np.sin(0.5 * np.pi * (np.arange(overlap) + 0.5) / max(overlap, 1))).astype(np.float32)
        self._given = np.zeros((channels, overlap), np.float32)  # what the next segment begins with
        self._tail = np.zeros((len(self.stems), channels, overlap), np.float32)  # falling end of the last segment
        self._ready = np.zeros((len(self.stems), channels, segment - overlap), np.float32)

    @property
    def samplerate(self) -> int:
        """Frames per second that the model was made for."""
        return self.info.samplerate

    @property
    def latency(self) -> int:
        """Frames by which the output lags the input."""
        return self.info.segment

    def process(self, block: Audio) -> Audio:
        """Separate the next block.

        Parameters
        ----------
        block
            float32, shape (channels, frames), of any length.

        Returns
        -------
        stems
            float32, shape (stems, channels, frames), `latency` frames late.
        """
        pieces = [self._ready]
        self._given = np.concatenate([self._given, block], axis=1)
        while self._given.shape[1] >= self.info.segment:
            pieces.append(self._advance(self._given[:, :self.info.segment]))
            self._given = self._given[:, self.info.segment - self.info.overlap:]
        ready = np.concatenate(pieces, axis=2)
        self._ready = ready[:, :, block.shape[1]:]
        return ready[:, :, :block.shape[1]]

    def _advance(self, segment: Audio) -> Audio:
        """Separate a segment; return what no later one changes, (stems, channels, segment - overlap)."""
        overlap = self.info.overlap
        stems = np.tensordot(self._requested, self._model.separate(segment), axes=1)
        stems[..., :overlap] *= self._rise
        stems[..., :overlap] += self._tail
        done = self.info.segment - overlap
        self._tail = stems[..., done:] * self._rise[::-1]
        return stems[..., :done]
