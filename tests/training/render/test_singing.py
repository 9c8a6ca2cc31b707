"""Singers: in tune, on the song's scale, at rest between phrases, and never those who are held out."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.render import speakers, vocal_chain, vocal_lines, vocoder
from training.render.effects import high_pass, rms
from training.render.library import HELD_OUT, Library
from training.render.scores import Note
from training.render.singing import Manner, sing, sing_as_it_is
from training.render.song import QUALITIES, ladder, random_song
from training.render.speakers import Line
from training.render.vocoder import FRAMES_PER_SECOND, Voice

PLAIN = Manner(formants=1.0, effort=0.0, glide_s=0.03, vibrato=(0.0, 5.0), scoop=0.0, evenness=1.0)


def pulses(pitch_hz: float, seconds: float) -> Audio:
    """Sum of the harmonics below 10 kHz, softer upwards: a throat without a mouth."""
    time = np.arange(int(seconds * SAMPLERATE)) / SAMPLERATE
    orders = np.arange(1, int(10000.0 / pitch_hz))
    return sum(0.1 / order * np.sin(2 * np.pi * order * pitch_hz * time) for order in orders).astype(np.float32)


def vowels(*pitches_hz: float) -> Line:
    """One vowel of half a second at each pitch, with a fall in level between them, analysed."""
    fade = np.minimum(1.0, 8.0 * np.minimum(np.linspace(0, 1, SAMPLERATE // 2), np.linspace(1, 0, SAMPLERATE // 2)))
    audio = np.concatenate([pulses(pitch_hz, 0.5) * fade for pitch_hz in pitches_hz]).astype(np.float32)
    return speakers._line(audio, None)


def sung_midi(audio: Audio, start: float, stop: float) -> float:
    """Median pitch of a stretch of a voice, MIDI number."""
    pitch_hz = vocoder.analyse(audio).pitch_hz[int(start * FRAMES_PER_SECOND):int(stop * FRAMES_PER_SECOND)]
    return float(69.0 + 12.0 * np.log2(np.median(pitch_hz[pitch_hz > 0.0]) / 440.0))


def test_the_vocoder_gives_back_pitch_and_level() -> None:
    audio = pulses(220.0, 1.0)
    voice = vocoder.analyse(audio)
    assert np.median(voice.pitch_hz) == pytest.approx(220.0, rel=0.005)
    again = vocoder.synthesise(voice, audio.size)
    assert again.shape == audio.shape
    assert rms(again[4410:-4410]) == pytest.approx(rms(audio[4410:-4410]), rel=0.15)
    assert not vocoder.synthesise(voice, 2 * audio.size)[audio.size + SAMPLERATE // 10:].any()


def test_a_narrow_band_gets_air_above_it_and_keeps_what_is_below() -> None:
    flat = Voice(np.full(3, 200.0), np.ones((3, 1025)), np.full((3, 1025), 0.1))
    edge = int(11000.0 * 2048 / SAMPLERATE)
    cut = Voice(flat.pitch_hz, np.where(np.arange(1025) < edge, flat.envelope, 1e-9), flat.aperiodicity)
    wide = vocoder.brighten(cut, 11000.0)
    np.testing.assert_array_equal(wide.envelope[:, :edge], cut.envelope[:, :edge])
    assert (np.diff(wide.envelope[0, edge:]) < 0.0).all()
    assert wide.envelope[0, edge] == pytest.approx(1.0)
    assert (wide.aperiodicity[:, edge:] >= 0.7).all()


@pytest.mark.parametrize("ratio", [0.87, 1.16])
def test_formants_move_by_the_ratio(ratio: float) -> None:
    bins = np.arange(1025)
    peak = np.exp(-0.5 * ((bins - 200.0) / 10.0) ** 2)[None]
    moved = vocoder.shift_formants(Voice(np.ones(1), peak, peak), ratio).envelope[0]
    assert bins[moved.argmax()] == pytest.approx(200.0 * ratio, abs=1.0)


def test_a_shout_is_brighter_and_less_breathy_than_a_whisper() -> None:
    flat = Voice(np.ones(1), np.ones((1, 1025)), np.full((1, 1025), 0.4))
    shout, whisper = (vocoder.with_effort(flat, effort) for effort in (1.0, -1.0))
    assert shout.envelope[0, 500] > 1.0 > whisper.envelope[0, 500]
    assert shout.envelope[0, 10] == pytest.approx(1.0)
    assert shout.aperiodicity[0, 500] < 0.4 < whisper.aperiodicity[0, 500]


def test_every_vowel_is_a_syllable_with_a_pitch() -> None:
    line = vowels(150.0, 180.0, 160.0)
    assert len(line.syllables) == 3
    for (begin, nucleus, end), centre in zip(line.syllables, (50, 150, 250), strict=True):
        assert begin < nucleus < end
        assert abs(nucleus - centre) < 40
    assert speakers._line(np.zeros(SAMPLERATE, np.float32), None).syllables == ()


@pytest.mark.parametrize("midi", [48.0, 57.0, 64.5])
def test_a_line_is_sung_at_the_pitch_of_its_notes(midi: float) -> None:
    line = vowels(150.0, 170.0)
    notes = [Note(0.2, 0.8, midi, 0.8), Note(1.2, 0.8, midi + 4.0, 0.8)]
    audio = sing(notes, line, PLAIN, np.random.default_rng(0), 2 * SAMPLERATE)
    assert audio.shape == (2 * SAMPLERATE,)
    assert sung_midi(audio, 0.35, 0.9) == pytest.approx(midi, abs=0.35)
    assert sung_midi(audio, 1.35, 1.9) == pytest.approx(midi + 4.0, abs=0.35)
    assert rms(audio[:4000]) < 0.01 * rms(audio[SAMPLERATE // 2:SAMPLERATE])


def test_vibrato_swings_by_its_depth_on_long_notes() -> None:
    shaking = Manner(1.0, 0.0, 0.03, (0.8, 5.0), 0.0, 1.0)
    audio = sing([Note(0.1, 1.8, 57.0, 0.8)], vowels(150.0), shaking, np.random.default_rng(0), 2 * SAMPLERATE)
    pitch = 12.0 * np.log2(np.maximum(vocoder.analyse(audio).pitch_hz, 1.0) / 220.0)
    early, late = pitch[30:60], pitch[180:340]
    assert np.ptp(early) < 0.6
    assert 1.2 < np.ptp(late) < 2.4


def test_a_line_without_syllables_is_silence() -> None:
    line = Line(vowels(150.0).voice, ())
    assert not sing([Note(0.0, 1.0, 57.0, 0.8)], line, PLAIN, np.random.default_rng(0), 4410).any()
    assert not sing([], vowels(150.0), PLAIN, np.random.default_rng(0), 4410).any()


def test_a_sung_line_keeps_its_tune_in_another_key() -> None:
    audio = sing_as_it_is(vowels(220.0, 247.0), 3.0, PLAIN, SAMPLERATE)
    assert sung_midi(audio, 0.15, 0.35) == pytest.approx(60.0, abs=0.2)
    assert sung_midi(audio, 0.65, 0.85) == pytest.approx(62.0, abs=0.2)


@given(st.integers(0, 2**32 - 1))
def test_tunes_stay_in_their_range_and_rest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    song = random_song(rng, 16.0)
    notes = vocal_lines.vocal_line(song, rng, 60.0, 9.0)
    assert notes
    chords = {(root + interval) % 12 for root, quality in song.bars for interval in QUALITIES[quality]}
    scale = {(song.key + step) % 12 for step in vocal_lines.diatonic(song)}
    assert all(50.0 < note.midi < 70.0 and note.seconds > 0.0 for note in notes)
    assert {note.midi % 12 for note in notes} <= scale | chords
    starts = sorted(note.start for note in notes)
    assert all(later - earlier > 0.01 for earlier, later in pairwise(starts))


@given(st.integers(0, 2**32 - 1), st.sampled_from([-5, -3, -2, 2, 4]))
@settings(max_examples=30)
def test_second_voices_follow_the_scale(seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    song = random_song(rng, 8.0)
    scale = ladder(song.key, vocal_lines.diatonic(song), 0.0, 127.0)
    tune = vocal_lines.vocal_line(song, rng, 60.0)
    for note, second in zip(tune, vocal_lines.harmony(tune, song, steps), strict=True):
        assert second.midi in scale
        assert 1.0 <= (second.midi - note.midi) * np.sign(steps) <= 1.8 * abs(steps) + 1.0
        assert second.start == note.start


def test_the_de_esser_touches_loud_sibilants_only() -> None:
    vowel, noise = pulses(200.0, 1.0), np.zeros(SAMPLERATE, np.float32)
    noise[20000:24000] = 0.5 * high_pass(np.random.default_rng(0).standard_normal(4000).astype(np.float32), 6000.0)
    treated = vocal_chain.de_ess(vowel + noise, 10.0)
    assert rms(high_pass(treated, 6000.0)[21000:24000]) < 0.6 * rms(high_pass(vowel + noise, 6000.0)[21000:24000])
    np.testing.assert_allclose(treated[:19000], vowel[:19000], atol=0.02)


def test_the_held_out_are_never_heard(data_root: Path) -> None:
    library = Library(data_root)
    heard = [*library.phrases("speech"), *library.phrases("voice")]
    for person in HELD_OUT:
        assert any((data_root / "phrases").rglob(f"*{person}*")), "is the name still right?"
        assert not any(person in path.name for path in heard)
    assert {speakers._person(path) for path in library.phrases("speech")} == {"flemishguy", "kerstin", "nathalie"}


def test_missing_recordings_are_named(tmp_path: Path) -> None:
    for folder in ("samples", "phrases", "midi", "amps", "irs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "samples" / "index.csv").write_text("inst,file,dur_s,peak,rms300ms_db,midi_from_name,midi_measured\n")
    with pytest.raises(ConfigError, match=r"no speech and no dry singing in .*phrases: complete the data folder"):
        speakers.recorded_line(Library(tmp_path), np.random.default_rng(0))


@pytest.mark.skipif(shutil.which(speakers.SPEAKER) is None, reason="no eSpeak: apt install espeak-ng")
def test_spoken_lines_have_vowels_with_and_sibilants_without_pitch() -> None:
    line = speakers.spoken_line("en-us+m3", "sister sing", 110)
    assert len(line.syllables) == 3
    envelope = line.voice.envelope
    bright = envelope[:, 200:].sum(axis=1) / envelope.sum(axis=1)
    loud = envelope.sum(axis=1) > 0.02 * envelope.sum(axis=1).max()
    pitched = line.voice.pitch_hz > 0.0
    assert bright[loud & ~pitched].mean() > 2.0 * bright[loud & pitched].mean()


def test_missing_espeak_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speakers, "SPEAKER", "no-such-speaker")
    with pytest.raises(ConfigError, match=r"no-such-speaker.*Debian's package `espeak-ng`"):
        speakers.spoken_line("en", "a line that no test has spoken", 120)
