"""Command line of the trainer: python -m training check | render | train | average | evaluate | export."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # rendering is parallel over processes already

from training.cli import main

if __name__ == "__main__":
    sys.exit(main())
