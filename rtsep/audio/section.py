"""A stream of a sound file: bytes that a decoder reads, and what is known to be missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtsep.audio.stored import Bytes


@dataclass(frozen=True)
class Section:
    """A stream that libsndfile decodes.

    Parameters
    ----------
    pieces
        Its bytes.
    gaps
        Damaged places that are left out: frames of sound before, bytes.
    announced
        Frames that its header promises and the bytes cannot hold; None where nothing is known to be missing.
    claimed
        Size in bytes that the decoder is told at least.
    frames
        True length, where that which the decoder tells would be a guess.
    cut
        What shows that the stream ends too early, where no length does; empty where nothing shows it.
    resumed
        Whether it begins behind a damaged place, so that what the decoder tells counts from elsewhere.
    remark
        A sentence about what else its bytes hold.
    """

    pieces: list[Bytes]
    gaps: list[tuple[int, int]] = field(default_factory=list)
    announced: int | None = None
    claimed: int = 0
    frames: int | None = None
    cut: str = ""
    resumed: bool = False
    remark: str = ""
