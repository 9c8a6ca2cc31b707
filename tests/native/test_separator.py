"""The separator in C is the one in Python: every shipped model, block sizes, rates, and controls that move."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtsep import Separator
from rtsep.controls.table import values
from rtsep.model.catalogue import installed_models
from rtsep.model.gate import SegmentFile, read_model, read_step
from rtsep.native.flat import flatten
from rtsep.types import Audio
from tests.native.c_separator import CONTROLS, CError, CSeparator
from tests.native.conftest import needs_native, require_native
from tests.rigs.models import TINY

SHIPPED = sorted(name for name, path in installed_models().items() if not isinstance(read_model(path), SegmentFile))
BLOCKS = (1, 64, 65, 441, 480, 512, 8193)
CLOSE_DB = -110.0
REFERENCE_DB = -70.0  # 8-bit products round inputs that differ in the last bit to another step
FRAMES = 24_576
SOUND = (0.1 * np.random.default_rng(7).standard_normal((2, FRAMES))).astype(np.float32)
MOVES = {3: ("level", 0.25, 0), 5: ("mask_gain", 4.0, None), 7: ("wet", 0.4, None), 9: ("solo", 1, 1),
         10: ("mask_gain", 0.0, None), 12: ("mute", 1, 0), 14: ("solo", 0, 1), 16: ("bypass", 1, None),
         17: ("bypass", 0, None), 18: ("mute", 0, 0), 19: ("wet", 1.0, None)}
"""Controls by the 1024 frames before which they are set; the last of them move while others still do."""

pytestmark = needs_native


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    """Let no other backend be compared with."""
    require_native()


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of the flat files of all shipped models, and of a small one in float32."""
    folder = tmp_path_factory.mktemp("flat")
    for name, path in {**{name: installed_models()[name] for name in SHIPPED}, "tiny": TINY}.items():
        (folder / f"{name}.rtsep").write_bytes(flatten(read_step(path)))
    return folder


def error_db(found: Audio, expected: Audio) -> float:
    error = np.sum(np.square(found.astype(np.float64) - expected))
    return float(10 * np.log10(error / np.sum(np.square(expected.astype(np.float64))) + 1e-30))


def play(separator: Separator | CSeparator, blocksize: int, sound: Audio = SOUND, moving: bool = True) -> Audio:
    """Separate a sound; controls are set before the block that holds their frame."""
    out, due = [], sorted(MOVES) if moving else []
    for begin in range(0, sound.shape[1], blocksize):
        while due and 1024 * due[0] < begin + blocksize:
            control, value, index = MOVES[due.pop(0)]
            stem = None if index is None else separator.stems[index]
            (separator.controls if isinstance(separator, Separator) else separator).set(control, value, stem)
        out.append(separator.process(sound[:, begin:begin + blocksize]))
    return np.concatenate(out, axis=2)


@pytest.mark.parametrize("name", [*SHIPPED, "tiny"])
@pytest.mark.parametrize("blocksize", [64, 1000])
def test_every_model_is_as_in_python(name: str, blocksize: int, flat: Path) -> None:
    python = Separator(TINY if name == "tiny" else name, 2)
    found = CSeparator(flat / f"{name}.rtsep")
    assert (found.stems, found.latency, found.samplerate) == (python.stems, python.latency, python.samplerate)
    assert error_db(play(found, blocksize), play(python, blocksize)) < CLOSE_DB


@pytest.mark.parametrize(("name", "limit_db"), [("tiny", CLOSE_DB), ("stage", REFERENCE_DB), ("ultra", REFERENCE_DB)])
def test_it_is_the_numpy_reference(name: str, limit_db: float, flat: Path) -> None:
    python = Separator(TINY if name == "tiny" else name, 2, provider="numpy")
    assert error_db(play(CSeparator(flat / f"{name}.rtsep"), 700), play(python, 700)) < limit_db


@pytest.mark.parametrize("blocksize", BLOCKS)
def test_blocks_of_any_size(blocksize: int, flat: Path) -> None:
    sound = SOUND[:, :12_288]
    python, found = Separator(TINY, 2), CSeparator(flat / "tiny.rtsep")
    assert error_db(play(found, blocksize, sound), play(python, blocksize, sound)) < CLOSE_DB


@pytest.mark.parametrize("blocksize", [1, 64, 128, 192, 256, 480, 512, 768])
def test_a_promised_blocksize_lowers_the_latency(blocksize: int, flat: Path) -> None:
    python, found = Separator(TINY, 2, blocksize=blocksize), CSeparator(flat / "tiny.rtsep", blocksize=blocksize)
    assert found.latency == python.latency
    frames = FRAMES // (2 * blocksize) * 2 * blocksize
    expected = play(python, 2 * blocksize, SOUND[:, :frames])
    assert error_db(play(found, 2 * blocksize, SOUND[:, :frames]), expected) < CLOSE_DB


