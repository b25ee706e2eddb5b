# Two commands do everything: make demo, make test. All work again and again, and offline once installed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
INSTALLED := $(VENV)/.installed
TOOLS := $(VENV)/.tools
WORKERS ?= auto

.PHONY: demo test install check format bench reliability clean

demo: install
	@$(BIN)/troth demo

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Troth needs Python 3.11 or newer; set PYTHON=…") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(TOOLS): $(INSTALLED)
	$(PIP) -e '.[test,check]'
	@touch $@

test: $(TOOLS)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests

check: $(TOOLS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TOOLS)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The races and crashes of the tests at their full size; minutes each, so that a hang is told from work only after an hour.
reliability: $(TOOLS)
	TROTH_TEST_FULL_SIZE=1 $(BIN)/python -m pytest -n 0 -o faulthandler_timeout=3600 tests/reliability

bench: $(TOOLS)
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache
