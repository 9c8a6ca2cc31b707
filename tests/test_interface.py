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


def test_type_checkers_read_the_annotations():
    assert (Path(rtsep.__file__).parent / "py.typed").is_file()


def test_a_separator_tells_what_it_is(tiny_model):
    assert repr(rtsep.Separator(tiny_model, 2, samplerate=48000)) == (
        "<Separator tiny: 2 channels, stems drums, guitar, other, 48000 Hz, latency 512 frames>")
