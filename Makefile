# The commands of this repository; `make help` lists them.
#
#   make run  PYTHON=python3.12              another interpreter, 3.11 to 3.13
#   make run  TORCH="torch==2.13.0+cpu"      another build or version of torch than constraints.txt's
#
# pip takes torch from wherever its own configuration looks, so that a folder of wheels can supply
# a CPU build; with PyPI alone it is PyPI's build.

PYTHON ?= python3
TORCH  ?= $(shell grep '^torch==' constraints.txt)

VENV  := .venv
BIN   := $(VENV)/bin
# Stamps: the set-up is done again only when what it is made from has changed.
TRAIN := $(VENV)/.installed-train
STAMP := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test mutants kills format clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: $(TRAIN) ## set up, then train a HalfCheetah from 700 synthetic comparisons
	$(BIN)/pbrl train HalfCheetah

test: export OMP_NUM_THREADS ?= 1
test: $(STAMP) ## set up, then lint, types, direction of imports and all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

mutants: $(STAMP) ## break each line of the recipe in turn: a test must turn red
	$(BIN)/python tests/mutants.py

kills: $(STAMP) ## kill training, viewer and database hundreds of times: nothing may be lost
	$(BIN)/python tests/kill_harness.py --kills 50 --aimed 30
	PYTHONPATH=. $(BIN)/python tests/people_kill_harness.py --kills 300

format: $(STAMP) ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the virtual environment, builds and caches (runs are kept)
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .import_linter_cache
	find pbrl envs labeling_ui experiments tests -name __pycache__ -prune -exec rm -rf {} +

# --- set-up -------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); found = sys.version.split()[0]; \
	sys.exit(0 if ok else f"Python {found} found, 3.11 to 3.13 needed: make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# constraints.txt with TORCH in the place of its own pin; rewritten only when that changes something.
$(VENV)/constraints.txt: constraints.txt $(BIN)/python FORCE
	@{ grep -v '^torch==' constraints.txt; echo "$(TORCH)"; } > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
FORCE:

$(TRAIN): pyproject.toml $(VENV)/constraints.txt
	sh scripts/debian_packages.sh libegl1=libEGL.so.1 libgl1=libGL.so.1 libglib2.0-0=libglib-2.0.so.0
	$(BIN)/pip install -q -c $(VENV)/constraints.txt -e '.[train]'
	@touch $@

$(STAMP): $(TRAIN)
	sh scripts/debian_packages.sh libgl1-mesa-dri=/usr/share/doc/libgl1-mesa-dri xvfb=/usr/bin/Xvfb postgresql=/usr/lib/postgresql
	$(BIN)/pip install -q -c $(VENV)/constraints.txt -e '.[train,postgresql,ray,dev]'
	@touch $@
