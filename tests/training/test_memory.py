"""Memory that is not enough is a sentence; a bug stays one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import torch

from rtsep.errors import RtsepError
from training.memory import KilledError, memory_told


@pytest.mark.parametrize("ask", [lambda: torch.empty(1 << 50), lambda: np.empty(1 << 50)], ids=["torch", "numpy"])
def test_too_little_memory_is_a_sentence(ask: Callable[[], object]) -> None:
    with pytest.raises(RtsepError, match="the memory of this computer is not enough; in a recipe take fewer lanes"), \
            memory_told():
        ask()


def test_a_killed_renderer_is_a_sentence() -> None:
    with pytest.raises(KilledError, match="a process that mixes or renders was killed"), memory_told():
        raise BrokenProcessPool("A child process terminated abruptly")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_told():
        raise RuntimeError("shapes do not fit")
