"""The user's presets while a run goes on: read again when their file has changed, and saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rtsep.controls.followed_file import FollowedFile
from rtsep.controls.preset_writing import save_preset
from rtsep.controls.presets import Preset, find_preset, load_presets, preset_file


class PresetFile:
    """Presets by name.

    Parameters
    ----------
    path
        Their file; None for the user's own.
    tell
        Gets a sentence where the file cannot be used any more, and those read before are.
    """

    def __init__(self, path: Path | None, tell: Callable[[str], object]) -> None:
        self._path = path
        self._tell = tell
        file = preset_file(path)
        self._file = FollowedFile(file, lambda: load_presets(file) if file.exists() else ())  # saving may make it

    def read(self) -> tuple[Preset, ...]:
        """All presets, in the order of the file; those read before, where it cannot be used any more.

        Raises
        ------
        ConfigError
            When the file cannot be used, and never could.
        """
        file = self._file
        file.look()
        if file.error is not None and not file.content:
            raise type(file.error)(str(file.error))
        if file.news:
            self._tell(file.news)
        return file.content

    def find(self, name: str) -> Preset:
        """Preset of a name; ConfigError where there is none."""
        return find_preset(self.read(), name)

    def save(self, preset: Preset) -> Path:
        """Save a preset under its name; errors as of `rtsep.controls.preset_writing.save_preset`."""
        return save_preset(preset, self._path)
