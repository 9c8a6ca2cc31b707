#!/bin/sh
# Write the locks: every package that the runtime and the tests need, on all systems, with the hashes of its files.
# The versions are those of constraints.txt where that has any. Needs uv (the argument: its path; default: uv).
set -eu
cd "$(dirname "$0")/.."
uv=${1:-uv}
for lock in runtime tests; do
    [ "$lock" = tests ] && extra="--extra dev" || extra=""
    $uv pip compile pyproject.toml $extra --constraint constraints.txt --python-version 3.11 --universal \
        --generate-hashes --no-annotate --quiet --custom-compile-command "make lock" --output-file "requirements/$lock.txt"
done
