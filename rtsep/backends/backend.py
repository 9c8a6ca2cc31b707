"""What separates whole hops of a stream, whoever does it."""

from __future__ import annotations

from typing import Protocol

from rtsep.types import Audio


class Backend(Protocol):
    """From hops of the mixture to hops of every output.

    Attributes
    ----------
    name
        Who does it, for the user.
    """

    name: str

    def push(self, block: Audio, weights: Audio | None) -> Audio:
        """Separate whole hops.

        Parameters
        ----------
        block
            float32 (channels, hops * hop).
        weights
            Of `mask_weights`: for each hop, (hops, 2 * outputs, stems), or for all, (1, 2 * outputs, stems) or
            (2 * outputs, stems). None keeps the latest masks and does not run the step.

        Returns
        -------
        sound
            float32 (outputs, channels, hops * hop), `synthesis - hop` frames late.
        """

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, up to a hop, as the spectra so far have it: (outputs, channels, frames)."""

    def reset(self) -> None:
        """Forget all sound, with masks that share it evenly."""
