"""`rtsep live`: separate what plays, while it plays."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rtsep.cli.live_interface import Interface
from rtsep.cli.live_interface import add_options as add_interface_options
from rtsep.cli.live_options import CALIBRATION_S, add_options, add_start_options
from rtsep.cli.midi import OFF as MIDI_OFF
from rtsep.cli.midi import add_options as add_midi_options
from rtsep.cli.streams import print_table, shown_line
from rtsep.model.catalogue import LIVE_MODEL

if TYPE_CHECKING:
    from rtsep.controls.controls import Values
    from rtsep.controls.presets import Preset
    from rtsep.live.protocol import LiveSettings
    from rtsep.live.session.helper import Helper
    from rtsep.live.session.result import Result
    from rtsep.live.session.session import Session
    from rtsep.live.session.sources import Source
    from rtsep.surface.resume import LastRun

DEMO = "demo"
DEFAULT, NONE = "default", "none"  # as --output
_AUDIO_SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif", ".w64", ".caf", ".m4a"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("live", help="separate what plays, while it plays", description="Isolate or remove "
                                   "an instrument, from an input device to an output device. Ctrl-C ends.")
    add_options(parser)
    add_midi_options(parser)
    add_start_options(parser)
    add_interface_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play until the input ends or the user stops; print the tables."""
    from rtsep.errors import DeviceError
    from rtsep.report.tables import report

    with closing(Interface(args)) as interface:
        kept = _resumed(args, interface.notices.add)
        source = _source(args)
        result = _play(args, source, kept, interface)
    if result is not None and not args.quiet and not args.json:
        print_table(report(result))
        if source is not None and result.recorded and result.failure is None:
            _show_recording(result, source)
    if result is not None and result.failure is not None:
        raise DeviceError(result.failure)
    return 0


def _play(args: argparse.Namespace, source: Source | None, kept: LastRun, interface: Interface) -> Result | None:
    """Play until the end; None where nothing was played."""
    from rtsep.live.session.session import Session

    preset = _preset(args)
    args = argparse.Namespace(**vars(args) | {"output": _output(args, source, interface.notices.add)})
    settings = _settings(args, source)
    settings = replace(settings, controls=_over(kept.values, settings.controls), connections=kept.connections)
    if preset is not None and preset.model is not None:
        settings = replace(settings, model=preset.model)
    session = Session(settings, source, _folder(args, source), args.seconds, _helpers(args, settings), preset=preset,
                      on_notice=interface.notices.add, start_s=args.start)
    with interface.open(session):
        with _stopped_by_signals(session):
            result = session.run(on_look=interface.look)
        if result is not None:
            interface.report(result)
    return result


def _resumed(args: argparse.Namespace, notify: Callable[[str], object]) -> LastRun:
    """Return what the last run played, and set the options that were not given; nothing where that is not requested."""
    from rtsep.errors import ConfigError
    from rtsep.surface.resume import LastRun, read_last_run

    if not args.resume_state:
        return LastRun()
    try:
        return read_last_run().put(args)
    except ConfigError as error:
        notify(f"{error}; the run begins anew")
        return LastRun()


