"""Text files of the user's settings: where they lie, read up to a limit, and replaced whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from rtsep.errors import ConfigError

LARGEST = 1_000_000
"""Bytes that a settings file may have."""


def user_file(name: str) -> Path:
    """Path of a file in the user's folder of settings, which need not exist."""
    root = os.environ.get("XDG_CONFIG_HOME")
    if root:
        return Path(root) / "rtsep" / name
    try:
        return Path.home() / ".config" / "rtsep" / name
    except RuntimeError:  # a user whom the system does not know: a place where nothing is, and nothing can be made
        return Path(os.devnull) / "rtsep" / name


def read_text(path: Path) -> str:
    """Text of a settings file.

    Raises
    ------
    ConfigError
        When it cannot be read, is a pipe, which may keep its reader waiting, or is larger than `LARGEST`.
    """
    try:
        with open(path, "rb", opener=open_at_once) as file:
            if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"cannot read {path}: it is a pipe; give a file, which is read again when it changes")
            data = file.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"cannot read {path}: {reason}") from None
    if len(data) > LARGEST:
        raise ConfigError(f"cannot read {path}: it is larger than {LARGEST // 1_000_000} MB, which no settings file is")
    return text


def open_at_once(path: str, flags: int) -> int:
    """Open a file, and a pipe too, without waiting for its other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)


def write_text(path: Path, text: str) -> None:
    """Replace a settings file; what a link points to, with the mode that it has. Its folder is made if there is none.

    Raises
    ------
    ConfigError
        When it cannot be written; the file is what it was then.
    """
    try:
        whole = path.resolve()
        draft = whole.with_name(f"{whole.name}.{os.getpid()}.new")
        whole.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(text.encode("utf-8"))
            if whole.exists():
                shutil.copymode(whole, draft)
            os.replace(draft, whole)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
