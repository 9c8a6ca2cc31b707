"""A session on the null device: what is recorded is what was played, to the frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep import RtsepError, Separator
from rtsep.errors import ConfigError, DeviceError, ModelError
from rtsep.live.protocol import LiveSettings
from rtsep.live.session.session import Session
from tests.rigs.models import make_tiny_model
from tests.rigs.sessions import SAMPLERATE, ArraySource, noise, read, settings


@pytest.mark.parametrize(("channels", "blocksize"), [(1, None), (2, 441), (3, 1024)])
def test_recording_is_aligned_with_the_source(tiny_model: Path, tmp_path: Path, channels: int,
                                              blocksize: int | None) -> None:
    sound = noise(30011, channels)
    result = Session(settings(tiny_model, channels=channels, blocksize=blocksize), ArraySource(sound), tmp_path).run()
    assert result is not None
    assert result.failure is None
    tracks = {name: read(path) for name, path in result.recorded.items()}
    np.testing.assert_array_equal(tracks["mixture"], sound)
    separator = Separator(tiny_model, channels, stems=("guitar", "rest"))
    expected = separator.process(np.pad(sound, ((0, 0), (0, separator.latency))))[:, :, separator.latency:]
    for name, stem in zip(separator.stems, expected, strict=True):
        np.testing.assert_allclose(tracks[name], stem, rtol=0, atol=1e-5)
    assert result.summary.lost_frames == result.summary.bad_blocks == result.summary.restarts == 0


def test_split_records_all_stems(tiny_model: Path, tmp_path: Path) -> None:
    sound = noise(10000)
    result = Session(settings(tiny_model, stems=None, silent=(), split=True), ArraySource(sound), tmp_path).run()
    assert result is not None
    stems = [read(result.recorded[name]) for name in ("drums", "guitar", "other")]
    np.testing.assert_allclose(np.sum(stems, axis=0), sound, rtol=0, atol=1e-5)


def test_seconds_end_a_source_to_the_frame(tiny_model: Path, tmp_path: Path) -> None:
    sound = noise(SAMPLERATE)
    result = Session(settings(tiny_model), ArraySource(sound), tmp_path, seconds=0.3).run()
    assert result is not None
    np.testing.assert_array_equal(read(result.recorded["mixture"]), sound[:, :13230])


def test_stop_ends_it_and_keeps_the_recording(tiny_model: Path, tmp_path: Path) -> None:
    sound = noise(60 * SAMPLERATE)
    session = Session(settings(tiny_model), ArraySource(sound), tmp_path)
    result = session.run(lambda board, _: session.stop() if board.frames > 10000 else None)
    assert result is not None
    assert result.failure is None
    recorded = read(result.recorded["mixture"])
    assert 9000 < recorded.shape[1] < sound.shape[1]
    np.testing.assert_array_equal(recorded, sound[:, :recorded.shape[1]])


def test_stop_before_the_start_is_nothing(tiny_model: Path) -> None:
    session = Session(settings(tiny_model), ArraySource(noise(1000)))
    session.stop()
    assert session.run() is None


@pytest.mark.parametrize(("changes", "error", "sentence"), [
    ({"model": "nix"}, ModelError, "no model 'nix'"),
    ({"stems": ("violin", "rest"), "silent": ()}, ConfigError, "no stem 'violin': this model has drums"),
    ({"controls": {"mask_gain": -1.0}}, ConfigError, "mask_gain is -1"),
    ({"null_device": False, "output": "no such device"}, DeviceError, "device"),
])
def test_refusals_come_as_they_were_raised(tiny_model: Path, changes: dict[str, object], error: type[RtsepError],
                                           sentence: str) -> None:
    model = Path(str(changes.pop("model", tiny_model)))
    with pytest.raises(error, match=sentence):
        Session(settings(model, **changes), ArraySource(noise(1000))).run()


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match="without output device only files and the demo are played"):
        LiveSettings(null_device=True)
    with pytest.raises(ConfigError, match="blocksize is 0"):
        LiveSettings(blocksize=0)


def test_a_model_that_is_asked_for_while_another_one_begins_is_played(tiny_model: Path, tmp_path: Path) -> None:
    other = make_tiny_model(tmp_path / "other.onnx", "ultra")
    notices: list[str] = []
    session = Session(settings(tiny_model, record=False), ArraySource(noise(60 * SAMPLERATE)),
                      on_notice=notices.append)
    wishes = [str(other), str(tiny_model)]

    def ask() -> None:
        playing = session.state.started is not None
        if (len(wishes) == 2 and playing) or (len(wishes) == 1 and session.state.played == str(other)):
            session.commands.play_model(wishes.pop(0))  # the second one while the first one is being loaded
        if notices[-1:] == ["the model tiny plays"]:
            session.stop()

    result = session.run(on_look=ask)
    assert result is not None
    assert notices == ["the model other plays", "the model tiny plays"]
    assert (session.state.model, result.loaded.model) == (str(tiny_model), "tiny")
