"""Data sets: songs in MedleyDB's layout, folders of stems, augmentation and remixing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.errors import AudioFileError, ConfigError
from training.data.augment import AugmentConfig, augment, frames_needed, retune
from training.data.medleydb import read_song, song_names, stem_of
from training.data.remix import STEMS, RemixConfig, Remixer, active_rms, lane
from training.data.stems import StemFolder

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


@pytest.mark.parametrize(("instrument", "stem"), [
    ("drum set", "drums"), ("clean electric guitar", "guitar"), ("distorted electric guitar", "guitar"),
    ("male singer", "vocals"), ("female singer", "vocals"), ("electric bass", "other"), ("acoustic guitar", "other"),
])
def test_stems_of_instruments(instrument: str, stem: str) -> None:
    assert stem_of(instrument) == stem


def test_real_songs_give_the_papers_mixtures(data_root: Path) -> None:
    root = data_root / "medleydb"
    songs = [read_song(root, name) for name in song_names(root)]
    assert len(songs) == 6
    assert [song.name for song in songs if not song.has_guitar] == ["MusicDelta_Country1"]
    for song in songs:
        if song.has_guitar:
            target, rest = song.mixture("guitar")
            assert np.sum(target ** 2) == pytest.approx(np.sum(rest ** 2), rel=1e-3)
            np.testing.assert_array_equal(rest, song.other + song.drums)


def test_missing_songs_and_tracks_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no songs in"):
        song_names(tmp_path)
    with pytest.raises(ConfigError, match="no song Nobody in"):
        read_song(tmp_path, "Nobody")
    (tmp_path / "Metadata").mkdir()
    (tmp_path / "Metadata" / "A_METADATA.yaml").write_text(
        "raw_dir: A_RAW\nstems: {S01: {raw: {R01: {filename: a.wav, instrument: drum set}}}}")
    with pytest.raises(ConfigError, match=r"no track .*a\.wav"):
        read_song(tmp_path, "A")
    (tmp_path / "Audio" / "A" / "A_RAW").mkdir(parents=True)
    (tmp_path / "Audio" / "A" / "A_RAW" / "a.wav").write_text("no sound")
    with pytest.raises(AudioFileError, match="cannot be decoded"):
        read_song(tmp_path, "A")


def test_a_folder_without_stems_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no sounds for drums, guitar, other.*bass, band, voice, other"):
        StemFolder(tmp_path)


def test_remixed_segments_are_varied_and_repeatable(stems_root: Path) -> None:
    def segments(seed: int) -> list[np.ndarray]:
        remixer = Remixer(StemFolder(stems_root), RemixConfig(segment_seconds=(1.0, 2.0)), np.random.default_rng(seed))
        return [remixer.segment() for _ in range(3)]

    first, again, other = segments(1), segments(1), segments(2)
    for one, two, three in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one, two)
        assert one.shape[0] == len(STEMS)
        assert np.all(np.isfinite(one))
        assert one.shape != three.shape or not np.array_equal(one, three)


def test_a_lane_is_gapless_and_begins_with_a_restart(stems_root: Path) -> None:
    config = RemixConfig(segment_seconds=(1.0, 1.5), restart=0.5)
    stream = lane(Remixer(StemFolder(stems_root), config, np.random.default_rng(3)), history=100, frames=4410)
    before, restart = next(stream)
    assert restart
    assert not np.any(before[:, :100])
    restarts = 0
    for _ in range(200):
        chunk, restart = next(stream)
        assert chunk.shape == (3, 4510)
        if not restart:
            np.testing.assert_array_equal(chunk[:, :100], before[:, -100:])
        restarts += restart
        before = chunk
    assert 2 < restarts < 20


@pytest.mark.parametrize("semitones", [-3.0, -0.5, 0.0, 2.7])
def test_retuning_moves_the_pitch(semitones: float) -> None:
    needed = frames_needed(SAMPLERATE, semitones)
    tone = np.sin(2 * np.pi * 440.0 * np.arange(needed) / SAMPLERATE).astype(np.float32)
    out = retune(tone, SAMPLERATE, semitones)
    assert out.size == SAMPLERATE
    peak = np.argmax(np.abs(np.fft.rfft(out * np.hanning(out.size))))
    assert peak == pytest.approx(440.0 * 2 ** (semitones / 12), abs=1.5)


def test_augmentations_keep_length_and_stay_finite() -> None:
    audio = np.random.default_rng(1).standard_normal(SAMPLERATE).astype(np.float32)
    always = AugmentConfig(tone=1.0, saturation=1.0, clipping=1.0, band_limit=1.0, room=1.0, noise=1.0)
    changed = [augment(audio, always, np.random.default_rng(seed)) for seed in range(8)]
    for out in changed:
        assert out.shape == audio.shape
        assert out.dtype == np.float32
        assert np.all(np.isfinite(out))
    assert not np.array_equal(changed[0], changed[1])
    never = AugmentConfig(tone=0.0, saturation=0.0, clipping=0.0, band_limit=0.0, room=0.0, noise=0.0)
    np.testing.assert_array_equal(np.abs(augment(audio, never, np.random.default_rng(1))), np.abs(audio))


def test_active_level_ignores_rests() -> None:
    sound = np.concatenate([np.full(SAMPLERATE, 0.5), np.zeros(3 * SAMPLERATE)]).astype(np.float32)
    assert active_rms(sound) == pytest.approx(0.5, rel=1e-3)
    assert active_rms(np.zeros(SAMPLERATE, np.float32)) > 0
