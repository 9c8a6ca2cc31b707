"""A live run on the null device that tells when its first block was played.

    python -m bench.lib.live_client FILE MODEL SECONDS

A program of its own, since every process of a live run imports the program that started it.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(file: str, model: str, seconds: str) -> None:
    """Play; print `playing` once."""
    from rtsep.live.board import Board
    from rtsep.live.protocol import LiveSettings
    from rtsep.live.session.session import Session
    from rtsep.live.session.sources import FileSource

    told = False

    def tell(board: Board, _: int) -> None:
        nonlocal told
        if board.callbacks and not told:
            told = True
            print("playing", flush=True)

    settings = LiveSettings(model=model, has_source=True, null_device=True, channels=2)
    Session(settings, FileSource(Path(file)), seconds=float(seconds)).run(tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
