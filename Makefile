# Everything runs in .venv/ beside this file. A stamp for each requirements file lets the second time skip pip.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8501
# Whether the server watches the source for changes while you write it: `make run WATCH=auto`.
WATCH ?= none
# Two workers suit two cores; what drives a browser or trains in processes of its own goes through one of them.
WORKERS ?= 2
# `make run GPU=1` takes PyTorch's CUDA build on Linux and keeps to it; `make run GPU=0` goes back to the CPU build.
GPU ?= $(if $(wildcard .venv/.installed-app-gpu),1,0)
# More for pytest: `make test ARGS="tests/test_charts.py -k roc"`.
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
APP := $(VENV)/.installed-app$(if $(filter-out 0,$(GPU)),-gpu)
DEV := $(VENV)/.installed-dev

export DIABOLO_GPU := $(GPU)

.DEFAULT_GOAL := help
.PHONY: help translations setup run test quick chromium style bench figures starters

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 13) else \
		"Diabolo needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is %d.%d. Try: make PYTHON=python3.11" % v[:2])'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made." \
		"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

# scripts/torch_build chooses the build of torch while it is installed, and says in words which one it was.
$(APP): requirements.txt requirements-app.txt $(wildcard scripts/torch_build/*) $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -c 'from importlib.metadata import metadata; print(metadata("diabolo-torch")["Summary"])'
	@rm -f $(VENV)/.installed-*
	@touch $@

$(DEV): requirements-dev.txt $(APP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(DEV) ## install all that run and test need into .venv/

run: $(APP) ## start the app on http://127.0.0.1:8501
	@$(BIN)/python -m streamlit run app.py --server.address $(HOST) --server.port $(PORT) --server.fileWatcherType $(WATCH)

chromium: $(DEV)
	@bash scripts/chromium.sh

test: chromium ## run the whole suite, the browser tests too
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

quick: $(DEV) ## run the tests that need no process, no page, no browser and no long training (under a minute)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m quick --ignore tests/browser $(ARGS)

style: $(DEV) ## check style and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

bench: chromium ## measure training speed and what a visitor feels (five minutes, on a quiet machine)
	@mkdir -p out/benchmarks
	$(BIN)/python benchmarks/training.py --json out/benchmarks/training.json
	$(BIN)/python benchmarks/browser.py --json out/benchmarks/browser.json

translations: $(DEV) ## bring the catalogues up to date with the source, and say what is left to translate
	$(BIN)/python scripts/translations.py

figures: $(DEV) ## measure what the experiments reach, row by row, into docs/figures.md (needs MNIST; up to three hours)
	$(BIN)/python benchmarks/figures.py $(ROWS)

starters: $(DEV) ## train the models that come with Diabolo again (needs MNIST; about half an hour)
	$(BIN)/python scripts/make_starters.py
