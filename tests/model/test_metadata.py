"""Cards read without the ONNX library are those that the gate reads; damage from the outside is one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsep import ModelError
from rtsep.model.catalogue import installed_models
from rtsep.model.gate import read_model
from rtsep.model.metadata import peek_card
from tests.rigs.live import ROOT

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", installed_models())
def test_it_is_the_card_that_the_gate_reads(name: str) -> None:
    path = installed_models()[name]
    assert peek_card(path) == read_model(path).card


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spoilt")


@given(st.data())
@settings(max_examples=60)
def test_cut_and_spoilt_files_are_a_card_or_a_sentence(folder: Path, data: st.DataObject) -> None:
    content = bytearray((DATA / "ok.onnx").read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(content), place]))
    path = folder / "spoilt.onnx"
    path.write_bytes(content[:end])
    try:
        name = peek_card(path).name
    except ModelError as error:
        name = str(error)
    assert name.isprintable()


@pytest.mark.parametrize("command", [["models"], ["separate", "--dry-run", "song.wav"]])
def test_lists_and_plans_load_no_onnx(command: list[str], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", np.zeros((100, 2)), 44100)
    code = "import sys; from rtsep.cli.main import main; main(sys.argv[1:]); sys.exit('onnx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *command], timeout=60, check=False, capture_output=True,
                          text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr


def test_a_flood_of_fields_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "flood.onnx").write_bytes(b"\x08\x01" * 1_000_000)
    with pytest.raises(ModelError, match="cut or damaged"):
        peek_card(tmp_path / "flood.onnx")
