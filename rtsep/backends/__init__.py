"""How whole hops of a stream are separated: in one call of the compiled kernels, or by numpy around the step model."""

from __future__ import annotations

from rtsep.backends.native import CompiledHops, can_compile
from rtsep.backends.reference import ComposedHops
from rtsep.backends.step_model import StepModel
from rtsep.dsp.mask import Sets

Hops = ComposedHops | CompiledHops


def hops_of(model: StepModel, channels: int, wanted: Sets) -> Hops:
    """Make the faster one that this model and this processor allow; parameters as of `ComposedHops`."""
    return CompiledHops(model, channels, wanted) if can_compile(model) else ComposedHops(model, channels, wanted)
