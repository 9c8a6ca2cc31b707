"""Corpora: MedleyDB, MUSDB18 as containers and as WAV, own folders; what is missing, broken, and what may train."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from rtsep.errors import AudioFileError, ConfigError
from training.cli import main
from training.corpora.detect import open_corpus, validation_songs
from training.corpora.import_stems import import_corpus
from training.corpora.medleydb import stem_of
from training.corpora.musdb import STREAMS, title_key
from training.corpora.songs import Song, sum_tracks
from training.corpora.stems import StemFolder

SAMPLERATE = 44100
HERTZ = {"drums": 3000, "guitar": 700, "bass": 90, "other": 1500, "vocals": 400}


def tone(stem: str, seconds: float = 2.0, samplerate: int = SAMPLERATE) -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * HERTZ[stem] * np.arange(int(seconds * samplerate)) / samplerate)


def strongest_hertz(audio: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(audio * np.hanning(audio.size)))) * SAMPLERATE / audio.size)


def write_song(folder: Path, stems: tuple[str, ...], suffix: str = ".wav") -> None:
    """Write a stereo song as a folder of stems; the right channel is silent."""
    folder.mkdir(parents=True)
    for stem in stems:
        soundfile.write(folder / f"{stem}{suffix}", np.stack([tone(stem), 0.0 * tone(stem)], axis=1), SAMPLERATE)


def write_container(path: Path) -> None:
    """Write a song as MUSDB18's five-stream container."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["mixture", *sorted(STREAMS, key=lambda stem: STREAMS[stem])]
    inputs, maps = [], []
    for index, name in enumerate(names):
        wav = path.with_name(f"{index}.wav")
        sound = sum(tone(stem) for stem in STREAMS) if name == "mixture" else tone(name)
        soundfile.write(wav, np.stack([sound, 0.5 * sound], axis=1), SAMPLERATE)
        inputs += ["-i", str(wav)]
        maps += ["-map", f"{index}:a"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *maps, "-c:a", "aac", "-b:a", "256k", str(path)], check=True)
    for index in range(len(names)):
        path.with_name(f"{index}.wav").unlink()


def write_medleydb(root: Path, name: str, instruments: dict[str, str], raw: bool, samplerate: int = SAMPLERATE,
                   bleed: str = "no") -> None:
    """Write a song in MedleyDB's layout; `instruments` are the stems' names by what is heard in them."""
    stems = {}
    kind = "RAW" if raw else "STEM"
    folder = root / "Audio" / name / f"{name}_{'RAW' if raw else 'STEMS'}"
    folder.mkdir(parents=True)
    (root / "Metadata").mkdir(exist_ok=True)
    for index, (heard, instrument) in enumerate(instruments.items(), 1):
        part = f"_{index:02d}_01" if raw else f"_{index:02d}"
        soundfile.write(folder / f"{name}_{kind}{part}.wav", tone(heard, 2.0, samplerate), samplerate)
        stems[f"S{index:02d}"] = {
            "filename": f"{name}_STEM_{index:02d}.wav", "instrument": instrument,
            "raw": {"R01": {"filename": f"{name}_RAW_{index:02d}_01.wav", "instrument": instrument}}}
    card = {"stems": stems, "has_bleed": bleed, "raw_dir": f"{name}_RAW", "stem_dir": f"{name}_STEMS"}
    (root / "Metadata" / f"{name}_METADATA.yaml").write_text(yaml.safe_dump(card))


ROCK = {"drums": "drum set", "guitar": "distorted electric guitar", "bass": "electric bass", "other": "piano"}


@pytest.mark.parametrize(("instrument", "stem"), [
    ("drum set", "drums"), ("kick drum", "drums"), ("shaker", "drums"),
    ("tabla", "drums"), ("timpani", "other"), ("vibraphone", "other"), ("clean electric guitar", "guitar"),
    ("distorted electric guitar", "guitar"), ("male singer", "vocals"), ("vocalists", "vocals"),
    ("electric bass", "bass"), ("acoustic guitar", "other"), ("Main System", "unknown"),
    (["clean electric guitar", "distorted electric guitar"], "guitar"), (["drum set", "piano"], "unknown"),
])
def test_stems_of_instruments(instrument: str | list[str], stem: str) -> None:
    assert stem_of(instrument) == stem


def test_the_real_songs_have_the_stems_of_their_metadata(data_root: Path) -> None:
    corpus = open_corpus(data_root / "medleydb")
    songs = validation_songs(data_root)
    assert len(songs) == 6
    assert [song.name for song in songs if not song.plays("guitar")] == ["MusicDelta_Country1"]
    for song in songs:
        assert {stem for stem in song.stems if song.plays(stem)} == corpus.stems_of(song.name)
        assert all(audio.shape == (song.frames,) for audio in song.stems.values())


