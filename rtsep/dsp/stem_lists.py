"""Lists of stems as people write them."""

from __future__ import annotations

from collections.abc import Iterable


def listed_stems(words: str | Iterable[str]) -> tuple[str, ...]:
    """Names in a list of stems.

    Parameters
    ----------
    words
        A name each, or several with commas between; one string is one word.

    Returns
    -------
    names
        In their order, without the spaces around them; empty ones are left out unless all are.
    """
    parts = (words,) if isinstance(words, str) else words
    names = tuple(name.strip() for part in parts for name in part.split(","))
    return tuple(filter(None, names)) or names
