"""Tags and cover of a source, carried over to what was made of it."""

from __future__ import annotations

import base64
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutagen import File, FileType, MutagenError
from mutagen.easyid3 import EasyID3
from mutagen.easymp4 import EasyMP4Tags
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from mutagen.mp4 import MP4Cover, MP4Tags

NAMES = ("title", "artist", "album", "albumartist", "composer", "date", "genre", "tracknumber", "discnumber", "bpm",
         "isrc", "copyright", "compilation")
"""Tags that are carried over, as Vorbis comments call them; a comment is left out, which says who made a result."""
_MOST_BYTES = 16 << 20  # of a cover: a FLAC file cannot hold more
_FRONT = 3  # type of a picture that is the front cover
_CONTAINERS = {MP4Cover.FORMAT_PNG: "image/png", MP4Cover.FORMAT_JPEG: "image/jpeg"}

logging.getLogger("mutagen").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Tags:
    """What a file says about its music.

    Parameters
    ----------
    words
        Values by name, one of `NAMES`.
    cover
        Picture of the front, if there is one.
    """

    words: dict[str, list[str]] = field(default_factory=dict)
    cover: Picture | None = None

    def __bool__(self) -> bool:
        return bool(self.words or self.cover)


def read_tags(path: Path) -> Tags:
    """Read the tags of a file; none where it has none, or none that can be read."""
    try:
        file = File(path)
        tags = None if file is None else file.tags
        if tags is None:
            return Tags()
        return Tags(_words(tags), _cover(file))
    except Exception:  # mutagen raises what its parsers meet in a damaged file; a song is worth more than its tags
        return Tags()


def write_tags(path: Path, tags: Tags) -> bool:
    """Add tags to a finished file; what it says already stays.

    Returns
    -------
    done
        False where the format takes none, or the file cannot be written.
    """
    try:
        file = File(path)
        if file is None:
            return False
        if file.tags is None:
            file.add_tags()
        _add_words(file.tags, tags.words)
        if tags.cover is not None:
            _add_cover(file, tags.cover)
        file.save()
    except (MutagenError, OSError, ValueError):
        return False
    return True


def _words(tags: Any) -> dict[str, list[str]]:
    """Return the words of tags of any kind by their common names."""
    easy = _easy(tags)
    found = {}
    for name in NAMES:
        with suppress(KeyError, ValueError):  # ValueError: no name of a Vorbis comment
            values = [str(value) for value in easy[name] if str(value).strip()]
            if values:
                found[name] = values
    return found


def _add_words(tags: Any, words: dict[str, list[str]]) -> None:
    easy = _easy(tags)
    for name, values in words.items():
        with suppress(KeyError):  # a name that this kind of tags does not have
            easy[name] = values


def _easy(tags: Any) -> Any:
    """Return a view of tags with common names, which writes through."""
    if isinstance(tags, ID3):
        view = EasyID3()
        view._EasyID3__id3 = tags  # mutagen offers the view of files alone
        return view
    if isinstance(tags, MP4Tags):
        view = EasyMP4Tags()
        view._EasyMP4Tags__mp4 = tags
        return view
    return tags


def _cover(file: FileType) -> Picture | None:
    """Return the front cover, else the first picture."""
    pictures = [picture for picture in _pictures(file) if 0 < len(picture.data) <= _MOST_BYTES]
    return next((picture for picture in pictures if picture.type == _FRONT), pictures[0] if pictures else None)


def _pictures(file: Any) -> list[Picture]:
    """Return all pictures of a file in the form that FLAC gives them."""
    tags = file.tags
    if isinstance(file, FLAC):
        return list(file.pictures)
    if isinstance(tags, ID3):
        return [_picture(frame.data, frame.mime, frame.type, frame.desc) for frame in tags.getall("APIC")]
    if isinstance(tags, MP4Tags):
        return [_picture(bytes(cover), _CONTAINERS.get(cover.imageformat, "image/jpeg"))
                for cover in tags.get("covr", [])]
    found = []
    for text in tags.get("metadata_block_picture", []):
        with suppress(Exception):  # no picture after all
            found.append(Picture(base64.b64decode(text)))
    return found


def _picture(data: bytes, mime: str, kind: int = _FRONT, description: str = "") -> Picture:
    picture = Picture()
    picture.data, picture.mime, picture.type, picture.desc = data, mime, int(kind), description
    return picture


def _add_cover(file: Any, cover: Picture) -> None:
    """Add a picture in the way of the file's format."""
    if isinstance(file, FLAC):
        file.add_picture(cover)
    elif isinstance(file.tags, ID3):
        file.tags.add(APIC(encoding=3, mime=cover.mime, type=cover.type, desc=cover.desc, data=cover.data))
    else:
        file.tags["metadata_block_picture"] = [base64.b64encode(cover.write()).decode("ascii")]