def test_a_promise_that_is_broken_is_told(flat: Path) -> None:
    found = CSeparator(flat / "tiny.rtsep", blocksize=64)
    with pytest.raises(CError, match="no multiple of the blocksize"):
        found.process(SOUND[:, :65])


@pytest.mark.parametrize("samplerate", [40_000, 44_125, 48_000, 50_000])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_rates_and_channels(samplerate: int, channels: int, flat: Path) -> None:
    sound = np.concatenate([SOUND, 0.5 * SOUND[::-1]])[:channels]
    python = Separator("ultra", channels, samplerate=samplerate)
    found = CSeparator(flat / "ultra.rtsep", channels, samplerate=samplerate)
    assert error_db(play(found, 480, sound), play(python, 480, sound)) < CLOSE_DB


@pytest.mark.parametrize("stems", [("guitar",), ("guitar", "rest"), ("rest", "drums", "guitar"), ("other", "drums")])
def test_stems_are_asked_for_by_name(stems: tuple[str, ...], flat: Path) -> None:
    python, found = Separator("stage", 2, stems=stems), CSeparator(flat / "stage.rtsep", stems=stems)
    assert found.stems == stems
    sound = SOUND[:, :8192]
    assert error_db(play(found, 512, sound, False), play(python, 512, sound, False)) < CLOSE_DB


@pytest.mark.parametrize(("name", "options"), [
    *(("bad stems", {"stems": stems}) for stems in (
        ("guitar", "guitar"), ("flute",), ("",), ("rest",), ("guitar", "re"), ("x" * 60,),
        ("drums", "bass", "guitar", "vocals", "other", "rest"))),
    *(("bad rate", {"samplerate": rate}) for rate in (39_999, 96_000, -1)),
    ("bad channels", {"channels": 65}), ("bad channels", {"channels": -1}), ("bad blocksize", {"blocksize": -1})])
def test_options_that_cannot_be_are_refused(name: str, options: dict[str, Any], flat: Path) -> None:
    with pytest.raises(CError) as caught:
        CSeparator(flat / "stage.rtsep", **options)
    assert caught.value.name == name


def test_reset_makes_it_as_new(flat: Path) -> None:
    found = CSeparator(flat / "stage.rtsep")
    first = play(found, 700, SOUND[:, :7000], False)
    found.reset()
    np.testing.assert_array_equal(play(found, 700, SOUND[:, :7000], False), first)


def test_bad_blocks_are_silence(flat: Path) -> None:
    python, found = Separator(TINY, 2), CSeparator(flat / "tiny.rtsep")
    for separator in (python, found):
        separator.process(SOUND[:, :1000])
    for value in (np.nan, np.inf, 2e6):
        block = SOUND[:, 1000:1500].copy()
        block[1, 77] = value
        np.testing.assert_allclose(found.process(block), python.process(block), atol=1e-6)
    assert found.bad_blocks == python.bad_blocks == 3
    np.testing.assert_allclose(found.process(SOUND), python.process(SOUND), atol=1e-6)
    assert found.spoilt_hops == 0


def test_controls_are_those_of_the_table(flat: Path) -> None:
    found = CSeparator(flat / "tiny.rtsep")
    assert tuple(control.name for control in values()) == CONTROLS
    for control in values():
        stem = found.stems[-1] if control.per_stem else None
        assert found.get(control.name, stem) == control.default
        found.set(control.name, control.highest, stem)
        assert found.get(control.name, stem) == control.highest
        for value in (-0.001, np.nextafter(np.float32(control.highest), np.float32(np.inf)), np.nan):
            with pytest.raises(CError, match="bad control"):
                found.set(control.name, float(value), stem)
        assert found.get(control.name, stem) == control.highest
    assert found.code.rtsep_set(found.handle, CONTROLS.index("level"), len(found.stems), 0) != 0
    assert found.code.rtsep_set(found.handle, len(CONTROLS), 0, 0) != 0


def test_several_run_in_threads_of_their_own(flat: Path) -> None:
    expected = play(CSeparator(flat / "stage.rtsep"), 441)
    found: list[Audio] = []
    threads = [threading.Thread(target=lambda: found.append(play(CSeparator(flat / "stage.rtsep"), 441)))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 3
    for one in found:
        np.testing.assert_array_equal(one, expected)
