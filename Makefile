# Python 3.11 or newer: python3.11 where it runs, else python3.
PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
# More arguments for pip, such as another package index.
PIP_ARGS ?=
# The notebooks that test-notebook and refresh work on.
NOTEBOOK ?= notebooks/*.ipynb
# The folder that JupyterLab opens on: a student's own copy of the labs, or notebooks, the solved ones.
FOLDER ?= my_labs

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
NBVAL := --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with=tests/sanitize.cfg

# A notebook's kernel must choose matplotlib's inline backend by itself.
unexport MPLBACKEND

# matplotlib keeps its list of fonts in HOME unless it can't write there.
export MPLCONFIGDIR ?= $(shell test -w "$$HOME" || echo "$(CURDIR)/build/matplotlib")
ifeq ($(MPLCONFIGDIR),)
unexport MPLCONFIGDIR
endif

.PHONY: moved help setup lab slides site assignment browser-test test test-times test-helpers test-notebook test-labs test-imagenet refresh labs

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: .venv/.installed  ## install the course into .venv; quick when nothing changed
	@echo "The course is installed in .venv; 'make lab' opens it."

# A virtual environment works only where it was made; the marker holds the folder's path.
MOVED := $(shell test ! -e .venv/.installed || grep -qxF "$(CURDIR)" .venv/.installed || echo moved)

.venv/.installed: requirements.txt pyproject.toml $(MOVED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "The course needs Python 3.11 or newer: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(if $(MOVED),echo "This folder was moved or copied since it was set up.")
	@echo "Installing the packages of requirements.txt into .venv; this takes some minutes."
	$(PYTHON) -m venv $(if $(MOVED),--clear) .venv
	$(BIN)/python -m pip install $(PIP_ARGS) -r requirements.txt
	$(BIN)/python -m pip install $(PIP_ARGS) --no-deps -e .
	mkdir -p .venv/share/jupyter/lab/settings
	cp helpers/make/overrides.json .venv/share/jupyter/lab/settings/
	@echo "Listing the system's fonts for matplotlib, once."
	$(BIN)/python -c 'import matplotlib.font_manager'
	@echo "$(CURDIR)" > $@

lab: .venv/.installed  ## open JupyterLab on my_labs/, your own copy of the labs; on the solved notebooks with FOLDER=notebooks
	@$(if $(filter my_labs,$(FOLDER)),$(BIN)/python -m helpers.make.labs my_labs)
	@echo "Opening JupyterLab on $(FOLDER)/; Ctrl-C twice ends it."
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) \
	    --LabApp.default_url=/lab/tree/$(FOLDER)$$(test ! -e $(FOLDER)/START.ipynb || echo /START.ipynb) \
	    --ServerApp.tornado_settings='{"websocket_max_message_size": 104857600}'

test: .venv/.installed  ## run all notebooks and tests, two at a time
	@ls notebooks/*.ipynb tests/test_*.py > /dev/null
	OMP_NUM_THREADS=1 $(PYTEST) -n 2 --dist loadscope --no-loadscope-reorder --durations=20 \
	    --nbval $(NBVAL) $(STORE_TIMES) notebooks tests

test-times: STORE_TIMES := --store-times
test-times: test  ## the same, and store what each took in tests/README.md

test-helpers: .venv/.installed  ## run tests/ only
	$(PYTEST) tests

test-labs: .venv/.installed  ## run every lab, unsolved
	OMP_NUM_THREADS=1 $(PYTEST) -n 2 -m weekly tests/test_labs.py

test-imagenet: .venv/.installed  ## run all notebooks on ImageNet's networks; what they print is not compared
	OMP_NUM_THREADS=1 COURSE_WEIGHTS=imagenet $(PYTEST) -n 2 --dist loadscope --nbval-lax $(NBVAL) \
	    --nbval-cell-timeout=1200 notebooks

test-notebook: .venv/.installed  ## run NOTEBOOK=notebooks/05_saliency.ipynb and compare its outputs
	$(PYTEST) --nbval $(NBVAL) $(NOTEBOOK)

refresh: .venv/.installed  ## run the notebooks, or NOTEBOOK=..., store their outputs, and make labs and README's pictures of them
	$(BIN)/python -m helpers.make.refresh $(NOTEBOOK)
	$(BIN)/python -m helpers.make.labs
	$(BIN)/python -m helpers.make.mosaic

labs: .venv/.installed  ## make labs/, the students' version, of notebooks/
	$(BIN)/python -m helpers.make.labs

slides: .venv/.publish  ## write a deck of slides for each notebook: build/slides/*.html
	$(BIN)/python -m helpers.make.slides

site: slides  ## write the course, with its decks, as a site that reads offline: build/site/index.html
	$(BIN)/python -m helpers.make.publish

assignment: .venv/.installed  ## write the notebooks for nbgrader, as a course folder: build/course
	$(BIN)/python -m helpers.make.assignment

browser-test: site  ## drive labs, decks and the site in Chromium
	$(BIN)/python -m pip install $(PIP_ARGS) -e .[browser]
	$(PYTEST) -m browser tests/test_browser.py

.venv/.publish: .venv/.installed
	$(BIN)/python -m pip install $(PIP_ARGS) -e .[publish]
	@touch $@
