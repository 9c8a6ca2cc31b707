"""Errors that rtsep raises; every message says what was asked, what was found and what to change."""


class RtsepError(Exception):
    """Base of everything rtsep raises on purpose; the command line prints it as one sentence."""


class ConfigError(RtsepError):
    """An argument, option or configuration value cannot be used."""


class AudioFileError(RtsepError):
    """An audio file is missing, unreadable or cannot be written."""


class DeviceError(RtsepError):
    """An audio device is missing, ambiguous or refuses the requested format."""


class DeviceGoneError(DeviceError):
    """An audio device or sound server is not there now, and may come back."""


class ModelError(RtsepError):
    """A step model is missing, damaged or not in the format that rtsep loads."""


class MidiError(RtsepError):
    """No MIDI system, or a MIDI port is missing or ambiguous."""
