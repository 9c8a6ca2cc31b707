"""YAML files that users write, read strictly: every error names the file and the path inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtsep.controls.shown import LONGEST_SHOWN, shown
from rtsep.errors import ConfigError


def parse(text: str, name: str) -> Any:
    """Parse YAML.

    Parameters
    ----------
    text
        The document.
    name
        What errors call it: the file's name.

    Raises
    ------
    ConfigError
        When it is no YAML, or not such as `StrictLoader` reads; the sentence has line and column.
    """
    import yaml  # where a file is read: no start of a command needs it

    from rtsep.controls.yaml_loader import StrictLoader

    try:
        return yaml.load(text, StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f" line {mark.line + 1}, column {mark.column + 1}:"
        raise ConfigError(f"{name}:{where} {_short(error.problem)}") from None
    except (yaml.YAMLError, ValueError, TypeError, LookupError, RecursionError, OverflowError, AttributeError) as error:
        # besides its own errors PyYAML lets through what Python says about odd numbers, dates and tags
        raise ConfigError(f"{name}: {_short(error)}") from None


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 2 * LONGEST_SHOWN else f"{text[:2 * LONGEST_SHOWN - 3]}..."


def document_of(text: str, name: str, keys: Sequence[str] | None = None) -> Section:
    """Parse a settings file that is a mapping, or empty; errors as of `parse` and `Section`."""
    document = parse(text, name)
    return Section({} if document is None else document, name, keys)


class Section:
    """A mapping of a settings file whose keys are all known.

    Parameters
    ----------
    value
        What stands in the file.
    where
        The file and the path inside it, for errors.
    keys
        Keys that may be there; None for any.

    Raises
    ------
    ConfigError
        When it is no mapping, or has an unknown key.
    """

    def __init__(self, value: object, where: str, keys: Sequence[str] | None = None) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: this is {shown(value)}; give a mapping, key: value")
        self.values: dict[str, Any] = value
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where}: the key {shown(key)} is no word; put quotes around it")
            if keys is not None and key not in keys:
                raise ConfigError(f"{where}: no key {shown(key)}; there are: {', '.join(keys)}")

    def fail(self, key: str, sentence: str) -> ConfigError:
        """Error about the value of a key."""
        return ConfigError(f"{self.where}.{key}: {sentence}")

    def text(self, key: str, default: str | None = None) -> str:
        """Value of a key that is a text; needed where there is no default."""
        value = self.values.get(key, default)
        if value is None:
            raise ConfigError(f"{self.where}: the key {shown(key)} is missing")
        if not isinstance(value, str):
            raise self.fail(key, f"{shown(value)} is no text")
        return value

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """Value of a key that is one of some words."""
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(key, f"{shown(value)} is none of: {', '.join(choices)}")
        return value


def read_share(value: object, where: str) -> float:
    """Check a number from 0 to 1; `where` is its file and path, for the error.

    Raises
    ------
    ConfigError
        When it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ConfigError(f"{where}: {shown(value)} is not 0 to 1")
    return float(value)
