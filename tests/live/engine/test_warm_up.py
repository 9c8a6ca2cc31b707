"""The warm-up plays everything once, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.live.engine.warm_up import warm_up


@pytest.mark.parametrize(("outputs", "split"), [(2, False), (1, False), (6, True)])
def test_missed_hops_are_played_and_leave_nothing_behind(tiny_model: Path, outputs: int, split: bool) -> None:
    warm, fresh = Separator(tiny_model, 2), Separator(tiny_model, 2)
    assert warm_up(warm, outputs, split) > 0
    sound = (0.2 * np.random.default_rng(5).standard_normal((2, 4000))).astype(np.float32)
    np.testing.assert_array_equal(warm.process(sound), fresh.process(sound))
    assert (warm.latency, warm.hold) == (fresh.latency, False)
    assert (warm.controls.mask_gain, warm.controls.bypass) == (1.0, False)
