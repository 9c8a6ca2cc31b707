"""The package as Python users meet it."""

from __future__ import annotations

import pydoc
from pathlib import Path

import rtsep


def test_everything_public_is_listed_and_explained():
    assert set(rtsep.__all__) <= set(dir(rtsep))
    told = pydoc.plain(pydoc.render_doc(rtsep))
    for name in set(rtsep.__all__) - {"__version__"}:
        thing = getattr(rtsep, name)
        assert name in told
        assert thing.__doc__
    assert "full scale 1" in told
    assert {name for name in dir(rtsep) if not name.startswith("_")} == set(rtsep.__all__) - {"__version__"}


def test_type_checkers_read_the_annotations():
    assert (Path(rtsep.__file__).parent / "py.typed").is_file()


def test_a_separator_tells_what_it_is(tiny_model):
    assert repr(rtsep.Separator(tiny_model, 2, samplerate=48000)) == (
        "<Separator tiny: 2 channels, stems drums, guitar, other, 48000 Hz, latency 512 frames>")


def test_controls_tell_what_is_not_at_rest(tiny_model):
    controls = rtsep.Separator(tiny_model).controls
    assert repr(controls) == "<Controls of drums, guitar, other: at rest>"
    controls.mask_gain = 2.0
    controls.bypass = True
    controls.set_level("drums", 0.5)
    assert repr(controls) == "<Controls of drums, guitar, other: mask_gain 2, bypass 1, level drums 0.5>"
    assert {"mask_gain", "wet", "bypass", "set_level", "stems"} <= set(dir(controls))
    assert "level" in dir(controls)
