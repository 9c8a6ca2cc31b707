"""What a step may look at in one hop: the inputs that models declare, by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rtsep.dsp.stft import mid_signal
from rtsep.types import Audio, Magnitude, Spectrum


def features(spectra: Spectrum, contexts: Sequence[Audio]) -> dict[str, Magnitude]:
    """Make every feature that a model can ask for.

    Parameters
    ----------
    spectra
        Of the masked window, complex64 (hops, channels, bins).
    contexts
        Magnitudes of the longer windows of the mid signal, each (hops, length // 2 + 1).

    Returns
    -------
    features
        float32 (hops, bins) each: `magnitude` of the mid signal, `context_0` and so on.
    """
    made = {"magnitude": np.abs(mid_signal(spectra.swapaxes(0, 1)))}
    return made | {f"context_{index}": values for index, values in enumerate(contexts)}
