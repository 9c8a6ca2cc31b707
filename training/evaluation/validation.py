"""SDR of a network on real songs while it is trained, and the network separating as it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from rtsep.types import Audio
from training.corpora.songs import Song
from training.evaluation.bss_eval import sdr_version_3
from training.evaluation.clips import paper_parts
from training.evaluation.separators import Separate
from training.nets import Network
from training.nets.spectra import resynthesise, spectra

SeparateAll = Callable[[Sequence[Audio]], list[dict[str, Audio]]]
TARGETS = ("guitar", "drums")


def targets_of(stems: Sequence[str]) -> tuple[str, ...]:
    """Stems of a model that the paper's mixtures are made for."""
    return tuple(target for target in TARGETS if target in stems)


def quick_scores(songs: Sequence[Song], separate: Separate, targets: Sequence[str]) -> dict[str, float]:
    """Mean SDR (BSS Eval 3) of each target over the songs with electric guitar, for choosing checkpoints."""
    return _scores(songs, lambda mixtures: [separate(mixture) for mixture in mixtures], targets)


def network_scores(songs: Sequence[Song], net: Network, targets: Sequence[str]) -> dict[str, float]:
    """Score a network like `quick_scores`, all songs side by side: each hop reads the weights once for all of them."""
    return _scores(songs, partial(separate_together, net), targets)


def _scores(songs: Sequence[Song], separate: SeparateAll, targets: Sequence[str]) -> dict[str, float]:
    pairs = [(target, *paper_parts(song, target)) for target in targets
             for song in songs if song.plays("guitar") and song.plays(target)]
    found = separate([(requested + rest)[np.newaxis] for _, requested, rest in pairs]) if pairs else []
    values = [(target, sdr_version_3(requested, stems[target][0]))
              for (target, requested, _), stems in zip(pairs, found, strict=True)]
    return {target: float(np.mean([value for name, value in values if name == target])) for target in targets}


def torch_separator(net: Network) -> Separate:
    """Separate whole mixtures with a network as it is trained, offline and aligned."""
    return lambda mixture: separate_together(net, [mixture])[0]


@torch.inference_mode()
def separate_together(net: Network, mixtures: Sequence[Audio]) -> list[dict[str, Audio]]:
    """Separate mixtures of any lengths, each (channels, frames), in one batch; returns the stems of each, aligned.

    The network is in evaluation mode afterwards.
    """
    net.eval()
    device, time = net.spread.device, max(_hops(net, mixture.shape[1]) for mixture in mixtures)
    ahead = net.geometry.look_ahead
    observed = torch.cat([net.observe(_transform(net, mixture, time + ahead)) for mixture in mixtures])
    masks, _ = net(observed, [part.to(device) for part in net.initial_state(len(mixtures))])
    return [_apply(net, mask[ahead:ahead + _hops(net, mixture.shape[1])], mixture)
            for mask, mixture in zip(masks, mixtures, strict=True)]


def _hops(net: Network, frames: int) -> int:
    """Hops until the last frame has come out."""
    return -(-frames // net.geometry.hop) + net.geometry.synthesis // net.geometry.hop


def _transform(net: Network, mixture: Audio, time: int) -> list[Tensor]:
    """Make spectra (1, channels, time, bins) of the masked window and of each context, silence before and after."""
    lengths, hop = (net.geometry.analysis, *net.config.contexts), net.geometry.hop
    begin = max(lengths) - hop
    audio = torch.zeros(1, len(mixture), begin + time * hop, device=net.spread.device)
    audio[0, :, begin:begin + mixture.shape[1]] = torch.from_numpy(mixture)
    return [spectra(audio[..., max(lengths) - length:], length, net.geometry) for length in lengths]


def _apply(net: Network, masks: Tensor, mixture: Audio) -> dict[str, Audio]:
    """Mask a mixture, (time, stems, bands), and turn it back into samples."""
    bins = (masks @ net.spread.to(masks.dtype)).transpose(0, 1)[:, np.newaxis]
    sound = resynthesise(bins * _transform(net, mixture, len(masks))[0], net.geometry).cpu().numpy()
    start = net.geometry.synthesis - net.geometry.hop
    return {stem: sound[index, :, start:start + mixture.shape[1]] for index, stem in enumerate(net.stems)}
