"""Live instrument separation: the electric guitar or the drums out of a mix, milliseconds later."""

from typing import TYPE_CHECKING, Any

from rtsep.errors import AudioFileError, ConfigError, DeviceError, ModelError, RtsepError

if TYPE_CHECKING:
    from rtsep.separator import Separator

__version__ = "0.1.0"
__all__ = ["AudioFileError", "ConfigError", "DeviceError", "ModelError", "RtsepError", "Separator", "__version__"]


def __getattr__(name: str) -> Any:
    """Import `Separator` when it is asked for: it brings ONNX Runtime, which not every process of a run needs."""
    if name != "Separator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rtsep.separator import Separator
    return Separator
