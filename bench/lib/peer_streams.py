"""Other people's networks in a stream as a user would run them: music in hop by hop, their own transform, sound out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bench.lib.peer_graphs import deepfilternet, dtln, hs_tasnet, open_unmix
from training.nets.step_graph import StepGraph

Audio = NDArray[np.floating[Any]]
Spectra = NDArray[np.complex64]
Arrays = dict[str, NDArray[np.float32]]
REMEMBERED = 5  # spectra, the newest last: what DeepFilterNet's filters reach over
ERB_BANDS, FILTERED_BINS = 32, 96  # of DeepFilterNet
SEEN_BINS = 1487  # of Open-Unmix: up to 16 kHz


@dataclass(frozen=True)
class Card:
    """A system as it was published.

    Parameters
    ----------
    name, source
        What it is called, and where its weights or sizes come from.
    samplerate, hop, latency
        In Hz and frames.
    channels
        That it takes at once.
    """

    name: str
    source: str
    samplerate: int
    hop: int
    latency: int
    channels: int


@dataclass(frozen=True)
class Peer(Card):
    """A network, with what stands around it.

    Parameters
    ----------
    window
        Frames of its transform.
    features
        Makes the step's inputs, states aside, of the last spectra (5, channels, bins) and samples (channels, frames).
    sound
        Makes frames (stems, channels, window) of the step's outputs and the last spectra.
    reach
        Samples that the features look at, where that is more than a window.
    """

    window: int
    features: Callable[[Spectra, Audio], Arrays]
    sound: Callable[[Arrays, Spectra], Audio]
    reach: int = 0


class PeerStream:
    """A peer that runs by ONNX Runtime without options, with its transforms and its states.

    Parameters
    ----------
    peer
        What to run.
    path
        Its step graph.
    """

    def __init__(self, peer: Peer, path: Path) -> None:
        self._peer = peer
        self._session = onnxruntime.InferenceSession(str(path))
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._states: Arrays = {node.name: np.zeros(node.shape, np.float32) for node in self._session.get_inputs()
                                if f"{node.name}_out" in self._outputs}
        self._window = np.sqrt(np.hanning(peer.window + 1)[:-1]).astype(np.float32)
        self._samples = np.zeros((peer.channels, max(peer.window, peer.reach)), np.float32)
        self._spectra = np.zeros((REMEMBERED, peer.channels, peer.window // 2 + 1), np.complex64)
        self._tail: Audio = np.zeros(peer.window - peer.hop, np.float32)

    def hop(self, block: Audio) -> Audio:
        """Process the next hop, (channels, hop); return one of every stem, (stems, channels, hop)."""
        peer = self._peer
        self._samples = np.concatenate([self._samples[:, peer.hop:], block], axis=1)
        spectrum = np.fft.rfft(self._samples[:, -peer.window:] * self._window)
        self._spectra = np.concatenate([self._spectra[1:], spectrum[np.newaxis]])
        feeds = peer.features(self._spectra, self._samples) | self._states
        results = dict(zip(self._outputs, self._session.run(self._outputs, feeds), strict=True))
        self._states = {name: results[f"{name}_out"] for name in self._states}
        frames = peer.sound(results, self._spectra) * self._window
        frames[..., :-peer.hop] += self._tail
        self._tail = frames[..., peer.hop:]
        return frames[..., :peer.hop]


def flat(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """One row, float32."""
    return np.ascontiguousarray(values, np.float32).reshape(1, -1)


def whole_features(spectra: Spectra, samples: Audio) -> Arrays:
    """Magnitudes and samples of a whole window, as DTLN and HS-TasNet take."""
    return {"magnitude": flat(np.abs(spectra[-1])), "frame": flat(samples)}


def dtln_sound(results: Arrays, spectra: Spectra) -> Audio:
    """Sound of the second stage, and that of the first, which the second begins with."""
    return np.fft.irfft(results["mask"] * spectra[-1])[np.newaxis] + results["sound"]


def deepfilternet_features(spectra: Spectra, samples: Audio) -> Arrays:
    """Levels of the bands, and the lowest bins, of three hops each."""
    powers = np.square(np.abs(spectra[-3:, 0]))
    levels = np.log10(np.add.reduceat(powers, band_edges(powers.shape[1]), axis=1) + 1e-10)
    low = spectra[-3:, 0, :FILTERED_BINS]
    return {"bands": levels[np.newaxis], "spectrum": np.concatenate([low.real, low.imag])[np.newaxis]}


def deepfilternet_sound(results: Arrays, spectra: Spectra) -> Audio:
    """Gains of the bands, and complex filters over five hops for the lowest bins."""
    bins = spectra.shape[2]
    enhanced = np.repeat(results["gains"][0], np.diff(band_edges(bins), append=bins)) * spectra[-1, 0]
    filters = results["filters"].view(np.complex64).reshape(REMEMBERED, FILTERED_BINS)
    enhanced[:FILTERED_BINS] = np.sum(filters * spectra[:, 0, :FILTERED_BINS], axis=0)
    return np.fft.irfft(enhanced)[np.newaxis, np.newaxis]


def band_edges(bins: int) -> NDArray[np.int64]:
    """First bins of DeepFilterNet's bands, here of one width."""
    return np.arange(ERB_BANDS) * bins // ERB_BANDS


def hs_tasnet_sound(results: Arrays, spectra: Spectra) -> Audio:
    """Both branches together."""
    masks = results["masks"].reshape(4, *spectra.shape[1:])
    return np.fft.irfft(masks * spectra[-1]) + results["sound"].reshape(4, 2, -1)


def open_unmix_features(spectra: Spectra, samples: Audio) -> Arrays:
    """Magnitudes up to 16 kHz."""
    return {"magnitude": flat(np.abs(spectra[-1, :, :SEEN_BINS]))}


def open_unmix_sound(results: Arrays, spectra: Spectra) -> Audio:
    """Masked mixture."""
    return np.fft.irfft(results["mask"].reshape(spectra.shape[1:]) * spectra[-1])[np.newaxis]


PEERS: tuple[tuple[Peer, Callable[[], StepGraph]], ...] = (
    (Peer("DTLN", "random weights; sizes: Westhausen and Meyer, Interspeech 2020", 16000, 128, 512, 1, 512,
          whole_features, dtln_sound), dtln),
    (Peer("DeepFilterNet 2 (shape of)", "random weights; sizes: Schroeter et al., IWAENC 2022", 48000, 480, 1920, 1,
          960, deepfilternet_features, deepfilternet_sound), deepfilternet),
    (Peer("HS-TasNet (sized)", "random weights; sizes: Venkatesh et al., ICASSP 2024, arXiv 2402.17701", 44100, 512,
          1024, 2, 1024, whole_features, hs_tasnet_sound), hs_tasnet),
    (Peer("Open-Unmix, one way (sized)", "random weights; sizes: Stoeter et al., JOSS 2019", 44100, 1024, 4096, 2, 4096,
          open_unmix_features, open_unmix_sound), open_unmix),
)
"""Networks of others, each with the builder of its step graph."""
