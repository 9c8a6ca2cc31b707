"""Errors that rtsep raises; every message says what was asked, what was found and what to change."""


class RtsepError(Exception):
    """Base of everything rtsep raises on purpose; the command line prints it as one sentence."""


class ConfigError(RtsepError):
    """An argument, option or configuration value cannot be used."""


class AudioFileError(RtsepError):
    """An audio file is missing, unreadable or cannot be written."""


class DeviceError(RtsepError):
    """An audio device is missing, ambiguous or refuses the requested format."""


class ModelError(RtsepError):
    """A step model is missing, damaged or not in the format that rtsep loads."""
