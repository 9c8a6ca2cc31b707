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

    @property
    def spoilt_hops(self) -> int:
        """Hops so far after which an estimate or a state of the model was not finite.

        Such a hop is shared evenly, and the model's state is that of a new step afterwards.
        """

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
            float32 (outputs, channels, hops * hop), `latency - hop` frames of the geometry late.
        """

    def preview(self, frames: int) -> Audio:
        """Sound of the next frames, up to a hop, as the spectra so far have it: (outputs, channels, frames)."""

    def forget(self) -> None:
        """Let the model start anew, and drop what is not finite of the sound to come."""

    def reset(self) -> None:
        """Forget all sound, with masks that share it evenly."""
