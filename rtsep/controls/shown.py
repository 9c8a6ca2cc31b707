"""Values that users gave, in messages: as Python writes them, and never longer than a line; names in one form."""

from __future__ import annotations

import reprlib
import unicodedata

LONGEST_SHOWN = 80
"""Letters of a value in a message."""


def shown(value: object) -> str:
    """Write a value into a message: as Python does, but no longer than a line, however large it is."""
    text = _SHORT.repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN - 3]}..."


def named(key: str) -> str:
    """Write a key into the path of a value: without quotes where it can be shown so, and no longer than a line."""
    text = shown(key)
    return key if text == repr(key) and key.isprintable() else text


def one_form(name: str) -> str:
    """Write a name with composed letters: what looks alike is one name, whichever system it was written on."""
    return unicodedata.normalize("NFC", name)


def _short_repr() -> reprlib.Repr:
    """Return a `repr` that does not walk through what it leaves out."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = LONGEST_SHOWN
    return short


_SHORT = _short_repr()
