"""The user's presets while a run goes on: read again when their file has changed, and saved."""

from __future__ import annotations

from pathlib import Path

from rtsep.controls.preset_writing import save_preset
from rtsep.controls.presets import Preset, find_preset, load_presets, preset_file
from rtsep.errors import ConfigError


class PresetFile:
    """Presets by name.

    Parameters
    ----------
    path
        Their file; None for the user's own.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._presets: tuple[Preset, ...] = ()
        self._error: ConfigError | None = None  # that reading them gave

    def read(self) -> tuple[Preset, ...]:
        """All presets, in the order of the file.

        Raises
        ------
        ConfigError
            When the file cannot be used.
        """
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp, self._error = stamp, None
            try:
                self._presets = load_presets(self._path)
            except ConfigError as error:
                self._error = error
        if self._error is not None:
            raise ConfigError(str(self._error))
        return self._presets

    def find(self, name: str) -> Preset:
        """Preset of a name; ConfigError where there is none."""
        return find_preset(self.read(), name)

    def save(self, preset: Preset) -> Path:
        """Save a preset under its name; errors as of `rtsep.controls.preset_writing.save_preset`."""
        return save_preset(preset, self._path)

    def _look(self) -> tuple[int, int] | None:
        try:
            found = preset_file(self._path).stat()
            return found.st_mtime_ns, found.st_size
        except OSError:
            return None
