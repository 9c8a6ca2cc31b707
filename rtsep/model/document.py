"""The JSON document inside a model file, field by field: a stranger's text until every field has been checked."""

from __future__ import annotations

import json
import math
from typing import Any

from rtsep.errors import ModelError

MOST_CHARACTERS = 4_000_000
MOST_LEVELS = 16
LONGEST_TEXT = 4000


class Document:
    """The fields of a document, each read as what it must be.

    Parameters
    ----------
    text
        JSON.
    source
        Where it comes from, for messages.

    Raises
    ------
    ModelError
        When it is no JSON object, or holds control characters, numbers that are not finite, or too much of anything.
    """

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        if len(text) > MOST_CHARACTERS:
            raise self.error(f"a document of {len(text)} characters; at most {MOST_CHARACTERS} are read")
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.error(f"no JSON ({str(error)[:80]})") from None
        if not isinstance(fields, dict):
            raise self.error("no JSON object")
        self._check(fields, 0)
        self.fields: dict[str, Any] = fields

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def error(self, reason: str) -> ModelError:
        """Make the sentence for what is wrong."""
        return ModelError(f"{self.source}: the metadata cannot be read: {reason}; export the model again")

    def value(self, name: str) -> Any:
        """Return a field as it stands."""
        if name not in self.fields:
            raise ModelError(f"{self.source}: the metadata lacks {name!r}; export the model again")
        return self.fields[name]

    def integer(self, name: str, low: int, high: int) -> int:
        """Return a whole number within limits."""
        return self._whole(self.value(name), name, low, high)

    def integers(self, name: str, low: int, high: int, most: int) -> tuple[int, ...]:
        """Return a list of at most so many whole numbers within limits."""
        return tuple(self._whole(entry, name, low, high) for entry in self._list(name, most))

    def text(self, name: str, most: int = LONGEST_TEXT) -> str:
        """Return a text of at most so many characters."""
        return self._text(self.value(name), name, most)

    def texts(self, name: str, most: int, longest: int = LONGEST_TEXT) -> tuple[str, ...]:
        """Return a list of at most so many texts."""
        return tuple(self._text(entry, name, longest) for entry in self._list(name, most))

    def table(self, name: str) -> dict[str, Any]:
        """Return an object."""
        value = self.value(name)
        if not isinstance(value, dict):
            raise self.error(f"{name} is {value!r:.60}, an object is expected")
        return value

    def _list(self, name: str, most: int) -> list[Any]:
        value = self.value(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.error(f"{name} is {value!r:.60}, a list of at most {most} entries is expected")
        return value

    def _whole(self, value: Any, name: str, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            raise self.error(f"{name} is {value!r:.60}, a whole number from {low} to {high} is expected")
        return value

    def _text(self, value: Any, name: str, most: int) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise self.error(f"{name} is {value!r:.60}, a text of at most {most} characters is expected")
        return value

    def _check(self, value: Any, level: int) -> None:
        """Refuse what no field may hold: it may reach a terminal."""
        if level > MOST_LEVELS:
            raise self.error(f"more than {MOST_LEVELS} levels")
        if isinstance(value, str) and not value.isprintable():
            raise self.error(f"control characters in {value!r:.60}")
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error("a number that is not finite")
        parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
        for part in parts:
            self._check(part, level + 1)
