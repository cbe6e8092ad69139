.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# A step runs again when a file that it depends on is newer than its stamp.
PYTHON_READY := .venv/.ready
NODE_READY := frontend/node_modules/.ready
PAGES_READY := frontend/vendor/.ready
DEPLOY_READY := .venv/.ready-deploy
PEERS_READY := bench/peers/node/node_modules/.ready
SERVERS_READY := tests/server_packages/node_modules/.ready
PREFIX ?= /usr/local
TO = $(DESTDIR)$(PREFIX)
ON_OLDEST = tests/users tests/audit tests/backups/test_restore.py tests/backups/test_checks.py \
	tests/backups/test_removals.py tests/jobs tests/maintenance tests/migrations tests/database_admin \
	tests/access_reviews tests/signing_keys tests/rate_limits tests/telemetry tests/test_statements.py \
	--ignore tests/database_admin/test_vacuum.py
# Outside PREFIX, because the crontab lines of the guide name this folder.
SCRIPTS = /opt/aiwebengine/maintenance
PLAIN = not browser and not tools and not guides and not bench and not servers
FILL = sed -e 's|@PREFIX@|$(PREFIX)|g' -e "s|@PYTHON@|$$(command -v $(PYTHON))|g"
# For every platform, with hashes, and without the index they came from.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--constraint constraints.txt --generate-hashes --no-header --no-annotate

.PHONY: help install install-all run test lint format types test-python test-untimed test-timed test-fast test-frontend test-tools test-browser test-guides test-deploy test-servers test-oldest test-kill schema architecture words previous requirements install-system bench test-bench bench-backup bench-scale pictures clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

install: $(PYTHON_READY) $(PAGES_READY) ## Install what development needs into .venv/ and frontend/

run: install ## Start the engine on http://localhost:3000
	@echo "Starting the engine …"
	@$(BIN)/aiwebengine serve

test: lint types test-python test-frontend ## Lint, types and all tests except the browser

lint: install ## Check style, layers and security of Python and JavaScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive server
	cd frontend && npm run --silent lint && npm run --silent format:check

format: install ## Format Python and JavaScript
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd frontend && npm run --silent format

# A folder has the same name as the target.
.PHONY: reference
reference: install ## Write docs/reference/ and the generated parts of docs/
	$(BIN)/python -m reference

architecture: install ## Draw the layers in docs/architecture.md, list docs/decisions/
	$(BIN)/python -m reference.parts

words: install ## Lower the numbers of words.toml after house words were replaced
	$(BIN)/python -m reference.words

types: install ## Check types of Python and JavaScript
	$(BIN)/mypy
	cd frontend && npm run --silent check

test-python: ## Run the Python tests against a real PostgreSQL
	$(MAKE) --no-print-directory test-untimed
	$(MAKE) --no-print-directory test-timed

# More tests at once than processors, because many wait.
test-untimed: install ## Run the Python tests that do not depend on times
	$(BIN)/pytest -n 3 --dist worksteal -m "not timed and $(PLAIN)" --ignore tests/deploy

test-timed: install ## Run the Python tests that assert on times, with fewer in parallel
	$(BIN)/pytest -n 2 --dist worksteal -m "timed and $(PLAIN)" --ignore tests/deploy

# mypy reads the whole package: it keeps what it knows of unchanged files.
test-fast: install ## Lint and test one package, without slow tests: make test-fast PACKAGE=users
	@test -n "$(PACKAGE)" && test -d "tests/$(PACKAGE)" || \
		{ echo "Name a folder of tests/, for example: make test-fast PACKAGE=users" >&2; exit 2; }
	$(BIN)/ruff check $(wildcard server/aiwebengine/$(PACKAGE)) tests/$(PACKAGE)
	$(BIN)/ruff format --check $(wildcard server/aiwebengine/$(PACKAGE)) tests/$(PACKAGE)
	$(BIN)/mypy
	[ ! -d frontend/$(PACKAGE) ] || (cd frontend && node_modules/.bin/eslint $(PACKAGE))
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and not timed and $(PLAIN)" tests/$(PACKAGE)

test-frontend: install ## Run the tests of the pages' pure modules
	cd frontend && npm test --silent

