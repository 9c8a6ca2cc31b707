"""A settings file that is followed while the music plays: what was read last and could be used holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from rtsep.errors import ConfigError

Item = TypeVar("Item")


class FollowedFile(Generic[Item]):
    """Rows of a file, read again where it has changed.

    Parameters
    ----------
    path
        The file; it need not exist at first.
    load
        Reads it; raises ConfigError where it cannot be used.

    Attributes
    ----------
    content
        What was read last and could be used; nothing before.
    error
        What is wrong with the file as it is now; None where it can be used.
    news
        What the last look has found, for the user; empty for nothing.
    """

    def __init__(self, path: Path, load: Callable[[], tuple[Item, ...]]) -> None:
        self.path = path
        self.content: tuple[Item, ...] = ()
        self.error: ConfigError | None = None
        self.news = ""
        self._load = load
        self._looked = self._read = False
        self._stamp: tuple[int, int, int] | None = None

    def look(self) -> bool:
        """Read the file where it has changed; return whether the content is new."""
        stamp, self.news = _stamp(self.path), ""
        if self._looked and stamp == self._stamp:
            return False
        self._looked, self._stamp = True, stamp
        failed = self.error is not None
        try:
            content = self._content(stamp)
        except ConfigError as error:
            self.error = error
            self.news = f"{error}; what was read before holds" if self._read else str(error)
            return False
        self.content, self.error = content, None
        self._read = self._read or stamp is not None
        self.news = f"{self.path.name} can be used again" if failed else ""
        return True

    def _content(self, stamp: tuple[int, int, int] | None) -> tuple[Item, ...]:
        """Read it; where it was there before, an absent or empty file is one that is being written, or was lost."""
        if self._read and stamp is None:
            raise ConfigError(f"{self.path} is gone")
        content = self._load()
        if self.content and not content and stamp is not None and stamp[1] == 0:
            raise ConfigError(f"{self.path.name} is empty")
        return content


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written, its size second; None where there is none."""
    try:
        found = path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
    except OSError:
        return None
