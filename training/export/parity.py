"""Whether a step model, run hop by hop, does what the network does in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.evaluation.separators import runtime_separator
from training.evaluation.validation import torch_separator
from training.nets import Network

HOPS = 256  # recurrent steps: errors of a wrong cell or a lost state grow until then


def parity_db(net: Network, model: Path, provider: str = "cpu") -> float:
    """Separate stereo noise of changing level with both.

    Parameters
    ----------
    net
        The network in torch, run over the whole sequence at once as in training.
    model
        A step model, run by the runtime.
    provider
        As of `rtsep.backends.open_step`.

    Returns
    -------
    error
        Energy of the difference of all stems over the energy of the stems, dB.
    """
    rng = np.random.default_rng(1)
    hop = net.geometry.hop
    levels = np.repeat(10.0 ** rng.uniform(-2.5, -0.5, HOPS // 16), 16 * hop)
    pan = np.array([[0.9], [0.5]]) * rng.standard_normal((2, HOPS * hop)) + rng.standard_normal(HOPS * hop)
    mixture = (levels * pan).astype(np.float32)
    expected, found = torch_separator(net)(mixture), runtime_separator(model, provider)(mixture)
    error = sum(float(np.sum(np.square(found[stem] - expected[stem], dtype=np.float64))) for stem in net.stems)
    energy = sum(float(np.sum(np.square(expected[stem], dtype=np.float64))) for stem in net.stems)
    return 10.0 * float(np.log10(error / energy + 1e-20))