test-tools: install ## Run promtool, shellcheck, systemd-analyze (Debian: prometheus, shellcheck, systemd)
	$(BIN)/pytest -m tools --ignore tests/deploy

test-browser: install ## Run the browser tests in Chromium (Debian: chromium)
	$(BIN)/pytest -n 2 --dist loadfile -m browser --ignore tests/deploy

test-guides: install ## Run the examples of docs/ (Debian: curl, jq)
	$(BIN)/pytest -n 3 --dist worksteal -m guides tests/docs

pictures: install ## Take the README's screenshots (Debian: chromium)
	$(BIN)/python -m pictures

install-all: install $(DEPLOY_READY) $(PEERS_READY) $(SERVERS_READY) ## Install what test-deploy, test-servers and the benchmarks need as well

test-deploy: install $(DEPLOY_READY) ## Test image, compose, Caddy (2.6 or newer), nginx, HAProxy, pebble, systemd
	$(BIN)/pytest -n 3 --dist loadfile -m deploy tests/deploy

test-servers: install $(SERVERS_READY) ## Test each supported PostgreSQL version end to end
	$(BIN)/pytest -n 2 -m servers tests/database

test-oldest: install $(SERVERS_READY) ## Run the database tests on the oldest supported PostgreSQL
	TEST_SERVER_PROGRAMS=$(CURDIR)/tests/server_packages/node_modules/postgresql-13/native/bin \
		$(BIN)/pytest -n 3 --dist worksteal -m "not timed and not newest and $(PLAIN)" $(ON_OLDEST)

test-kill: install ## Kill backups, restores, migrations and what runs scripts more than 100 times each
	KILLS=$${KILLS:-20} $(BIN)/pytest -q -s tests/backups/test_kills.py tests/script_schedules/test_kills.py \
		tests/script_database/test_random_kills.py

schema: install ## Write schema.graphql, tests/schema.sql and frontend/types from the code
	$(BIN)/aiwebengine schema print > schema.graphql
	$(BIN)/python -m tests.tables > tests/schema.sql
	cd frontend && npm run --silent types