def _over(values: Values, given: Values) -> Values:
    """Put the values of controls that were given over others."""
    found = dict(values)
    for name, value in given.items():
        before = found.get(name)
        found[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def _source(args: argparse.Namespace) -> Source | None:
    """Return the source that was asked for; None for a device."""
    from rtsep.live.session.sources import DemoSource, FileSource

    if args.input == DEMO:
        return DemoSource()
    if args.input and (Path(args.input).is_file() or Path(args.input).suffix.lower() in _AUDIO_SUFFIXES):
        return FileSource(Path(args.input))
    return None


def _output(args: argparse.Namespace, source: Source | None, notify: Callable[[str], object]) -> str:
    """Return the output as `--output` names it: default where nothing is named, none where there is no device."""
    from rtsep.audio.devices import choose_route
    from rtsep.audio.systems import list_devices, open_portaudio
    from rtsep.cli.timeout import timeout
    from rtsep.errors import DeviceError

    if args.output is not None or source is None or args.no_connect:
        return str(args.output or DEFAULT)
    try:
        with timeout():
            sounddevice = open_portaudio()
            try:
                choose_route(list_devices(sounddevice), None, "output")
            finally:
                sounddevice._terminate()  # a client of a sound server that dies would keep this process from ending
    except DeviceError:
        notify("no output device: nothing is heard, and the stems are written into files")
        return NONE
    return DEFAULT


def _settings(args: argparse.Namespace, source: Source | None) -> LiveSettings:
    """Translate options; one stem is played by computing it and the rest, and silencing one of the two."""
    from rtsep.controls.options import read_control_options
    from rtsep.dsp.mask import REST
    from rtsep.dsp.stem_lists import listed_stems
    from rtsep.errors import ConfigError
    from rtsep.live.protocol import LiveSettings
    from rtsep.midi.ports import OFFERED, VIRTUAL

    null_device = args.output == NONE
    stems = tuple(dict.fromkeys(listed_stems(args.remove or args.stem or "guitar")))
    if REST in stems:
        raise ConfigError(f"{REST} is what is left over: name stems of the model to play or to remove")
    return LiveSettings(
        model=args.model or LIVE_MODEL, stems=None if args.split else (*stems, REST),
        silent=() if args.split else stems if args.remove else (REST,), split=args.split,
        input=args.input, output=None if args.output in (DEFAULT, NONE) else args.output, has_source=source is not None,
        null_device=null_device,
        channels=args.channels if source is None else source.channels, blocksize=args.blocksize,
        controls=read_control_options(args), record=_folder(args, source) is not None,
        engine=args.engine, provider=args.provider, resample=args.resample, connect=not args.no_connect,
        midi_ports=OFFERED if args.midi in (None, VIRTUAL) else (),
        samplerate=source.samplerate if source is not None and null_device else None,
        allow_feedback=args.allow_feedback,
        calibration_s=0.0 if null_device or args.no_calibration else CALIBRATION_S, auto=args.auto)


def _preset(args: argparse.Namespace) -> Preset | None:
    """Return the preset to start with."""
    from rtsep.controls.presets import find_preset, load_presets

    return None if args.preset is None else find_preset(load_presets(args.presets), args.preset)


def _helpers(args: argparse.Namespace, settings: LiveSettings) -> list[Helper]:
    """Return the watch over default devices where one is needed, and the MIDI process where there is to be one."""
    from rtsep.controls.presets import load_presets
    from rtsep.live.session.default_devices import watchers
    from rtsep.live.session.helper import Helper
    from rtsep.midi.mapping import load_mapping, mapping_file
    from rtsep.midi.process import MidiSettings, run_midi

    helpers = watchers(settings)
    listens = args.midi != MIDI_OFF and not (args.midi is None and settings.null_device)
    if listens or args.midi_map is not None:
        load_mapping(mapping_file(args.midi_map))  # mistakes are told before anything starts
    if listens or args.presets is not None:
        load_presets(args.presets)
    if not listens:
        return helpers
    return [*helpers, Helper("midi", run_midi, (MidiSettings(args.midi, args.midi_map, args.presets),))]


def _folder(args: argparse.Namespace, source: Source | None) -> Path | None:
    """Return where the recording goes, if there is one."""
    if args.record is not None:
        from rtsep.audio.outputs import check_folder_name

        check_folder_name(args.record)
        return Path(args.record)
    if args.input == DEMO:
        return Path("demo-out")
    if source is not None and args.output == NONE:
        return Path(f"{Path(args.input).stem}-out")
    return None


@contextmanager
def _stopped_by_signals(session: Session) -> Iterator[None]:
    """Let Ctrl-C, a closed terminal and a service manager end the session cleanly."""
    from rtsep.signals import STOP_SIGNALS

    heard = [number for number in STOP_SIGNALS if not _outlives(number)]
    previous = {number: signal.signal(number, lambda *_: session.stop()) for number in heard}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _outlives(number: int) -> bool:
    """Whether the program was started so that a closed terminal does not end it, as nohup does."""
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN


def _show_recording(result: Result, source: Source) -> None:
    """Measure a recording where the true stems are known, draw it, and say where it is."""
    from rtsep.audio.files import AudioReader
    from rtsep.errors import ConfigError
    from rtsep.live.session.sources import DemoSource
    from rtsep.report.spectrograms import draw_spectrograms, spectrogram_of
    from rtsep.report.tables import quality_table
    from rtsep.report.untraced import untraced_pictures

    samplerate = result.loaded.samplerate
    tracks, pictures = {}, {}
    measured = isinstance(source, DemoSource) and result.aligned
    for name, path in result.recorded.items():
        with AudioReader(path) as reader:
            frames = reader.frames or 0
            tracks[name] = reader.read(frames if measured else 0)
        with AudioReader(path) as reader:
            pictures[name] = spectrogram_of(reader.blocks(), frames, samplerate)
    if isinstance(source, DemoSource) and result.aligned:
        print_table(quality_table(tracks, source.stems))
    folder = next(iter(result.recorded.values())).parent
    try:
        with untraced_pictures():
            draw_spectrograms(folder / "spectrograms.png", pictures, samplerate,
                              f"rtsep live, model {result.loaded.model}")
        print(shown_line(f"{folder}: {', '.join(path.name for path in result.recorded.values())}, spectrograms.png"))
    except ConfigError as error:  # drawing is an extra
        print(shown_line(f"{folder}: {', '.join(path.name for path in result.recorded.values())}; no picture: {error}"))
