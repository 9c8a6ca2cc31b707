"""Messages of the API: commands with names, answers with the same names, errors with names.

The form is that of CamillaDSP's websocket: `"GetVersion"` or `{"SetControl": {...}}`, answered by `{"GetVersion":
{"result": "Ok", "value": "0.2.0"}}` or `{"SetControl": {"result": {"InvalidValueError": "a sentence"}}}`.
"""

from __future__ import annotations

import json
from typing import Any

from rtsep.errors import AudioFileError, ConfigError, DeviceError, MidiError, ModelError, RtsepError

LONGEST_MESSAGE = 16384
"""Bytes of a message to the server; a longer one ends the connection."""

ERRORS = {
    "InvalidMessageError": "the message is no JSON, or no command with at most one argument",
    "UnknownCommandError": "there is no such command",
    "InvalidValueError": "there is no such control, stem, preset or file, or the value is out of range",
    "ModelError": "the model cannot be used",
    "MidiError": "nothing listens to MIDI",
    "DeviceError": "a device is in the way",
    "FileError": "a file cannot be written or read",
    "TimeoutError": "the run has not answered in time",
    "Error": "anything else, such as that the run is over",
}
"""Names of errors, and when they come."""

_NAMES = ((ConfigError, "InvalidValueError"), (ModelError, "ModelError"), (MidiError, "MidiError"),
          (DeviceError, "DeviceError"), (AudioFileError, "FileError"), (TimeoutError, "TimeoutError"))


class ProtocolError(RtsepError):
    """A message that is no command.

    Parameters
    ----------
    name
        Of the error, see `ERRORS`.
    text
        A sentence.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


def read_message(data: str | bytes) -> tuple[str, Any]:
    """Return command and argument, which is None where there is none.

    Raises
    ------
    ProtocolError
        When it is no such message.
    """
    try:
        message = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ProtocolError("InvalidMessageError", "this is no JSON") from None
    if isinstance(message, str):
        return message, None
    if isinstance(message, dict) and len(message) == 1:
        return next(iter(message.items()))
    raise ProtocolError("InvalidMessageError", 'give a command, such as "GetVersion" or {"GetControl": "mask_gain"}')


def answer(command: str, value: Any = None) -> str:
    """Write the answer to a command that was done."""
    result = {"result": "Ok"} if value is None else {"result": "Ok", "value": value}
    return write({command: result})


def refusal(command: str, error: Exception) -> str:
    """Write the answer to a command that was not done."""
    name = error.name if isinstance(error, ProtocolError) else next(
        (name for kind, name in _NAMES if isinstance(error, kind)), "Error")
    text = str(error) if isinstance(error, RtsepError) else "the run has not answered in time" \
        if isinstance(error, TimeoutError) else f"please report this: {error!r}"
    return write({command: {"result": {name: text}}})


def write(document: dict[str, Any]) -> str:
    """Write JSON, short, and in ASCII: names of files need not be text."""
    return json.dumps(document, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
