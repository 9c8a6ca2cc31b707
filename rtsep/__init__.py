"""Live instrument separation: the electric guitar or the drums out of a mix, milliseconds later."""

from rtsep.errors import AudioFileError, ConfigError, DeviceError, ModelError, RtsepError
from rtsep.separator import Separator

__version__ = "0.1.0"
__all__ = ["AudioFileError", "ConfigError", "DeviceError", "ModelError", "RtsepError", "Separator", "__version__"]
