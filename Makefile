# Everything runs in .venv, at the versions that requirements.lock records.
# `make demo` and `make test` set up what they need; nothing else has to be done first.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock

.PHONY: demo test test-slow test-thorough torture torture-short coverage mutants check docs format lock release release-notes clean \
	benchmark benchmark-encoder benchmark-spikes benchmark-maze benchmark-forecast benchmark-waiting benchmark-growth

demo: .venv/.installed
	$(BIN)/canonica demo --out canonica-demo

test: .venv/.installed-test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-slow: .venv/.installed-test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "slow and not thorough"

# Simulations of levels and coverage, choices of public tasks, every setting of JAX by itself: up to minutes each.
test-thorough: .venv/.installed-test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m thorough

# Kills, damaged files, bad values, bombs, full disks, crowds: docs/reliability.md. Half an hour.
torture: .venv/.installed-test
	$(BIN)/python -m torture --json torture.json $(TORTURE)

# A sample of it: two minutes.
torture-short: .venv/.installed-test
	$(BIN)/python -m torture --short

# Lines and branches that the tests run. Each file of tests runs by itself, so that .coverage tells
# which of them run a line: `make mutants` asks that.
coverage: .venv/.installed-test
	rm -f .coverage .coverage.*
	ls -d tests/test_*.py src/canonica/*/ | xargs -P 2 -I % sh -c \
		'$(BIN)/coverage run --context=% -m pytest --quiet % || test $$? = 5 || exit 255'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.coverage:
	$(MAKE) coverage

# Do the tests notice small faults? SAMPLE of them are planted, drawn by SEED.
SAMPLE ?= 40
SEED ?= 0
mutants: .venv/.installed-test .venv/.installed-mutants .coverage
	$(BIN)/python tests/mutants.py --sample $(SAMPLE) --seed $(SEED)

# The types of tests and torture need what those import.
check: .venv/.installed-check .venv/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

# The pages, and the reference from docstrings, into site/; a link that leads nowhere is an error.
docs: .venv/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

format: .venv/.installed-check
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: .venv/.installed-benchmark
	$(BIN)/python benchmarks/published_protocol.py $(DATA)

benchmark-encoder: .venv/.installed-benchmark
	$(BIN)/python benchmarks/encoder.py --out benchmarks

benchmark-spikes: .venv/.installed-benchmark
	$(BIN)/python benchmarks/spikes.py

benchmark-maze: .venv/.installed-benchmark
	$(BIN)/python benchmarks/maze.py --out benchmarks

benchmark-forecast: .venv/.installed
	$(BIN)/python benchmarks/forecast.py $(DATA)

benchmark-waiting: .venv/.installed
	$(BIN)/python benchmarks/waiting.py

benchmark-growth: .venv/.installed
	$(BIN)/python benchmarks/growth.py

# Record the newest versions that work together on every supported Python.
lock:
	python3 -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
		--fork-strategy fewest --all-extras --no-header --output-file requirements.lock pyproject.toml
	rm -r .venv-lock

# Build what a release consists of, check it, and try the wheel where nothing else is installed.
release: .venv/.installed-release
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m venv dist/try
	$(subst .venv,dist/try,$(INSTALL)) dist/*.whl
	$(subst .venv,dist/try,$(BIN))/canonica --version
	$(subst .venv,dist/try,$(BIN))/canonica demo --help
	rm -r dist/try

# Print what CHANGELOG.md says of a version: make release-notes VERSION=0.1.0
VERSION ?= Unreleased
release-notes:
	@awk -v heading="## [$(VERSION)]" '/^## / { inside = index($$0, heading) == 1; found += inside; next } \
		inside; END { if (!found) { print "CHANGELOG.md says nothing of $(VERSION)" > "/dev/stderr"; exit 1 } }' CHANGELOG.md

clean:
	rm -rf .venv canonica-demo dist site

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "canonica needs Python 3.11 or newer; none was found." \
		"Install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/pyvenv.cfg pyproject.toml requirements.lock
	@echo "Installing into .venv (once; about a minute)"
	$(INSTALL) --editable .
	@touch $@

.venv/.installed-%: .venv/pyvenv.cfg pyproject.toml requirements.lock
	@echo "Installing into .venv (once; about a minute)"
	$(INSTALL) --editable ".[$*]"
	@touch $@ .venv/.installed
