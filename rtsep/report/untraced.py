"""Pictures without traces: matplotlib keeps a list of fonts in the user's home, which nobody asked for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_FOLDER = "MPLCONFIGDIR"


@contextmanager
def untraced_pictures() -> Iterator[None]:
    """Let this process, and those that it starts, draw with a folder for matplotlib that goes afterwards.

    A folder that the user has named is used.
    """
    if _FOLDER in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="rtsep-") as folder:
        os.environ[_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[_FOLDER]
