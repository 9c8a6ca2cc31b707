"""What a message of a controller did, in words."""

from __future__ import annotations

from rtsep.controls.live_controls import LiveControls
from rtsep.controls.table import Kind
from rtsep.controls.targets import Target
from rtsep.controls.units import write_value
from rtsep.midi.control_surface import ControlSurface
from rtsep.midi.messages import Message, describe


def hear(surface: ControlSurface, controls: LiveControls, message: Message) -> str:
    """Let a message move what it moves; return it with what it did to the targets that are bound to it."""
    bound = [binding.target for binding in surface.bound(message)]
    moved = [binding.target for binding in surface.hear(message)]
    texts = [f"{target} {'' if target in moved else 'unmoved at '}{value_text(controls, target)}" for target in bound]
    return f"{describe(message):24} {'; '.join(texts) or 'bound to nothing'}"


def value_text(controls: LiveControls, target: Target) -> str:
    """Write the value of a target as a musician reads it."""
    value = controls.get(target)
    if target.control.is_value:
        return write_value(target.control, value)
    return controls.name_of(target, int(value)) if target.kind is Kind.CHOICE else "on" if value else "off"
