"""Command line of the trainer: python -m training render | train | evaluate | export."""

from __future__ import annotations

import sys

from training.cli import main

if __name__ == "__main__":
    sys.exit(main())
