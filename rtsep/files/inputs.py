"""What the words of a command line stand for: files, folders, patterns, playlists and standard input."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rtsep.errors import AudioFileError

STDIN = Path("-")
PLAYLISTS = (".m3u", ".m3u8")
SUFFIXES = frozenset(
    ".aac .ac3 .aif .aifc .aiff .alac .amr .ape .au .avi .caf .dsf .flac .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 "
    ".mpc .mpeg .mpg .oga .ogg .opus .rf64 .snd .tta .w64 .wav .webm .wma .wmv .wv".split())
"""Suffixes of what is taken out of folders; a file that is named is taken whatever its suffix is."""


def find_inputs(words: Iterable[str], recursive: bool = False) -> tuple[list[Path], list[AudioFileError]]:
    """Find the files that are meant.

    Parameters
    ----------
    words
        Names of files, folders and playlists (m3u), patterns with `*`, `?` and `[...]` where no file is called so, and
        `-` for standard input.
    recursive
        Whether folders inside folders count, and `**` in patterns.

    Returns
    -------
    files
        In the order given, those of a folder in the order of their names with numbers by value; each once. Files that
        are missing are among them: who opens them says so.
    problems
        One for every word that stands for nothing.
    """
    files: dict[str, Path] = {}
    problems = []
    for word in words:
        try:
            for path in _meant(word, recursive, ()):
                files.setdefault("-" if path == STDIN else os.path.realpath(path), path)
        except AudioFileError as error:
            problems.append(error)
    return list(files.values()), problems


def _meant(word: str, recursive: bool, playlists: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of one word; `playlists` are those that it was found in."""
    path = Path(word)
    if not word:  # of a variable of the shell that has no value, not the folder that one is in
        raise AudioFileError("an empty name stands for no file: give a file or a folder, . is this one")
    if word == str(STDIN):
        yield path
    elif os.path.isdir(path):
        yield from _in_folder(path, recursive)
    elif os.path.lexists(path) or not glob.has_magic(word):
        yield from _in_playlist(path, recursive, playlists) if path.suffix.lower() in PLAYLISTS else (path,)
    else:
        found = sorted(glob.glob(word, recursive=recursive), key=_by_number)
        if not found:
            raise AudioFileError(f"no file fits the pattern {_short(word)}: check the folder"
                                 + ("" if recursive or "**" not in word else ", or give -r for **"))
        for name in found:
            if not (os.path.isdir(name) and recursive):
                yield from _meant(name, recursive, playlists)


def _in_folder(folder: Path, recursive: bool) -> Iterator[Path]:
    """Yield the sound files of a folder; hidden ones are left out, such as the ._NAME of other systems."""
    found: list[Path] = []

    def refuse(error: OSError) -> None:
        raise AudioFileError(f"cannot read the folder {error.filename}: {error.strerror}")

    deeper = False
    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=_by_number)
        found += [Path(root, name) for name in sorted(names, key=_by_number)
                  if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES]
        if not recursive:
            deeper = bool(folders)
            break
    if not found:
        raise AudioFileError(f"the folder {folder} holds no sound files"
                             + ("; give -r to look into the folders inside it" if deeper else ""))
    yield from found


def _in_playlist(path: Path, recursive: bool, playlists: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files that a playlist names, which are told from its own folder on."""
    place = os.path.realpath(path)
    if place in playlists:
        raise AudioFileError(f"the playlist {path} contains itself: take it out of it")
    try:
        lines = _text(path.read_bytes()).splitlines()
    except OSError as error:
        raise AudioFileError(f"cannot read the playlist {path}: {error.strerror}") from None
    entries = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not entries:
        raise AudioFileError(f"the playlist {path} names no files")
    for entry in entries:
        named = path.parent / _local(entry, path)
        if named.suffix.lower() in PLAYLISTS:
            yield from _in_playlist(named, recursive, (*playlists, place))
        elif os.path.isdir(named):
            yield from _in_folder(named, recursive)
        else:
            yield named


def _local(entry: str, playlist: Path) -> str:
    """Name of a file in a line of a playlist."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", entry):
        url = urlsplit(entry)
        if url.scheme.lower() != "file":
            raise AudioFileError(f"the playlist {playlist} names {_short(entry)}: rtsep reads files of this computer; "
                                 f"fetch it first")
        return unquote(url.path, errors="surrogateescape")
    return entry.replace("\\", "/") if os.sep == "/" and not os.path.exists(playlist.parent / entry) else entry


def _text(data: bytes) -> str:
    """Read a playlist as UTF-8, or byte by byte as file names are."""
    return os.fsdecode(data.removeprefix(b"\xef\xbb\xbf")).replace("\0", "")


def _by_number(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts `track 2` before `track 10`."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in re.split(r"(\d+)", name)]


def _short(word: str) -> str:
    return word if len(word) <= 200 else word[:200] + "..."
