"""The small network of the tests; `python -m tests.training.tiny` writes the committed model of it."""

from __future__ import annotations

from pathlib import Path

import torch

import training.export.export
import training.nets.step_graph
from rtsep.dsp.windows import PROFILES
from tests.rigs.models import STEMS, TINY
from training.export.export import metadata, write_model
from training.nets.band_gru import BandGru, BandGruConfig


def tiny_network(profile: str = "stage", contexts: tuple[int, ...] = (2048,)) -> BandGru:
    """Make a small network with random weights whose masks swing between 0 and 1."""
    torch.manual_seed(3)
    config = BandGruConfig(bands=48, linear_bands=16, contexts=contexts, context_bands=32, context_linear=8, hidden=24,
                           mask_exponent=2.0, logit_bias=(-0.5, 0.0, 0.0), stereo=PROFILES[profile].look_ahead > 0)
    net = BandGru(config, PROFILES[profile], STEMS, 44100)
    with torch.no_grad():
        net.decoder.weight.mul_(6.0)
    return net.eval()


def write_tiny_model(path: Path, profile: str = "stage") -> Path:
    """Write `tiny_network` as a step model, with its card beside it."""
    net = tiny_network(profile)
    summary = {"licence": "CC0-1.0", "credits": ["random weights"], "training": {"audio_hours": 0.0},
               "quality": {"guitar": {"sdr": 7.25}}}
    write_model(net.step_graph().model(), metadata(net, path.stem, 44100, summary), path)
    return path


if __name__ == "__main__":  # small: bands in many pieces, few reference hops
    training.nets.step_graph.PIECE_COST = 300
    training.export.export.REFERENCE_HOPS = 4
    write_tiny_model(TINY).with_suffix(".yaml").unlink()
