"""One number for how well a stem was separated, where the true stem is known."""

from __future__ import annotations

import numpy as np

from rtsep.errors import ConfigError
from rtsep.types import Audio


def plain_sdr_db(reference: Audio, estimate: Audio, latency: int = 0) -> float:
    """Plain signal-to-distortion ratio, 10 log10(|s|^2 / |s - e|^2), s the true stem and e the separated one.

    This is *not* the SDR of BSS Eval, which first fits a filter to the estimate and forgives what the
    filter explains; figures of the two must not be compared. Nothing is forgiven here, neither a wrong
    level nor a wrong phase.

    Parameters
    ----------
    reference
        True stem, float32 (channels, frames).
    estimate
        Separated stem, float32 (channels, frames), `latency` frames late.
    latency
        Frames by which the estimate lags the reference.

    Returns
    -------
    sdr_db
        In dB over all channels and the frames that both have; infinite where they are equal, minus
        infinite where the reference is silent and the estimate is not, NaN where both are silent.

    Raises
    ------
    ConfigError
        When the channels differ or no frames overlap.
    """
    if reference.shape[0] != estimate.shape[0] or latency < 0:
        raise ConfigError(f"cannot compare signals of shapes {reference.shape} and {estimate.shape} at latency "
                          f"{latency}: the channels must be the same, the latency 0 or more")
    frames = min(reference.shape[1], estimate.shape[1] - latency)
    if frames < 1:
        raise ConfigError(f"nothing to compare: {reference.shape[1]} frames of reference, {estimate.shape[1]} of "
                          f"estimate, {latency} frames late")
    truth = reference[:, :frames].astype(np.float64)
    error = truth - estimate[:, latency:latency + frames]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10.0 * np.log10(np.sum(np.square(truth)) / np.sum(np.square(error))))
