"""`rtsep live` without a device: what it plays, writes and refuses."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.cli.live import _settings
from rtsep.cli.main import build_parser
from rtsep.errors import ConfigError
from tests.rigs.live import TIMEOUT_S, refused, rtsep_live
from tests.rigs.sessions import SAMPLERATE, noise, read


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(SAMPLERATE).T, SAMPLERATE, subtype="FLOAT")
    return path


def test_command_plays_a_file_on_the_null_device(tiny_model: Path, tmp_path: Path, song: Path) -> None:
    with rtsep_live("--input", song.name, "--output", "none", "--model", str(tiny_model), "--remove", "drums",
                    cwd=tmp_path) as rtsep:
        out, err = rtsep.finish()
    assert (rtsep.process.returncode, err) == (0, "")
    folder = tmp_path / "song-out"
    assert {path.name for path in folder.iterdir()} == {"mixture.flac", "drums.flac", "rest.flac", "spectrograms.png"}
    np.testing.assert_array_equal(read(folder / "mixture.flac"), read(song))
    np.testing.assert_allclose(read(folder / "drums.flac") + read(folder / "rest.flac"), read(song), rtol=0, atol=1e-5)
    assert re.search(r"^output behind input, blocks of 256 +256 +5\.8$", out, re.MULTILINE)
    assert re.search(r"^hops, blocks +17\d, 17\d *$", out, re.MULTILINE)


def test_command_plays_the_demo_and_measures_it(tiny_model: Path, tmp_path: Path) -> None:
    with rtsep_live("--input", "demo", "--output", "none", "--model", str(tiny_model), "--seconds", "2",
                    cwd=tmp_path) as rtsep:
        out, err = rtsep.finish()
    assert (rtsep.process.returncode, err) == (0, "")
    names = {path.name for path in (tmp_path / "demo-out").iterdir()}
    assert names == {"mixture.flac", "guitar.flac", "rest.flac", "spectrograms.png"}
    assert re.search(r"^guitar +-?\d+\.\d +-?\d+\.\d$", out, re.MULTILINE)
    assert re.search(r"^rest +-?\d+\.\d +-?\d+\.\d$", out, re.MULTILINE)


@pytest.mark.parametrize(("options", "code", "sentence"), [
    (["--input", "nix.wav"], 1, r"rtsep: no file nix\.wav.*\n"),
    (["--input", "song.wav", "--output", "none", "--stem", "violin"], 1,
     r"rtsep: no stem 'violin': this model has drums, guitar.*\n"),
    (["--input", "song.wav", "--output", "none", "--blocksize", "0"], 1, r"rtsep: blocksize is 0.*\n"),
    (["--stem", "guitar", "--split"], 2, r"(?s)usage:.*not allowed with argument.*"),
    (["--seconds", "nan"], 2, r"(?s)usage:.*nan: give seconds from 0 on\n"),
    (["--seconds", "0"], 2, r"(?s)usage:.*0: give seconds above 0\n"),
    (["--start", "-1"], 2, r"(?s)usage:.*(expected one argument|give seconds from 0 on)\n"),
    (["--seconds", "1m"], 2, r"(?s)usage:.*'1m' is no number: give seconds, such as 90\n"),
    (["--output", "none"], 1, r"rtsep: without output device only files and the demo are played.*\n"),
])
def test_command_refuses_in_one_sentence(tiny_model: Path, tmp_path: Path, song: Path, options: list[str], code: int,
                                         sentence: str, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    returned, err = refused(capsys, "--model", str(tiny_model), *options)
    assert returned == code
    assert re.fullmatch(sentence, err)


@pytest.mark.parametrize("option", ["--stem", "--remove"])
def test_rest_is_no_stem_to_play_or_remove(option: str) -> None:
    with pytest.raises(ConfigError, match="rest is what is left over"):
        _settings(build_parser().parse_args(["live", option, "guitar,rest"]), None)


@pytest.mark.parametrize(("options", "stems", "silent"), [
    ([], ("guitar", "rest"), ("rest",)),
    (["--stem", "guitar", "drums"], ("guitar", "drums", "rest"), ("rest",)),
    (["--remove", "guitar", "drums"], ("guitar", "drums", "rest"), ("guitar", "drums")),
    (["--remove", "guitar", "--remove", "drums"], ("guitar", "drums", "rest"), ("guitar", "drums")),
    (["--remove", "guitar,drums"], ("guitar", "drums", "rest"), ("guitar", "drums")),
    (["--stem", "guitar,", "drums"], ("guitar", "drums", "rest"), ("rest",)),
    (["--remove", "drums", "drums"], ("drums", "rest"), ("drums",)),
    (["--split"], None, ()),
])
def test_several_stems_are_played_or_removed(options: list[str], stems: tuple[str, ...] | None,
                                             silent: tuple[str, ...]) -> None:
    found = _settings(build_parser().parse_args(["live", *options]), None)
    assert (found.stems, found.silent) == (stems, silent)


def test_command_that_is_killed_leaves_no_audio_process(tiny_model: Path, tmp_path: Path) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc here, where the test finds the audio process")
    with rtsep_live("--input", "demo", "--output", "none", "--model", str(tiny_model), cwd=tmp_path) as rtsep:
        child = wait_for_audio_process(rtsep.process.pid)
        rtsep.process.kill()
        rtsep.finish()
    end = time.monotonic() + TIMEOUT_S
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < end, "the audio process outlives its supervisor"
        time.sleep(0.05)


def wait_for_audio_process(parent: int) -> int:
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        time.sleep(0.05)
    return pytest.fail("no audio process")


@pytest.mark.parametrize(("rate", "played"), [(48000, 48000), (40000, 40000), (22050, SAMPLERATE)])
def test_a_file_that_nobody_hears_runs_at_its_own_rate(tiny_model: Path, tmp_path: Path, rate: int, played: int
                                                       ) -> None:
    sound = noise(rate // 2)
    soundfile.write(tmp_path / "song.wav", sound.T, rate, subtype="PCM_24")
    with rtsep_live("--model", str(tiny_model), "--input", "song.wav", "--output", "none", "--record", "take",
                    cwd=tmp_path) as rtsep:
        rtsep.finish()
    assert rtsep.process.returncode == 0
    assert soundfile.info(tmp_path / "take" / "mixture.flac").samplerate == played
    if played == rate:
        np.testing.assert_array_equal(read(tmp_path / "take" / "mixture.flac"), sound)


def test_what_is_wrong_with_a_file_is_said(tiny_model: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "whole.mp3", noise(SAMPLERATE).T, SAMPLERATE)
    data = (tmp_path / "whole.mp3").read_bytes()
    middle = len(data) // 2
    (tmp_path / "song.mp3").write_bytes(data[:middle] + bytes(1500) + data[middle + 1500:])
    with rtsep_live("--model", str(tiny_model), "--input", "song.mp3", "--output", "none", cwd=tmp_path) as rtsep:
        _, err = rtsep.finish()
    assert rtsep.process.returncode == 0
    assert re.search(r"^rtsep: song.mp3: \d+ damaged bytes at 0:00.\d\d are left out$", err, re.MULTILINE), err


def test_a_run_without_sound_ends_in_words(tiny_model: Path, tmp_path: Path, song: Path) -> None:
    with rtsep_live("--input", str(song), "--output", "none", "--model", str(tiny_model), "--start", "99999",
                    cwd=tmp_path) as rtsep:
        _, error = rtsep.finish()
        assert rtsep.process.returncode == 0
    assert "nothing was recorded" in error
    assert not list(tmp_path.rglob("*.flac"))


@pytest.mark.parametrize("midi", [(), ("--midi", "off")])
@pytest.mark.parametrize("option", ["--midi-map", "--presets"])
def test_a_missing_file_of_settings_is_told_even_where_nothing_listens(
        midi: tuple[str, ...], option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = refused(capsys, "--input", "demo", "--output", "none", option, str(tmp_path / "absent.yaml"), *midi)
    assert code == 1
    assert "absent.yaml: No such file" in error
