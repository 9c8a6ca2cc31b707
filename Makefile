# rtsep: `make` lists the targets
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT := demo-out
FUZZ_SECONDS ?= 3600
# most tests wait for audio: more than two processes pay on two cores; JACK's registry has room for eight servers
TEST_PROCESSES ?= 3
INPUTS := pyproject.toml constraints.txt $(wildcard rtsep/native/src/*.[ch]) scripts/build_native.py

.DEFAULT_GOAL := help
.PHONY: help demo plugin install-plugin test lint docs bench fuzz lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort

demo: $(VENV)/runtime  ## isolate the guitar of a song that rtsep plays itself; no sound card needed
	$(BIN)/rtsep live --input demo --model instrumental --record $(DEMO_OUT)
	@printf '\nListen: $(DEMO_OUT)/mixture.flac, then guitar.flac and rest.flac. The picture is spectrograms.png.\n'
	@printf 'Next:   $(BIN)/rtsep separate YOUR-SONG.mp3          its stems, in separated/\n'
	@printf '        $(BIN)/rtsep live --input YOUR-SONG.mp3 --remove guitar   play the guitar yourself\n'
	@printf '        $(BIN)/rtsep doctor                            is this computer ready for the stage?\n'

plugin: $(VENV)/runtime  ## build the LV2 plugins into build/rtsep.lv2
	sh scripts/system-packages.sh lv2-dev
	$(BIN)/python -m plugins.lv2.build

install-plugin: $(VENV)/runtime  ## build the LV2 plugins where your programs find them
	sh scripts/system-packages.sh lv2-dev
	$(BIN)/python -m plugins.lv2.build --install

test: $(VENV)/dev  ## install what the tests need and run them all
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile

lint: $(VENV)/dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/runtime  ## write what is made from code, and build the documentation into site/; every link has to be right
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python scripts/write_tables.py
	$(BIN)/python scripts/write_python_page.py
	$(BIN)/python scripts/write_completions.py
	$(BIN)/python -m mkdocs build

bench: $(VENV)/dev  ## measure the hops and, where songs are, the quality of the shipped models
	$(BIN)/python -m bench.latency
	$(BIN)/python -m training evaluate stage

fuzz: $(VENV)/dev  ## look for inputs that break anything, for FUZZ_SECONDS a kind (an hour); prints the seeds that failed
	$(BIN)/python -m tests.fuzz --sanitize --seconds $(FUZZ_SECONDS) --begin $$(date +%s)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --begin $$(date +%s)

lock: | $(VENV)/bin/python  ## write requirements/*.txt anew: all packages with the hashes of their files
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	sh scripts/lock.sh $(BIN)/uv

clean:  ## remove the environment and everything that was made here
	rm -rf $(VENV) $(DEMO_OUT) site build dist .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(INPUTS) | $(VENV)/bin/python
	sh scripts/system-packages.sh libportaudio2 gcc libc6-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[plot]'
	touch $@

$(VENV)/dev: $(INPUTS) | $(VENV)/bin/python
	sh scripts/system-packages.sh libportaudio2 gcc g++ libc6-dev jackd2 libjack-jackd2-0 ffmpeg strace fluidsynth fluid-soundfont-gm espeak-ng chromium lv2-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/runtime
