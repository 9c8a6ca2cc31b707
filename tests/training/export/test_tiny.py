"""The committed model of the runtime's tests is the network that the trainer's tests know."""

from __future__ import annotations

from tests.rigs.models import TINY
from tests.training.tiny import tiny_network
from training.export.parity import parity_db


def test_the_committed_model_is_the_small_network() -> None:
    assert TINY.stat().st_size < 128_000
    assert parity_db(tiny_network(), TINY) < -80
