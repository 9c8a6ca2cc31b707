"""Sounds that are mixed: folders of stems, and their augmentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.errors import ConfigError
from training.corpora.stems import STEMS, StemFolder, stem_sets
from training.mixing.augment import AugmentConfig, augment, bleed, frames_needed, retune, stretch
from training.mixing.dynamics import PIECE, active_rms, activity, ride
from training.mixing.remix import KindConfig, RemixConfig, Remixer
from training.mixing.stereo import StereoConfig

SAMPLERATE = 44100


@pytest.fixture
def stems_root(tmp_path: Path) -> Path:
    """Make a folder with two short sounds of each of three kinds."""
    rng = np.random.default_rng(1)
    for kind in ("drums", "guitar", "other"):
        (tmp_path / kind).mkdir()
        for index in range(2):
            sound = 0.3 * rng.standard_normal(3 * SAMPLERATE).astype(np.float32)
            soundfile.write(tmp_path / kind / f"{index}.wav", np.clip(sound, -1, 1), SAMPLERATE)
    return tmp_path


def test_a_folder_without_stems_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"for drums and guitar and accompaniment.*bass, band, voice, other"):
        StemFolder(tmp_path)


def test_a_broken_file_among_good_ones_is_named_and_left_out(stems_root: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    header, cut = stems_root / "drums" / "0.wav", stems_root / "guitar" / "cut.flac"
    header.write_text("no sound")
    sound = 0.3 * np.random.default_rng(1).standard_normal(SAMPLERATE)
    soundfile.write(cut, sound, SAMPLERATE)
    cut.write_bytes(cut.read_bytes()[:9000] + bytes(40000))
    folder = StemFolder(stems_root)
    assert folder.broken == {header}
    rng = np.random.default_rng(1)
    drawn = 0
    while drawn < 20:
        try:
            assert np.any(folder.draw("guitar", rng, SAMPLERATE // 2))
            drawn += 1
        except FileNotFoundError:
            folder.refresh()
    assert folder.broken == {header, cut}
    assert capsys.readouterr().err.count("skipped") == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_file_with_samples_that_are_no_numbers_is_named_and_left_out(stems_root: Path, bad: float,
                                                                       capsys: pytest.CaptureFixture[str]) -> None:
    path = stems_root / "guitar" / "0.wav"
    soundfile.write(path, np.where(np.arange(SAMPLERATE) == 777, bad, 0.1), SAMPLERATE, subtype="FLOAT")
    folder, rng, refused = StemFolder(stems_root), np.random.default_rng(1), 0
    for _ in range(20):
        try:
            assert np.all(np.isfinite(folder.draw("guitar", rng, SAMPLERATE)))
        except FileNotFoundError:
            folder.refresh()
            refused += 1
    assert refused == 1
    assert f"skipped {path}: it holds samples that are no numbers" in capsys.readouterr().err


def test_suffixes_in_capitals_are_found(stems_root: Path) -> None:
    for path in [*(stems_root / "drums").iterdir(), *(stems_root / "guitar").iterdir()]:
        path.rename(path.with_suffix(".WAV"))
    assert np.any(StemFolder(stems_root).draw("drums", np.random.default_rng(1), 1000))


def test_a_folder_whose_sounds_are_all_broken_says_so(stems_root: Path) -> None:
    for index in range(2):
        (stems_root / "drums" / f"{index}.wav").write_text("no sound")
    with pytest.raises(ConfigError, match=r"no sounds for drums.*2 files there cannot be read"):
        StemFolder(stems_root)


def test_sounds_at_other_rates_keep_their_pitch(stems_root: Path) -> None:
    for path in (stems_root / "guitar").iterdir():
        soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(96000) / 48000), 48000)
    sound = StemFolder(stems_root).draw("guitar", np.random.default_rng(1), SAMPLERATE)
    assert np.argmax(np.abs(np.fft.rfft(sound * np.hanning(SAMPLERATE)))) == 440


@pytest.mark.parametrize("semitones", [-3.0, -0.5, 0.0, 2.7])
def test_retuning_moves_the_pitch(semitones: float) -> None:
    needed = frames_needed(SAMPLERATE, semitones)
    tone = np.sin(2 * np.pi * 440.0 * np.arange(needed) / SAMPLERATE).astype(np.float32)
    out = retune(tone, SAMPLERATE, semitones)
    assert out.size == SAMPLERATE
    peak = np.argmax(np.abs(np.fft.rfft(out * np.hanning(out.size))))
    assert peak == pytest.approx(440.0 * 2 ** (semitones / 12), abs=1.5)


@pytest.mark.parametrize("speed", [0.85, 1.0, 1.15])
def test_stretching_keeps_the_pitch_and_the_level_and_moves_what_happens(speed: float) -> None:
    time = np.arange(3 * SAMPLERATE) / SAMPLERATE
    tone = np.sin(2 * np.pi * 440.0 * time).astype(np.float32)
    out = stretch(tone, speed)
    assert out.size == int(tone.size / speed)
    middle = out[SAMPLERATE:2 * SAMPLERATE]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(SAMPLERATE)))
    assert np.argmax(spectrum) == 440
    assert np.sum(np.square(spectrum[437:444])) > 0.999 * np.sum(np.square(spectrum))
    assert active_rms(middle) == pytest.approx(np.sqrt(0.5), rel=1e-3)
    silence = np.where(time < 2.0, tone, 0.0).astype(np.float32)
    assert np.flatnonzero(np.abs(stretch(silence, speed)) > 0.1)[-1] == pytest.approx(2 * SAMPLERATE / speed, abs=2048)


def test_bleed_is_late_dull_and_soft_and_counts_to_the_stem_that_made_it() -> None:
    clicks = np.zeros((3, 2, SAMPLERATE), np.float32)
    clicks[0, :, 1000] = clicks[2, :, 30000] = 1.0
    rng = np.random.default_rng(1)
    for _ in range(5):
        heard = bleed(clicks, rng)
        added = heard - clicks
        assert not np.any(heard[1])
        for stem, start in ((0, 1000), (2, 30000)):
            np.testing.assert_array_equal(*added[stem])  # both channels alike
            assert not np.any(added[stem, 0, :start + 44])
            later = np.sum(np.square(added[stem, 0, start + 44:start + 1500]))
            assert later > 0.99 * np.sum(np.square(added[stem, 0])) > 0.0
            gain_db = 20.0 * np.log10(np.abs(np.fft.rfft(added[stem, 0])))
            assert -60.0 < gain_db[20] < -6.0  # of two microphones at -12 dB at most
            assert np.mean(gain_db[15000:20000]) < np.mean(gain_db[20:200]) - 3.0


def test_new_augmentations_at_nought_change_nothing_and_otherwise_something(stems_root: Path) -> None:
    def segment(**changes: float) -> np.ndarray:
        config = RemixConfig(augment=AugmentConfig(**changes))
        return Remixer(StemFolder(stems_root), config, np.random.default_rng(3)).segment(SAMPLERATE)

    plain = segment()
    np.testing.assert_array_equal(segment(bleed=0.0, stretch_part=0.3), plain)
    for changes in ({"bleed": 1.0}, {"stretch": 1.0}):
        changed = segment(**changes)
        assert changed.shape == plain.shape
        assert not np.array_equal(changed, plain)


@pytest.mark.parametrize("target", ["drums", "guitar"])
def test_the_target_is_brought_to_0_db(stems_root: Path, target: str) -> None:
    remixer = Remixer(StemFolder(stems_root), RemixConfig(target_at_0_db=target, counts={
        "drums": (0.0, 1.0), "guitar": (0.0, 1.0), "other": (0.0, 0.0, 1.0)}), np.random.default_rng(1))
    for _ in range(3):
        stems = remixer.segment(SAMPLERATE).astype(np.float64)
        expected = stems[STEMS.index(target)]
        assert np.sum(np.square(stems.sum(axis=0) - expected)) == pytest.approx(np.sum(np.square(expected)), rel=1e-4)


def test_augmentations_keep_length_and_stay_finite() -> None:
    audio = np.random.default_rng(1).standard_normal(SAMPLERATE).astype(np.float32)
    always = AugmentConfig(tone=1.0, saturation=1.0, clipping=1.0, band_limit=1.0, codec=1.0, room=1.0,
                           noise=1.0)
    changed = [augment(audio, always, np.random.default_rng(seed)) for seed in range(8)]
    for out in changed:
        assert out.shape == audio.shape
        assert out.dtype == np.float32
        assert np.all(np.isfinite(out))
    assert not np.array_equal(changed[0], changed[1])
    never = AugmentConfig(tone=0.0, saturation=0.0, clipping=0.0, band_limit=0.0, codec=0.0, room=0.0,
                          noise=0.0)
    np.testing.assert_array_equal(np.abs(augment(audio, never, np.random.default_rng(1))), np.abs(audio))


def test_active_level_ignores_rests() -> None:
    sound = np.concatenate([np.full(SAMPLERATE, 0.5), np.zeros(3 * SAMPLERATE)]).astype(np.float32)
    assert active_rms(sound) == pytest.approx(0.5, rel=1e-3)
    assert active_rms(np.zeros(SAMPLERATE, np.float32)) > 0


def test_a_codec_keeps_the_sound() -> None:
    silent = dict.fromkeys(("tone", "saturation", "clipping", "band_limit", "room", "noise"), 0.0)
    tone = (0.3 * np.sin(2 * np.pi * 440.0 * np.arange(SAMPLERATE) / SAMPLERATE)).astype(np.float32)
    out = augment(tone, AugmentConfig(**silent, codec=1.0), np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size)))
    assert np.argmax(spectrum) == 440
    assert active_rms(out) == pytest.approx(active_rms(tone), rel=0.05)
    assert not np.array_equal(np.abs(out), np.abs(tone))


@pytest.mark.parametrize("tilt_db", [-9.0, 9.0])
def test_a_tilt_turns_the_treble_and_leaves_the_bass(tilt_db: float) -> None:
    silent = dict.fromkeys(("saturation", "clipping", "band_limit", "codec", "room", "noise"), 0.0)
    noise = np.random.default_rng(1).standard_normal(SAMPLERATE).astype(np.float32)
    out = augment(noise, AugmentConfig(**silent, tone=1.0, tone_db=0.0), np.random.default_rng(1), tilt_db)
    gain_db = 20.0 * np.log10(np.abs(np.fft.rfft(out)) / np.abs(np.fft.rfft(noise)))
    assert np.median(gain_db[200:600]) == pytest.approx(0.0, abs=0.3)
    assert np.median(gain_db[15500:16500]) == pytest.approx(tilt_db, abs=0.5)


def test_riding_the_level_multiplies_it_in_decibels() -> None:
    levels_db = np.repeat([0.0, -20.0, 0.0, -20.0], SAMPLERATE)
    sound = (10.0 ** (levels_db / 20.0) * np.sign(np.random.default_rng(1).standard_normal(levels_db.size)))
    for exponent, expected_db in ((1.0, -40.0), (-0.5, -10.0), (0.0, -20.0)):
        out = ride(sound.astype(np.float32), exponent, np.random.default_rng(2))
        late = out[2 * SAMPLERATE - SAMPLERATE // 4: 2 * SAMPLERATE - PIECE]  # the release is over
        assert 20.0 * np.log10(active_rms(late)) == pytest.approx(expected_db, abs=0.5)


def test_activity_is_the_part_of_the_time_that_is_played() -> None:
    sound = np.concatenate([np.full(3 * SAMPLERATE, 0.5), np.zeros(SAMPLERATE)]).astype(np.float32)
    assert activity(sound) == pytest.approx(0.75)
    assert activity(np.zeros(SAMPLERATE, np.float32)) == 0.0


def test_dense_kinds_pause_less(stems_root: Path) -> None:
    soundfile.write(stems_root / "guitar" / "0.wav", np.zeros(3 * SAMPLERATE), SAMPLERATE)
    folder = StemFolder(stems_root)

    def silent(chance: float) -> int:
        config = RemixConfig(kinds={"guitar": KindConfig(dense=chance)},
                             counts={"drums": (1.0,), "guitar": (0.0, 1.0), "other": (1.0,)},
                             augment=AugmentConfig(noise=0.0))
        remixer = Remixer(folder, config, np.random.default_rng(1))
        return sum(not np.any(remixer.segment(SAMPLERATE // 2)[STEMS.index("guitar")]) for _ in range(30))

    assert silent(1.0) < 3 < silent(0.0)


def test_a_network_of_three_stems_hears_voice_and_bass_as_other() -> None:
    np.testing.assert_array_equal(stem_sets(("drums", "guitar", "other")),
                                  [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 0, 1, 1]])
    np.testing.assert_array_equal(stem_sets(STEMS), np.eye(5))
    np.testing.assert_array_equal(stem_sets(("guitar", "other")), [[0, 0, 1, 0, 0], [1, 1, 0, 1, 1]])


def test_views_take_a_stem_out_or_leave_it_alone(stems_root: Path) -> None:
    def playing(**changes: float) -> list[int]:
        config = RemixConfig(counts={"drums": (0.0, 1.0), "guitar": (0.0, 1.0), "other": (0.0, 1.0)},
                             views={"drums": 0.0, "bass": 0.0, "guitar": 1.0, "vocals": 0.0, "other": 0.0}, **changes)
        stems = Remixer(StemFolder(stems_root), config, np.random.default_rng(1)).segment(SAMPLERATE // 2)
        return [index for index, stem in enumerate(stems) if np.any(stem)]

    drums, guitar, other = (STEMS.index(stem) for stem in ("drums", "guitar", "other"))
    assert playing() == [drums, guitar, other]
    assert playing(without=1.0) == [drums, other]
    assert playing(alone=1.0) == [guitar]


def test_a_bus_turns_all_stems_by_one_gain(stems_root: Path) -> None:
    config = {"counts": {"drums": (0.0, 1.0), "guitar": (0.0, 1.0), "other": (0.0, 1.0)},
              "stereo": StereoConfig(inverted=0.0, dead=0.0)}
    plain, squeezed = (Remixer(StemFolder(stems_root), RemixConfig(**config, bus=bus), np.random.default_rng(5))
                       .segment(SAMPLERATE) for bus in (0.0, 1.0))
    loud = np.abs(plain) > 1e-4
    gains = np.where(loud, squeezed, 0.0) / np.where(loud, plain, 1.0)
    for frame in range(1000, SAMPLERATE, 1777):
        here = gains[..., frame][loud[..., frame]]
        np.testing.assert_allclose(here, here[0], rtol=1e-3)
    assert not np.allclose(plain, squeezed)
