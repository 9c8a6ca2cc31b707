"""What the tags of a result say about its making, so that a later run knows its own results."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import soundfile

from rtsep.audio.files import STDIN
from rtsep.audio.quiet import quiet_libraries
from rtsep.errors import AudioFileError

_FORM = re.compile(r"(rtsep .*), source ([0-9a-f]{12})(?:, changed (\S+))?")


@dataclass(frozen=True)
class Mark:
    """What made a result, and of what.

    Attributes
    ----------
    made
        In words: model, settings, and what a rest is without.
    source
        Fingerprint of the source's place; another one for every stream.
    changed
        When the source was last written to; None where that is not known.
    """

    made: str
    source: str
    changed: str | None = None

    @classmethod
    def of(cls, source: Path, made: str) -> Mark:
        """Mark the results of a source."""
        if source == STDIN:
            return cls(made, secrets.token_hex(6))
        changed = None
        with suppress(OSError, OverflowError, ValueError):
            changed = datetime.fromtimestamp(source.stat().st_mtime, UTC).isoformat()
        return cls(made, hashlib.sha256(os.fsencode(os.path.realpath(source))).hexdigest()[:12], changed)

    def __str__(self) -> str:
        return f"{self.made}, source {self.source}" + (f", changed {self.changed}" if self.changed else "")


def read_mark(path: Path) -> Mark | None:
    """Read the mark of a file that is there; None where it has none, or is no file but a pipe or a device."""
    if not path.is_file():
        return None
    try:
        with quiet_libraries(), soundfile.SoundFile(os.fsencode(path)) as file:
            parts = _FORM.fullmatch(str(file.comment))
    except (soundfile.LibsndfileError, OSError, TypeError, ValueError):
        return None
    return Mark(*parts.groups()) if parts else None


def check_same(found: Mark, mark: Mark, path: Path, source: Path) -> None:
    """Refuse a result of a source that was made in another way than it would be now.

    Parameters
    ----------
    found, mark
        Of the result that is there, and of the one that would be made.
    path, source
        Where it is, and what it was made of.

    Raises
    ------
    AudioFileError
        When it was.
    """
    if found.made != mark.made:
        reason = f"made in another way ({found.made.removeprefix('rtsep ')})"
    elif found.changed and mark.changed and found.changed != mark.changed:
        reason = f"made of {source} before that was changed"
    else:
        return
    raise AudioFileError(f"{path} is there, {reason}: it is kept; --overwrite replaces it, and --output takes another "
                         f"folder")
