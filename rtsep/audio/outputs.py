"""Where results go: takes are numbered, nothing foreign is replaced, no output is an input.

A result has a temporary name of its own in the folder of its name until it is whole.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from rtsep.errors import AudioFileError

if sys.platform != "win32":
    import fcntl

PART = ".part"
"""Suffix of temporary names."""
JSON = ("{", "[")
"""What a report in JSON begins with."""
_SOUND = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif", ".m4a")
_RUNNING_S = 60.0
_YOUNG_S = 1.0  # in which a file that was just made gets its lock


def numbered(name: str) -> Iterator[str]:
    """Yield a name, then the same with -2, -3 and so on."""
    yield name
    for number in itertools.count(2):
        yield f"{name}-{number}"


def new_folder(path: Path) -> Path:
    """Make a folder that no earlier run wrote to: `path` if it is missing or empty, else `path-2` and so on.

    Raises
    ------
    AudioFileError
        When it cannot be made.
    """
    path = Path(path)
    if path.name in ("", ".."):  # the root, or a name that takes no number
        path = path.resolve() / "take"
    for name in numbered(path.name):
        folder = path.with_name(name)
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            if is_empty_folder(folder):
                return folder
        except OSError as error:
            raise AudioFileError(f"cannot make the folder {folder}: {error.strerror}; choose another place") from None
    raise AssertionError("numbers have no end")


def check_folder_name(path: Path) -> None:
    """Refuse a new folder that is named like a file of sound: a file was meant.

    Raises
    ------
    AudioFileError
        When it is.
    """
    if path.suffix.lower() in _SOUND and not path.is_dir():
        raise AudioFileError(f"{path} is named like a file of sound, and results go into a folder: name a folder; "
                             f"files are named by their stems")


def check_place(path: Path) -> None:
    """Refuse a name in a place that takes no files, before any work.

    Raises
    ------
    AudioFileError
        When the nearest folder above that is there is none, or may not be written to.
    """
    place = next((folder for folder in path.parents if os.path.lexists(folder)), path.parent)
    if not place.is_dir():
        raise AudioFileError(f"cannot write {path}: {place} is no folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise AudioFileError(f"cannot write {path}: the folder {place} may not be written to; choose another folder")


def prepare_report(path: Path, begins: Sequence[str] = JSON) -> None:
    """Make the folder of a report before any work, and refuse a name that cannot be written or is of something else.

    Parameters
    ----------
    path
        Of the report; a pipe or a device takes any.
    begins
        What a report begins with.

    Raises
    ------
    AudioFileError
        When it cannot be written, or would replace something else.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return
    check_place(path)
    start = b""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError), path.open("r+b") as file:
            start = file.read(4096).strip()
    except (OSError, ValueError) as error:  # the latter of characters that no name has
        reason = getattr(error, "strerror", None) or error
        raise AudioFileError(f"cannot write {path}: {reason}; choose another name") from None
    if start and not start.startswith(tuple(begin.encode() for begin in begins)):
        raise AudioFileError(f"{path} is there and holds something else than a report: it is kept; choose another name")


def is_empty_folder(path: Path) -> bool:
    """Whether there is a folder that holds nothing."""
    try:
        return path.is_dir() and next(path.iterdir(), None) is None
    except OSError:  # it may not be listed
        return False


def temporary_name(path: Path) -> Path:
    """Return a name beside `path` that no other run uses; as short as names must be."""
    return path.with_name(f"{_prefix(path)}{secrets.token_hex(6)}{PART}")


def begin_file(path: Path) -> int:
    """Make a new file, and hold it until the descriptor that is returned is closed, or this process has ended.

    Raises
    ------
    OSError
        When it cannot be made, or is there.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    _take(descriptor)
    return descriptor


def is_being_written(path: Path) -> bool:
    """Whether a run that goes on is making this file."""
    return any(_is_held(part) for part in _parts(path))


def remove_abandoned(path: Path) -> None:
    """Remove temporary files of a name that a run has left which was killed."""
    for part in _parts(path):
        if not _is_held(part):
            with suppress(OSError):
                part.unlink()


def _parts(path: Path) -> list[Path]:
    try:
        return list(path.parent.glob(f"{_prefix(path)}*{PART}"))
    except OSError:  # the folder cannot be listed
        return []


def _is_held(part: Path) -> bool:
    """Whether a process holds a temporary file; where that cannot be asked, whether it was written to just now."""
    try:
        descriptor = os.open(part, os.O_RDONLY)
    except OSError:  # it has just got its name, or belongs to somebody else
        return os.path.lexists(part)
    try:
        age, taken = time.time() - os.fstat(descriptor).st_mtime, _take(descriptor)
        return age < _RUNNING_S if taken is None else not taken or age < _YOUNG_S
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool | None:
    """Lock a file for this process; False where another one has it, None where the system has no such locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else None
    return True


def _prefix(path: Path) -> str:
    """Start of the temporary names of a file."""
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8] + "-"


def put_in_place(part: Path, path: Path, overwrite: bool) -> None:
    """Give a finished file its name; without `overwrite`, only if nothing has it.

    Raises
    ------
    FileExistsError
        When something has the name, and must not be replaced.
    OSError
        When the system refuses.
    """
    if overwrite:
        part.replace(path)
        return
    try:
        os.link(part, path)  # fails where the name exists, which a rename does not
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        part.replace(path)
    else:
        part.unlink()


def check_outputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse outputs that are inputs of the same run, by whatever name.

    Raises
    ------
    AudioFileError
        When one is; both are named.
    """
    known = {key: source for source in inputs for key in _identities(source)}
    for output in outputs:
        for key in _identities(output):
            if key in known:
                raise AudioFileError(f"{output} would overwrite {known[key]}, which is read: choose another place")


def _identities(path: Path) -> Iterator[object]:
    """Yield what makes two names one file: the resolved path, and the inode where there is one."""
    yield os.path.realpath(path)
    try:
        found = os.stat(path)
    except OSError:
        return
    yield found.st_dev, found.st_ino
