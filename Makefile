# Everything a person types: make demo, make ui, make test. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test lint format docs clean

help:  ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) (once, a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade pip setuptools wheel
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[test,benchmark]'
	@touch $(READY)

setup: $(READY)  ## Create .venv and install everything

demo: $(READY)  ## Load the sample conversations, enrich them, show the result
	@$(BIN)/whisper-enrich demo

ui: $(READY)  ## The Dagster UI on http://127.0.0.1:3000 until Ctrl-C
	@$(BIN)/whisper-enrich up

test: $(READY)  ## All tests; those that depend on time a second time under another TZ
	@$(BIN)/ruff check .
	@TZ=America/Los_Angeles $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m time_sensitive
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## What ruff finds
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(READY)  ## Let ruff mend what it can
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: $(READY)  ## Write the pages of docs/ that are made from the code anew
	@$(BIN)/python -m whisper_enrich.reference

clean:  ## Remove the virtual environment and all local state
	rm -rf $(VENV) .whisper-enrich build *.egg-info
