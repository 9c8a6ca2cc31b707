"""`python -m training listening-test`: make clips, build the page, serve it, turn its results into tables."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from rtsep.cli.numbers import whole
from rtsep.model.catalogue import installed_models


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its parts."""
    parser = commands.add_parser("listening-test", help="build a listening test; make tables of its results")
    parts = parser.add_subparsers(required=True, metavar="PART")
    demo = parts.add_parser("demo", help="make a folder of clips: the built-in song, separated by the shipped models")
    demo.add_argument("clips", type=Path, help="the folder to make")
    demo.add_argument("--models", nargs="+", default=sorted(installed_models()), metavar="MODEL",
                      help="names, or .onnx files (default: all that are shipped)")
    demo.set_defaults(command=_demo)
    build = parts.add_parser("build", help="make one self-contained page of a folder of clips")
    build.add_argument("clips", type=Path, help="folder with ITEM/reference.wav, mixture.wav and one file a system")
    build.add_argument("out", type=Path, help="the .html file to write; its key goes beside it")
    build.add_argument("--levels", choices=("seven", "three"), default="seven",
                       help="of the comparison: ITU-T P.800 Annex E, or the paper's better, equal, worse")
    build.set_defaults(command=_build)
    serve = parts.add_parser("serve", help="serve a page and keep what listeners hand in")
    serve.add_argument("page", type=Path)
    serve.add_argument("folder", type=Path, help="where the results go")
    serve.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other computers in (default: %(default)s)")
    serve.add_argument("--port", type=whole(0, 65535), default=8000)
    serve.set_defaults(command=_serve)
    results = parts.add_parser("results", help="write the paper's Tables 5 and 6 as markdown")
    results.add_argument("folder", type=Path, help="one .json file a listener")
    results.add_argument("--key", type=Path, metavar="FILE", help="key of the page (default: the one in the folder)")
    results.set_defaults(command=_results)


def _demo(options: argparse.Namespace) -> None:
    from training.listening.demo import write_demo_clips
    write_demo_clips(options.clips, options.models)
    print(f"{options.clips}: next, python -m training listening-test build {options.clips} page.html")


def _build(options: argparse.Namespace) -> None:
    from training.listening.build import build
    key = build(options.clips, options.out, options.levels)
    print(f"{options.out}, {options.out.stat().st_size / 1e6:.1f} MB: give it to the listeners\n"
          f"{key}: says which clip is which; keep it for the results")


def _serve(options: argparse.Namespace) -> None:
    from training.listening.serve import TestServer
    with TestServer(options.page, options.folder, options.host, options.port) as server:
        print(f"{server.address} keeps results in {options.folder}; end with Ctrl-C", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def _results(options: argparse.Namespace) -> None:
    from training.listening.sessions import find_key, read_key, read_sessions
    from training.listening.tables import report
    key = read_key(options.key or find_key(options.folder))
    print(report(read_sessions(options.folder, key), key))