@pytest.mark.parametrize(("raw", "samplerate"), [(True, 48000), (False, 44100)])
def test_medleydb_stems_or_raw_tracks_at_any_rate(tmp_path: Path, raw: bool, samplerate: int) -> None:
    write_medleydb(tmp_path, "A_One", ROCK, raw, samplerate)
    song = open_corpus(tmp_path).read("A_One")
    assert song.frames == pytest.approx(2 * SAMPLERATE, abs=2)
    for stem, audio in song.stems.items():
        assert strongest_hertz(audio) == pytest.approx(HERTZ[stem], abs=1.0)


def test_suffixes_in_capitals_are_found(tmp_path: Path) -> None:
    write_medleydb(tmp_path / "medleydb", "A_One", ROCK, raw=False)
    write_song(tmp_path / "songs" / "B", ("drums", "other", "guitar"))
    for path in tmp_path.rglob("*.wav"):
        path.rename(path.with_suffix(".WAV"))
    assert open_corpus(tmp_path / "songs").stems_of("B") == {"drums", "other", "guitar"}
    for corpus, name in (("medleydb", "A_One"), ("songs", "B")):
        guitar = open_corpus(tmp_path / corpus).read(name).stems["guitar"]
        assert strongest_hertz(guitar) == pytest.approx(HERTZ["guitar"], abs=1.0)


def test_a_track_with_samples_that_are_no_numbers_is_named(tmp_path: Path) -> None:
    write_song(tmp_path / "B", ("drums", "other"))
    sound = tone("drums")
    sound[5000] = np.nan
    soundfile.write(tmp_path / "B" / "drums.wav", sound, SAMPLERATE, subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"B/drums\.wav holds 1 samples that are no sound"):
        open_corpus(tmp_path).read("B")


@pytest.mark.parametrize(("written", "bleed"), [("yes", True), ("'yes'", True), ("no", False), ("'no'", False)])
def test_bleed_is_read_however_it_is_quoted(tmp_path: Path, written: str, bleed: bool) -> None:
    write_medleydb(tmp_path, "A_One", {"drums": "drum set"}, raw=False)
    card = tmp_path / "Metadata" / "A_One_METADATA.yaml"
    card.write_text(card.read_text().replace("has_bleed: 'no'", f"has_bleed: {written}"))
    assert open_corpus(tmp_path).read("A_One").bleed is bleed


def test_hiss_does_not_play() -> None:
    noise = np.random.default_rng(1).standard_normal(SAMPLERATE).astype(np.float32)
    song = Song("a", {"drums": 1e-5 * noise, "guitar": 1e-3 * noise, "bass": 0.0 * noise})
    assert [stem for stem in ("drums", "guitar", "bass", "vocals") if song.plays(stem)] == ["guitar"]


def test_what_medleydb_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "Audio" / "A").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"no songs in .*Metadata/<track>.*\(0 are there\)"):
        open_corpus(tmp_path)
    (tmp_path / "Metadata").mkdir()
    card = tmp_path / "Metadata" / "A_METADATA.yaml"
    card.write_text("stems: [")
    with pytest.raises(ConfigError, match=r"A_METADATA\.yaml is no metadata of MedleyDB"):
        open_corpus(tmp_path).read("A")
    card.write_text("stems: {S01: {filename: s.wav, instrument: drum set, "
                    "raw: {R01: {filename: a.wav, instrument: drum set}}}}")
    with pytest.raises(ConfigError, match=r"no sound of A: expected .*A_STEMS or .*A_RAW"):
        open_corpus(tmp_path).read("A")
    (tmp_path / "Audio" / "A" / "A_RAW").mkdir()
    with pytest.raises(ConfigError, match=r"no track .*A_RAW/a "):
        open_corpus(tmp_path).read("A")
    (tmp_path / "Audio" / "A" / "A_RAW" / "a.wav").write_text("no sound")
    with pytest.raises(AudioFileError, match=r"a\.wav is damaged"):
        open_corpus(tmp_path).read("A")


def test_musdb_as_containers_and_as_wav_sound_alike(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg")
    write_container(tmp_path / "mp4" / "test" / "A - One.stem.mp4")
    write_song(tmp_path / "wav" / "test" / "A - One", tuple(STREAMS))
    for edition in ("mp4", "wav"):
        corpus = open_corpus(tmp_path / edition)
        assert corpus.splits == {"test": ["A - One"]}
        assert not corpus.has_guitar_stems
        song = corpus.read("A - One")
        for stem, audio in song.stems.items():
            assert strongest_hertz(audio) == pytest.approx(HERTZ[stem], abs=1.0)
            level = {"mp4": 0.75, "wav": 0.5}[edition]  # mean of the channels as they were written
            assert np.sqrt(np.mean(np.square(audio))) == pytest.approx(level * 0.2 / np.sqrt(2), rel=0.05)


def test_containers_without_ffmpeg_and_broken_ones_are_explained(tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "A.stem.mp4").write_bytes(bytes(1000))
    if shutil.which("ffmpeg"):
        with pytest.raises(AudioFileError, match=r"A\.stem\.mp4: ffmpeg cannot decode stream 1"):
            open_corpus(tmp_path).read("A")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="there is no ffmpeg: install it, or use the WAV edition"):
        open_corpus(tmp_path)


