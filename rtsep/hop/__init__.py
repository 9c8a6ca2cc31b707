"""How whole hops of a stream are separated: in one call of the compiled kernels, or by numpy around the step model."""

from __future__ import annotations

from rtsep.hop.compiled import CompiledHops, can_compile
from rtsep.hop.composed import ComposedHops
from rtsep.mask import Sets
from rtsep.model import StepModel

Hops = ComposedHops | CompiledHops


def hops_of(model: StepModel, channels: int, wanted: Sets) -> Hops:
    """Make the faster one that this model and this processor allow; parameters as of `ComposedHops`."""
    return CompiledHops(model, channels, wanted) if can_compile(model) else ComposedHops(model, channels, wanted)
