"""Which sources a build of the native code belongs to; the build hook runs this file alone, without other libraries."""

from __future__ import annotations

import hashlib
from pathlib import Path

LIBRARY = "librtsep.native"  # no .so, which Python would take for a module


def sources_hash(folder: Path) -> str:
    """Hash of all C files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
