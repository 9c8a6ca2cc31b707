"""The live controls as a controller sees them: every target has one number that is read and set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rtsep.controls.memory import ControlMemory
from rtsep.controls.presets import Preset, put_preset, snapshot
from rtsep.controls.table import Kind
from rtsep.controls.targets import Target


@dataclass
class LiveControls:
    """Reads and sets the controls in shared memory.

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

    board: ControlMemory
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
        return target.item in self._names(target)

    def unknown(self, target: Target) -> str | None:
        """Say what a target names that this run does not have; None where it has it."""
        if target.item is None or self.has(target):
            return None
        kind = "preset" if target.name == "preset" else "stem"
        return f"{target}: no {kind} {target.item!r} is here; there are: {', '.join(self._names(target)) or 'none'}"

    def choices(self, target: Target) -> int:
        """Count what a target without item chooses from."""
        return len(self._names(target))

    def get(self, target: Target) -> float:
        """Value of a fader (linear); 1 or 0 of a switch or button; the index of a choice, or -1."""
        if target.control.is_value:
            return self.board.get(target.name, self._index(target))
        if target.control.kind is Kind.BUTTON:
            return 0.0
        chosen = self._chosen_stem() if target.name == "stem" else int(self.board.get(target.name))
        return chosen if target.item is None else float(chosen == self._index(target))

    def set(self, target: Target, value: float) -> None:
        """Set a target; `value` as from `get`. A button happens, whatever the value."""
        if target.control.is_value:
            self.board.set(target.name, value, self._index(target))
        elif target.name == "reset":
            put_preset(self._start, self.board, self.stems)
        elif target.name == "stem":
            self._choose_stem(self._index(target) if target.item else int(value))
        else:
            self._call(self.presets[self._index(target) if target.item else int(value)])

    def name_of(self, target: Target, index: int) -> str:
        """Name of what a target without item chose."""
        return self._names(target)[index] if index >= 0 else "none"

    def _names(self, target: Target) -> Sequence[str]:
        return [preset.name for preset in self.presets] if target.name == "preset" else self.stems

    def _index(self, target: Target) -> int:
        return 0 if target.item is None else list(self._names(target)).index(target.item)

    def _chosen_stem(self) -> int:
        """Index of the stem that is heard alone, or -1."""
        heard = [index for index in range(len(self.stems)) if self.board.get("level", index) > 0.0]
        return heard[0] if len(heard) == 1 else -1

    def _choose_stem(self, chosen: int) -> None:
        for index in range(len(self.stems)):
            self.board.set("level", float(index == chosen), index)

    def _call(self, preset: Preset) -> None:
        if preset.model is None or self.call is None:
            put_preset(preset, self.board, self.stems)
        else:
            self.call(preset)