# `install` is for development, this is for production. DESTDIR, for packagers, is prepended to every
# path; the files can then be moved to PREFIX.
install-system: $(PAGES_READY) ## Install for systemd under PREFIX=/usr/local (DESTDIR=)
	rm -rf build/system && mkdir -p build/system
	$(PYTHON) -m pip install --quiet --no-warn-conflicts --target build/system/lib \
		--require-hashes --only-binary :all: --requirement requirements.txt
	$(PYTHON) -m pip install --quiet --target build/system/tools \
		--require-hashes --only-binary :all: --requirement requirements-build.txt
	PYTHONPATH=build/system/tools $(PYTHON) -m pip wheel --quiet --no-deps --no-build-isolation \
		--wheel-dir build/system .
	$(PYTHON) -m pip install --quiet --no-deps --no-index --target build/system/lib build/system/*.whl
	install -d $(TO)/bin $(TO)/lib/systemd/system $(TO)/lib/sysusers.d
	rm -rf $(TO)/lib/aiwebengine.new && cp -R build/system/lib $(TO)/lib/aiwebengine.new
	rm -rf $(TO)/lib/aiwebengine.old
	if [ -d $(TO)/lib/aiwebengine ]; then mv $(TO)/lib/aiwebengine $(TO)/lib/aiwebengine.old; fi
	mv $(TO)/lib/aiwebengine.new $(TO)/lib/aiwebengine
	$(FILL) deploy/systemd/launcher.sh > $(TO)/bin/aiwebengine && chmod 0755 $(TO)/bin/aiwebengine
	$(FILL) deploy/systemd/aiwebengine.service > $(TO)/lib/systemd/system/aiwebengine.service
	$(FILL) -e 's/^Description=.*/& at port %i/' -e '/^Type=/i Environment=APP_SERVER__PORT=%i' \
		deploy/systemd/aiwebengine.service > $(TO)/lib/systemd/system/aiwebengine@.service
	for unit in maintenance/systemd/*; do \
		$(FILL) $$unit > $(TO)/lib/systemd/system/$${unit##*/} || exit 1; done
	# The units and the crontab lines of docs/maintenance-scripts.md expect them here. A clone in this
	# place has its own.
	[ -e $(DESTDIR)$(SCRIPTS)/../pyproject.toml ] || { install -d $(DESTDIR)$(SCRIPTS) && \
		install -m 0755 maintenance/*.sh $(DESTDIR)$(SCRIPTS)/ && \
		$(FILL) maintenance/find-engine > $(DESTDIR)$(SCRIPTS)/find-engine; }
	install -m 0644 deploy/systemd/aiwebengine.sysusers $(TO)/lib/sysusers.d/aiwebengine.conf
	install -d -m 0755 $(DESTDIR)/etc/aiwebengine
	[ -e $(DESTDIR)/etc/aiwebengine/config.toml ] || \
		install -m 0644 config.production.toml $(DESTDIR)/etc/aiwebengine/config.toml
	[ -e $(DESTDIR)/etc/aiwebengine/environment ] || \
		install -m 0600 deploy/systemd/environment $(DESTDIR)/etc/aiwebengine/environment

previous: install ## Build the previous version (REVISION=, default: the last tag) for the update tests
	$(BIN)/python -m tests.upgrades.previous_version $(REVISION)

requirements: install $(DEPLOY_READY) ## Write requirements*.txt with hashes, for the image
	$(COMPILE) pyproject.toml --output-file requirements.txt
	echo 'hatchling>=1.27,<2' | $(COMPILE) - --output-file requirements-build.txt
	echo 'oidc-provider-mock' | $(COMPILE) - --output-file requirements-provider.txt

bench: install $(PEERS_READY) ## Benchmark against peers, as ratios within one run (Debian: wrk)
	$(BIN)/python -m bench

test-bench: install $(PEERS_READY) ## Test the peers of the benchmark (Debian: wrk)
	$(BIN)/pytest -m bench tests/test_peers.py

bench-scale: install $(PEERS_READY) ## Benchmark several instances, announcements and months of events
	$(BIN)/python -m bench.scale

bench-backup: install ## Benchmark backup and restore against pg_dump and pg_restore
	$(BIN)/python -m bench.backup

clean: ## Remove installed and built files (never data/)
	rm -rf .venv frontend/node_modules bench/peers/node/node_modules tests/server_packages/node_modules frontend/vendor dist build .mypy_cache .ruff_cache .pytest_cache

# pip prints nothing for minutes, or hundreds of lines. This prints one line for every 20 packages.
$(PYTHON_READY): pyproject.toml constraints.txt
	@echo "Python environment: .venv/"
	@$(PYTHON) -m venv .venv
	@echo "Python packages (1 to 2 minutes) …"
	@{ $(BIN)/pip install --progress-bar off --disable-pip-version-check --constraint constraints.txt \
		--editable '.[test]' 2>.venv/pip-errors || echo FAILED; } | awk ' \
		/^(Collecting|Requirement already satisfied)/ { if (++n % 20 == 0) { print "  " n " packages found …"; fflush() } } \
		/^Installing collected/ { print "  installing " n " packages …"; fflush() } \
		/^FAILED$$/ { failed = 1 } \
		END { exit failed }' || { cat .venv/pip-errors >&2; exit 1; }
	@touch $@

$(DEPLOY_READY): $(PYTHON_READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[deploy]'
	touch $@

$(NODE_READY): frontend/package.json frontend/package-lock.json
	@echo "Packages of the pages (npm) …"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The install script of these packages only creates links.
$(SERVERS_READY): tests/server_packages/package.json tests/server_packages/package-lock.json
	cd tests/server_packages && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	for package in tests/server_packages/node_modules/*/; do \
		(cd $$package && node scripts/hydrate-symlinks.js); done
	touch $@

$(PEERS_READY): $(PYTHON_READY) bench/requirements.txt bench/peers/node/package.json bench/peers/node/package-lock.json
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement bench/requirements.txt
	cd bench/peers/node && npm ci --no-audit --no-fund --loglevel=error
	touch $@

# What the bundles are made of: see frontend/tools/vendor.mjs.
BUNDLED := $(shell find frontend/editor frontend/graphiql frontend/lib frontend/css frontend/auth -name '*.js' -o -name '*.css')

$(PAGES_READY): $(NODE_READY) $(wildcard frontend/tools/*.mjs) $(BUNDLED)
	@echo "Building the pages …"
	@cd frontend && npm run --silent vendor
	@touch $@
