# Python 3.11 or newer: python3.11 where it runs, else python3.
PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
# More arguments for pip, such as another package index.
PIP_ARGS ?=
# The notebooks that test-notebook and refresh work on.
NOTEBOOK ?= notebooks/*.ipynb
# The folder that JupyterLab opens on.
FOLDER ?= notebooks

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with=tests/sanitize.cfg

# A notebook's kernel must choose matplotlib's inline backend by itself.
unexport MPLBACKEND

.PHONY: help setup lab test test-helpers test-notebook refresh labs

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: .venv/.installed  ## install the course into .venv; quick when nothing changed
	@echo "The course is installed in .venv; 'make lab' opens it."

.venv/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "The course needs Python 3.11 or newer: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing the packages of requirements.txt into .venv; this takes some minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install $(PIP_ARGS) -r requirements.txt
	$(BIN)/python -m pip install $(PIP_ARGS) --no-deps -e .
	@touch $@

lab: .venv/.installed  ## open JupyterLab on notebooks/; on another folder with FOLDER=labs
	@echo "Opening JupyterLab on $(FOLDER)/; Ctrl-C twice ends it."
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/$(FOLDER) \
	    --ServerApp.tornado_settings='{"websocket_max_message_size": 104857600}'

test: .venv/.installed  ## run all notebooks and tests, two at a time
	@ls notebooks/*.ipynb tests/test_*.py > /dev/null
	OMP_NUM_THREADS=1 $(PYTEST) -n 2 --dist loadscope $(NBVAL) notebooks tests

test-helpers: .venv/.installed  ## run tests/ only
	$(PYTEST) tests

test-notebook: .venv/.installed  ## run NOTEBOOK=notebooks/05_saliency.ipynb and compare its outputs
	$(PYTEST) $(NBVAL) $(NOTEBOOK)

refresh: .venv/.installed  ## run the notebooks, or NOTEBOOK=..., store their outputs, and make labs and README's pictures of them
	TQDM_DISABLE=1 $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	    --ExecutePreprocessor.record_timing=False $(NOTEBOOK)
	$(BIN)/nbstripout --keep-output --keep-count --keep-id $(NOTEBOOK)
	$(BIN)/python -m helpers.make.labs
	$(BIN)/python -m helpers.make.strip

labs: .venv/.installed  ## make labs/, the students' version, of notebooks/
	$(BIN)/python -m helpers.make.labs
