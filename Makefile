.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# A stamp is newer than what it was made from, or the step runs again.
PYTHON_READY := .venv/.ready
NODE_READY := frontend/node_modules/.ready
PAGES_READY := frontend/vendor/.ready

.PHONY: help install run test lint format types test-python test-frontend test-tools test-browser test-kill schema bench bench-backup clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

install: $(PYTHON_READY) $(PAGES_READY) ## Install everything into .venv/ and frontend/

run: install ## Start the engine on http://localhost:3000
	$(BIN)/aiwebengine serve

test: lint types test-python test-frontend ## Everything but the browser

lint: install ## Style of Python and JavaScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd frontend && npm run --silent lint && npm run --silent format:check

format: install ## Put Python and JavaScript into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd frontend && npm run --silent format

types: install ## Types of Python and JavaScript
	$(BIN)/mypy
	cd frontend && npm run --silent check

test-python: install ## Tests against a real PostgreSQL
	$(BIN)/pytest -n 2 -m "not browser and not tools"

test-frontend: install ## Tests of the pages' pure modules
	cd frontend && npm test --silent

test-tools: install ## What others' tools say (Debian's packages prometheus, shellcheck, systemd)
	$(BIN)/pytest -m tools

test-browser: install ## Tests in a real Chromium (Debian's package chromium)
	$(BIN)/pytest -m browser

test-kill: install ## Kill backups, restores and migrations more than 100 times
	KILLS=$${KILLS:-20} $(BIN)/pytest -q -s tests/backups/test_kills.py

schema: install ## Write schema.graphql and tests/schema.sql from the code
	$(BIN)/aiwebengine schema print > schema.graphql
	$(BIN)/python -m tests.tables > tests/schema.sql

bench: install ## Measure, as ratios within one run
	$(BIN)/python -m bench

bench-backup: install ## Measure backup and restore beside pg_dump and pg_restore
	$(BIN)/python -m bench.backup

clean: ## Remove what was installed and built (never data/)
	rm -rf .venv frontend/node_modules frontend/vendor dist build .mypy_cache .ruff_cache .pytest_cache

$(PYTHON_READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

$(NODE_READY): frontend/package.json frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(PAGES_READY): $(NODE_READY) $(wildcard frontend/tools/*.mjs frontend/graphiql/*.js)
	cd frontend && npm run --silent vendor
	touch $@
