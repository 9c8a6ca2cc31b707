"""The live controls as a controller sees them: every target has one number that is read and set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rtsep.controls.presets import Preset, put_preset, snapshot
from rtsep.live.board import Board
from rtsep.midi.targets import Target


@dataclass
class Desk:
    """Reads and sets the controls on the shared board.

    Other processes set them too: the last one wins.

    Parameters
    ----------
    board
        Shared with the audio process, which follows it block by block.
    stems
        Stems that are played, in the board's order.
    presets
        Presets that can be called.
    call
        Calls a preset that has a model; None where there is no model to change.
    """

    board: Board
    stems: Sequence[str]
    presets: Sequence[Preset] = ()
    call: Callable[[Preset], None] | None = None
    _start: Preset = field(init=False)

    def __post_init__(self) -> None:
        self._start = snapshot(self.board, self.stems)

    def has(self, target: Target) -> bool:
        """Whether this run has the stem or preset that a target is about."""
        if target.item is None:
            return target.name != "preset" or bool(self.presets)
        names = [preset.name for preset in self.presets] if target.name == "preset" else self.stems
        return target.item in names

    def choices(self, target: Target) -> int:
        """Count what a target without item chooses from."""
        return len(self.presets) if target.name == "preset" else len(self.stems)

    def get(self, target: Target) -> float:
        """Value of a fader (linear); 1 or 0 of a switch or button; the index of a choice, or -1."""
        board = self.board
        match target.name:
            case "mask_gain":
                return board.mask_gain
            case "wet":
                return board.wet
            case "bypass":
                return float(board.bypass)
            case "level":
                return float(board.levels[self._index(target)])
            case "mute":
                return float(board.mutes[self._index(target)])
            case "solo":
                return float(board.solos[self._index(target)])
            case "stem" | "preset":
                chosen = self._chosen_stem() if target.name == "stem" else board.preset
                return chosen if target.item is None else float(chosen == self._index(target))
        return 0.0  # reset

    def set(self, target: Target, value: float) -> None:
        """Set a target; `value` as from `get`. A button happens, whatever the value."""
        board = self.board
        match target.name:
            case "mask_gain":
                board.mask_gain = value
            case "wet":
                board.wet = value
            case "bypass":
                board.bypass = int(value)
            case "level":
                board.levels[self._index(target)] = value
            case "mute":
                board.mutes[self._index(target)] = int(value)
            case "solo":
                board.solos[self._index(target)] = int(value)
            case "stem":
                self._choose_stem(self._index(target) if target.item else int(value))
            case "preset":
                self._call(self.presets[self._index(target) if target.item else int(value)])
            case "reset":
                put_preset(self._start, board, self.stems)

    def _index(self, target: Target) -> int:
        names = [preset.name for preset in self.presets] if target.name == "preset" else list(self.stems)
        return names.index(target.item or "")

    def _chosen_stem(self) -> int:
        """Index of the stem that is heard alone, or -1."""
        heard = [index for index in range(len(self.stems)) if self.board.levels[index] > 0.0]
        return heard[0] if len(heard) == 1 else -1

    def _choose_stem(self, chosen: int) -> None:
        for index in range(len(self.stems)):
            self.board.levels[index] = float(index == chosen)

    def _call(self, preset: Preset) -> None:
        if preset.model is None or self.call is None:
            put_preset(preset, self.board, self.stems)
        else:
            self.call(preset)
