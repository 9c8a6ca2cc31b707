"""Default devices: where the system does not move a stream to another one by itself, rtsep follows.

PortAudio looks at devices only when it is initialised, and not while a stream runs, so a helper looks again and
again.
"""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection

from rtsep.audio.devices import Defaults
from rtsep.audio.systems import list_defaults, open_portaudio, silence_libraries
from rtsep.errors import DeviceError
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings, Started
from rtsep.live.session.helper import Helper

_SYSTEMS = ("darwin", "win32")  # Linux: JACK has no default to switch, sound servers move streams themselves
_LOOK_S = 1.0
_CLIENT_NAME = b"rtsep-defaults"
_NICE = 10  # behind all that plays


def watchers(settings: LiveSettings) -> list[Helper]:
    """Return the helper that a run needs to follow default devices; none where the user named all of them."""
    if sys.platform in _SYSTEMS and (settings.default_input or settings.default_output):
        return [Helper("defaults", watch_defaults)]
    return []


def watch_defaults(_board: Board, _stems: tuple[str, ...], pipe: Connection) -> None:
    """Body of the helper: send the default devices, and again whenever they have changed.

    Parameters
    ----------
    pipe
        Takes `Defaults`. Anything that comes through it, its end too, ends the process.
    """
    silence_libraries()
    os.environ.pop("SD_ENABLE_ASIO", None)  # would load the drivers that may be playing
    if hasattr(os, "nice"):
        os.nice(_NICE)
    seen = None
    while True:
        defaults = look()
        if defaults not in (None, seen):
            seen = defaults
            pipe.send(defaults)
        if pipe.poll(_LOOK_S):
            return


def look() -> Defaults | None:
    """Initialise PortAudio anew and name the default devices; None where it fails, which a later look may not."""
    try:
        return list_defaults(open_portaudio(_CLIENT_NAME))
    except DeviceError:
        return None


def has_moved(settings: LiveSettings, started: Started, now: Defaults) -> bool:
    """Whether a device that was left to the system would be another one now.

    Parameters
    ----------
    settings
        What the user named.
    started
        What plays, and what the defaults were then.
    now
        What they are.
    """
    before = started.defaults
    return ((settings.default_input and before.inputs != now.inputs)
            or (settings.default_output and before.outputs != now.outputs))
