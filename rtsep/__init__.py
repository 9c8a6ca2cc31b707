"""Live instrument separation: the electric guitar or the drums out of a mix, milliseconds later.

`separate` and `separate_file` take whole arrays and files, `Separator` a stream of blocks.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rtsep.errors import AudioFileError, ConfigError, DeviceError, MidiError, ModelError, RtsepError

if TYPE_CHECKING:
    from rtsep.controls.controls import Controls
    from rtsep.files.arrays import separate
    from rtsep.files.track import SeparatedFile, separate_file
    from rtsep.separator import Separator

__version__ = "0.2.0"
__all__ = ["AudioFileError", "ConfigError", "Controls", "DeviceError", "MidiError", "ModelError", "RtsepError",
           "SeparatedFile", "Separator", "__version__", "separate", "separate_file"]

_HOMES = {"Controls": "controls.controls", "SeparatedFile": "files.track", "Separator": "separator",
          "separate": "files.arrays", "separate_file": "files.track"}
"""Modules of what is imported when it is asked for: not every process of a run needs it."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
