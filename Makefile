# Needs python3 (3.11 or newer) with venv, and nothing else. `make PYTHON=python3.12 demo` picks another.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
VENV ?= .venv
RUN := $(VENV)/bin/python
WHEEL := $(VENV)/wheel
# A process of tests a core; a file's tests stay together, as they share what they have started.
PARALLEL := -n auto --dist loadfile
PIP := $(RUN) -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test test-all wheel-test check format bench docs picture clean

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/.core ## index Python's own documentation and library, and stop what copies them
	@$(VENV)/bin/simblock demo

test: $(VENV)/.test $(VENV)/.openai2 ## run the tests (under 5 minutes)
	@$(RUN) -m pytest $(PARALLEL) -m "not slow"

test-all: $(VENV)/.test $(VENV)/.openai2 wheel-test ## run the tests, the slow ones and wheel-test too
	@$(RUN) -m pytest $(PARALLEL)

# From another folder, so that what the wheel lacks is not found in the checkout.
wheel-test: $(VENV)/.pip ## build the wheel, install it by itself, and run the demo and the doctor from it
	@rm -rf $(WHEEL)
	@$(PIP) wheel --no-deps --wheel-dir $(WHEEL)/dist .
	@$(PYTHON) -m venv $(WHEEL)/venv
	@$(WHEEL)/venv/bin/python -m pip --disable-pip-version-check --quiet install "$$(echo $(WHEEL)/dist/*.whl)[crypt]"
	@cd $(WHEEL) && venv/bin/simblock demo --json && venv/bin/simblock doctor --json

check: $(VENV)/.check ## lint, format check, types, layers
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports

format: $(VENV)/.check ## mend what ruff can mend
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

bench: $(VENV)/.bench ## run the benchmarks
	@$(RUN) -m benchmarks

docs: $(VENV)/.core ## write docs/commands.md from the commands
	@$(RUN) scripts/document_commands.py docs/commands.md

picture: $(VENV)/.core ## draw docs/demo.svg from a run of the demo
	@$(RUN) scripts/draw_demo.py docs/demo.svg

clean: ## remove the environment and what tools left
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist

# pip knows dependency groups from 25.1 on; the one that venv brings is often older.
$(VENV)/.pip:
	@test -n "$(PYTHON)" || { echo "make: needs Python 3.11 or newer with venv: install it or give PYTHON=" >&2; exit 2; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.core: pyproject.toml $(VENV)/.pip
	@echo "installing simblock and what it needs"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.test $(VENV)/.check $(VENV)/.bench: $(VENV)/.%: $(VENV)/.core
	@echo "installing what make $* needs"
	@$(PIP) install --editable '.[languages]' --group $*
	@touch $@

# The SDK's line before, which cannot stand beside its successor: tests run its clients in processes of their own.
$(VENV)/.openai2: $(VENV)/.pip
	@$(PIP) install --target $(VENV)/openai2 'openai>=2,<3'
	@touch $@
