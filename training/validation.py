"""What chooses checkpoints: SDR on real songs, and the network separating as it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from training.bss_eval import sdr_version_3
from training.data.clips import paper_parts
from training.data.songs import Song
from training.nets import Network
from training.spectra import power_of, resynthesise, spectra

Audio = NDArray[np.float32]
Separate = Callable[[Audio], dict[str, Audio]]
TARGETS = ("guitar", "drums")


def targets_of(stems: Sequence[str]) -> tuple[str, ...]:
    """Stems of a model that the paper's mixtures are made for."""
    return tuple(target for target in TARGETS if target in stems)


def quick_scores(songs: Sequence[Song], separate: Separate, targets: Sequence[str]) -> dict[str, float]:
    """Mean SDR (BSS Eval 3) of each target over the songs with electric guitar, for choosing checkpoints."""
    means = {}
    for target in targets:
        mixtures = [paper_parts(song, target) for song in songs if song.plays("guitar") and song.plays(target)]
        means[target] = float(np.mean([sdr_version_3(wanted, separate(wanted + rest)[target])
                                       for wanted, rest in mixtures]))
    return means


def torch_separator(net: Network) -> Separate:
    """Separate whole mixtures with a network as it is trained, offline and aligned."""
    geometry, device = net.geometry, net.spread.device

    def separate(mixture: Audio) -> dict[str, Audio]:
        lengths = (geometry.analysis, *net.config.contexts)
        hops = -(-mixture.size // geometry.hop) + geometry.synthesis // geometry.hop
        audio = torch.zeros(1, max(lengths) - geometry.hop + hops * geometry.hop, device=device)
        begin = max(lengths) - geometry.hop
        audio[0, begin:begin + mixture.size] = torch.from_numpy(mixture)
        with torch.inference_mode():
            mixed = [spectra(audio[:, max(lengths) - length:], length, geometry) for length in lengths]
            state = [part.to(device) for part in net.initial_state(1)]
            masks, _ = net(net.observe([power_of(spectrum) for spectrum in mixed]), state)
            sound = resynthesise((masks @ net.spread * mixed[0][:, :, None]).transpose(1, 2), geometry)[0].cpu().numpy()
        start = geometry.synthesis - geometry.hop
        return {stem: sound[index, start:start + mixture.size] for index, stem in enumerate(net.stems)}

    return separate
