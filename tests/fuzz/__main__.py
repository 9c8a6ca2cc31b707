"""Fuzz for as long as you like; prints the seeds that failed, and exits with 1 if any did."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rtsep.errors import RtsepError
from tests.fuzz.harness import hunt
from tests.fuzz.kinds import KINDS, NATIVE
from tests.rigs import sanitizers


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; default: all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each kind (default: %(default)g)")
    parser.add_argument("--begin", type=int, default=0, metavar="SEED", help="first seed (default: %(default)s)")
    parser.add_argument("--sanitize", action="store_true",
                        help=f"build the native code with sanitizers, and run {', '.join(NATIVE)} with it")
    parser.add_argument("--library", type=Path, help=argparse.SUPPRESS)  # one that was built so
    args = parser.parse_args()
    unknown = set(args.kinds) - set(KINDS)
    if unknown:
        parser.error(f"no kind {min(unknown)!r}; there are: {', '.join(KINDS)}")
    if args.library is not None:
        sanitizers.use(args.library)
    with tempfile.TemporaryDirectory() as place:
        if args.sanitize:
            return _sanitized(args, Path(place))
        failed = [hunt(kind, KINDS[kind], args.begin, args.seconds, Path(place)) for kind in args.kinds or KINDS]
    return int(any(failed))


def _sanitized(args: argparse.Namespace, folder: Path) -> int:
    """Run the same command in a process whose memory is watched."""
    runtime = sanitizers.runtime(folder)
    if runtime is None:
        raise RtsepError("this compiler has no sanitizers that can be loaded first: gcc has")
    library = sanitizers.build(folder / "sanitized.native")
    kinds = args.kinds or NATIVE
    command = ("-m", "tests.fuzz", *kinds, "--seconds", str(args.seconds), "--begin", str(args.begin),
               "--library", str(library))
    return sanitizers.run(runtime, *command, timeout_s=None, capture=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
