# Two commands: `make run` and `make test`. Each installs what it needs, once.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# npm writes this file whenever it has installed.
NODE_MODULES := frontend/node_modules/.package-lock.json
# The published providers, and the examples that people start from: tests run both.
CLIENT_MODULES := $(patsubst %/package.json,%/node_modules/.package-lock.json, \
	$(wildcard tests/clients/package.json examples/package.json))
BUILT := frontend/dist/index.html
# Directories are listed too, so that a deleted file counts as a change.
FRONTEND := $(shell find frontend/src frontend/public) frontend/index.html \
	$(wildcard frontend/*.json frontend/*.ts)
# mypy loads the settings, which insist on a key.
TOOLS := SECRET_KEY=none

.PHONY: help run test lint format soak bench bench-all requirements screenshots clean

help:
	@echo "make run           install, build, migrate and serve on http://$(HOST):$(PORT)/"
	@echo "make test          install and run everything: lint, unit, API, live and browser tests"
	@echo "make lint          the lint step alone"
	@echo "make format        format Python and TypeScript"
	@echo "make soak          the faults at full length, and many more random stories"
	@echo "make bench         compare with other servers; make bench-all adds the long curves"
	@echo "make requirements  pin requirements/*.in again"
	@echo "make screenshots   take the picture of the README"
	@echo "make clean         remove what was installed and built; the database stays"

# ---- what the rest stands on -----------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: PYTHON=/path/to/python3.11 make ..."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/base.stamp: requirements/base.txt | $(BIN)/python
	$(PIP) -r requirements/base.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt | $(BIN)/python
	$(PIP) -r requirements/dev.txt
	@touch .venv/base.stamp $@

$(NODE_MODULES) $(CLIENT_MODULES): %/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 or newer with npm is needed."; exit 1; }
	npm --prefix $* ci
	@touch $@

$(BUILT): $(NODE_MODULES) $(FRONTEND) | .venv/base.stamp
	npm --prefix frontend run build
	$(BIN)/python -m whitenoise.compress --quiet frontend/dist
	@touch $@

# ---- commands --------------------------------------------------------------------------------

run: export HOST := $(HOST)
run: export PORT := $(PORT)
run: export DEBUG ?= 1
run: .venv/base.stamp $(BUILT)
	@$(BIN)/python -c 'import socket, sys; s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[1], int(sys.argv[2])))' "$(HOST)" "$(PORT)" 2>/dev/null \
		|| { echo "Cannot listen on $(HOST):$(PORT): it is taken, or not an address of this machine. Choose another: PORT=8001 make run"; exit 1; }
	@$(BIN)/python manage.py migrate --noinput --verbosity 0
	@case "$$DEBUG" in 1|true|yes|on) $(BIN)/python manage.py createdemo ;; esac
	@echo
	@echo "  Serving on http://$(HOST):$(PORT)/"
	@case "$$DEBUG" in 1|true|yes|on) \
		echo "  Sign in as alice, bob, vera or charlie; the password is demo." ;; esac
	@echo
	@PATH="$(CURDIR)/$(BIN):$$PATH" exec sh -c "exec $$(sed -n 's/^web: *//p' Procfile)"

test: .venv/dev.stamp $(BUILT) $(CLIENT_MODULES)
	@CHROMIUM="$$(.ci/chromium)" && export CHROMIUM && exec $(BIN)/python -m tests.run

lint: .venv/dev.stamp $(NODE_MODULES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(TOOLS) $(BIN)/mypy
	$(BIN)/lint-imports
	npm --prefix frontend run lint

format: .venv/dev.stamp $(NODE_MODULES)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	npm --prefix frontend run format

soak: .venv/dev.stamp $(BUILT) $(CLIENT_MODULES)
	SOAK=1 $(BIN)/python -m pytest tests/faults
	SEEDS=200 $(BIN)/python -m pytest tests/e2e/test_convergence.py tests/e2e/test_stock_convergence.py

bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks run --quick

bench-all: .venv/dev.stamp
	$(BIN)/python -m benchmarks.cold_open
	$(BIN)/python -m benchmarks --output benchmarks/results run --curves

requirements: .venv/dev.stamp
	$(BIN)/uv pip compile --upgrade --quiet --output-file requirements/base.txt requirements/base.in
	$(BIN)/uv pip compile --upgrade --quiet --output-file requirements/dev.txt requirements/dev.in

screenshots: .venv/dev.stamp $(BUILT)
	@CHROMIUM="$$(.ci/chromium)" && export CHROMIUM && SCREENSHOTS=docs/screenshots \
		exec $(BIN)/python -m pytest tests/e2e/test_browser.py -k screenshot

clean:
	rm -rf .venv frontend/node_modules frontend/dist \
		tests/clients/node_modules examples/node_modules .mypy_cache .pytest_cache .ruff_cache \
		.hypothesis .import_linter_cache test-results
