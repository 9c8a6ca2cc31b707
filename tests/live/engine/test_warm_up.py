from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.live.engine.warm_up import rehearse


@pytest.mark.parametrize(("outputs", "split"), [(2, False), (1, False), (6, True)])
def test_late_hops_are_rehearsed_and_leave_nothing_behind(tiny_model: Path, outputs: int, split: bool) -> None:
    rehearsed, fresh = Separator(tiny_model, 2), Separator(tiny_model, 2)
    assert rehearse(rehearsed, outputs, split) > 0
    sound = (0.2 * np.random.default_rng(5).standard_normal((2, 4000))).astype(np.float32)
    np.testing.assert_array_equal(rehearsed.process(sound), fresh.process(sound))
    assert (rehearsed.latency, rehearsed.hold) == (fresh.latency, False)
    assert (rehearsed.controls.mask_gain, rehearsed.controls.bypass) == (1.0, False)