def test_folders_without_songs_say_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"looked for \*\.stem\.mp4 and for folders with drums, guitar, bass"):
        open_corpus(tmp_path)
    with pytest.raises(ConfigError, match="no folder"):
        open_corpus(tmp_path / "none")
    write_song(tmp_path / "A", ("drums", "bass"))
    with pytest.raises(ConfigError, match=r"A has no other as \.wav or \.flac; it has drums, bass"):
        open_corpus(tmp_path).read("A")


def test_an_import_of_medleydb_trains_every_kind_and_leaves_out_what_it_must(tmp_path: Path) -> None:
    root, out = tmp_path / "medleydb", tmp_path / "stems"
    write_medleydb(root, "A_One", ROCK | {"vocals": "female singer"}, raw=False)
    write_medleydb(root, "A_Bleeding", ROCK, raw=False, bleed="yes")
    write_medleydb(root, "A_Unsaid", {"drums": "drum set", "other": "Main System"}, raw=True)
    write_medleydb(root, "A_Broken", ROCK, raw=True)
    next((root / "Audio" / "A_Broken" / "A_Broken_RAW").iterdir()).write_text("no sound")
    write_medleydb(tmp_path / "measures", "AOne", ROCK, raw=True)
    report = import_corpus(root, out, "all", 1, tmp_path / "none")
    assert "1 left out for bleed; 1 of 4 skipped" in report
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.wav")) == [
        "band/aone-other-000.wav", "bass/aone-bass-000.wav", "drums/aone-drums-000.wav",
        "drums/aunsaid-drums-000.wav", "guitar/aone-guitar-000.wav", "voice/aone-vocals-000.wav"]
    sound = StemFolder(out).draw("guitar", np.random.default_rng(1), SAMPLERATE)
    assert strongest_hertz(sound) == HERTZ["guitar"]
    assert "1 songs left out that measure models" in import_corpus(root, tmp_path / "more", "all", 1,
                                                                   tmp_path / "measures")


def test_an_import_of_musdb_holds_no_guitar_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for split, name in (("train", "A"), ("train", "Music Delta - 80s Rock"), ("test", "B")):
        write_song(tmp_path / "musdb" / split / name, tuple(STREAMS), ".flac")
    write_medleydb(tmp_path / "data" / "medleydb", "MusicDelta_80sRock", ROCK, raw=True)
    command = ["--data", str(tmp_path / "data"), "import", str(tmp_path / "musdb"), str(tmp_path / "out")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "1 songs left out that measure models" in said
    assert "add rendered or recorded guitar" in said
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.wav")) == [
        "a-bass-000.wav", "a-drums-000.wav", "a-vocals-000.wav"]
    assert main([*command, "--split", "test"]) == 0
    assert title_key("Music Delta - 80s Rock") == title_key("MusicDelta_80sRock")


def test_long_stems_are_cut_and_their_rests_left_out(tmp_path: Path) -> None:
    sounding, rest = tone("drums", 20.0), np.zeros(16 * SAMPLERATE)
    song = np.concatenate([sounding, rest, rest[: 12 * SAMPLERATE], sounding[: 9 * SAMPLERATE]])  # 57 s
    (tmp_path / "songs" / "A").mkdir(parents=True)
    for stem in ("drums", "guitar", "other"):
        soundfile.write(tmp_path / "songs" / "A" / f"{stem}.wav", song, SAMPLERATE)
    import_corpus(tmp_path / "songs", tmp_path / "out", "all", 1, tmp_path / "none")
    lengths = {path.name: soundfile.info(path).duration for path in (tmp_path / "out" / "drums").iterdir()}
    assert lengths == {"a-drums-000.wav": 16.0, "a-drums-001.wav": 16.0, "a-drums-003.wav": 9.0}


def test_a_track_of_one_sample_is_no_stem() -> None:
    with pytest.raises(AudioFileError, match=r"a track of guitar lasts 1 samples in a song of 2\.0 s"):
        sum_tracks([("drums", tone("drums")), ("guitar", tone("guitar")[:1])])
    half = sum_tracks([("drums", tone("drums")), ("guitar", tone("guitar")[:SAMPLERATE])])
    assert half["guitar"].size == 2 * SAMPLERATE
