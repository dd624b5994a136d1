# One word each: run, test, lint, audit, bench, soak, page-report, screenshots, design, stickers, lock, clean. ARGS is passed on: make test ARGS='-k token'
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes

# Where it is set, each start of a server compiles all of our modules anew: 1 s of CPU in 3.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint audit bench soak page-report screenshots design stickers lock clean

run: .venv/run-ready
	@exec $(BIN)/python run.py $(ARGS)

test: .venv/dev-ready
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 $(ARGS)

lint: .venv/dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: .venv/dev-ready
	@$(BIN)/python -m tests.audit

bench: .venv/dev-ready
	$(BIN)/python -m tests.bench $(ARGS)

soak: .venv/dev-ready
	$(BIN)/python -m tests.soak $(ARGS)

page-report: .venv/dev-ready
	@$(BIN)/python -m tests.page.report $(ARGS)

screenshots: .venv/dev-ready
	$(BIN)/python -m tests.page.screenshots

design: .venv/dev-ready
	$(BIN)/python -m tests.page.design

stickers: .venv/dev-ready
	$(BIN)/python -m tests.page.stickers $(ARGS)

# Keeps the versions that are in the files already; `make lock ARGS=--upgrade` takes newer ones.
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(ARGS)
lock: .venv/dev-ready
	$(UV_COMPILE) pyproject.toml --output-file requirements.txt
	$(UV_COMPILE) pyproject.toml --group dev --constraints requirements.txt \
		--output-file requirements-dev.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is written last, so that an interrupted installation is done again.
.venv/made:
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Tornado IM needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d: say make PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/run-ready: .venv/made requirements.txt
	@echo "Installing what the server needs into .venv (once; under a minute)"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/dev-ready: .venv/run-ready requirements-dev.txt
	@echo "Installing what tests and lint need into .venv (once)"
	@$(PIP) -r requirements-dev.txt
	@touch $@
