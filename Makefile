# Two commands are all a user types: `make demo` and `make test`. Everything they need is installed here.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
export SIMLB_CERTS ?= $(CURDIR)/certs
# Where the environment forbids it, every instance that a test starts would compile all of simlb anew: 0.4 s each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check setup setup-dev test-tools lint types layers web web-tools unit e2e scenarios soak fmt clean bench bench-tools models

demo: setup
	$(BIN)/simlb demo $(ARGS)

test: check

check: lint types layers web unit

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

$(VENV)/.python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'simlb needs Python 3.11 or newer; this is ' + sys.version.split()[0] + '. Try: make demo PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@ $(VENV)/.installed

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev
	$(BIN)/mypy

layers: setup-dev
	$(BIN)/lint-imports --no-cache

# Stories and tests of time go by the clock, tests of processes count what is left in their own, and some need ports 80 and
# 443 free: one at a time, and nothing beside them. Everything else runs two files at a time, and three where tests wait
# for processes and browsers most of their time.
STORIES := tests/e2e/test_scenarios_a.py tests/e2e/test_scenarios_b.py
PLAYED  := tests/e2e/console/test_scenarios.py
PORTS   := tests/e2e/test_demo.py tests/e2e/test_instances.py tests/e2e/test_messages.py
ALONE   := tests/processes tests/survival/test_time.py $(STORIES) $(PLAYED) $(PORTS)
SIDE_BY_SIDE := $(BIN)/python -m pytest --dist loadfile

unit: setup-dev test-tools web-tools
	$(SIDE_BY_SIDE) -n 2 --ignore=tests/e2e --ignore=tests/survival --ignore=tests/processes
	$(SIDE_BY_SIDE) -n 3 tests/e2e $(addprefix --ignore=,$(ALONE))
	$(SIDE_BY_SIDE) -n 2 tests/survival $(addprefix --ignore=,$(ALONE))
	$(BIN)/python -m pytest $(ALONE)

# The console's scripts: their types and their form. Nothing of npm's is shipped.
web: web-tools
	@if [ -d node_modules/typescript ]; then npm run --silent types && npm run --silent format; \
	elif [ -n "$$CI" ]; then echo "npm is missing, and CI must not go without it"; exit 1; \
	else echo "npm is missing - the console's scripts were not checked"; fi

web-tools: node_modules/.installed

node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	  && { apt-get install -y --no-install-recommends npm || { apt-get update && apt-get install -y --no-install-recommends npm; }; }; } \
	  || echo "npm is missing. Debian and Ubuntu: sudo apt-get install npm"
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund --silent && touch $@; fi

e2e: setup-dev
	$(BIN)/python -m pytest tests/e2e

# Other people's programs that the tests drive. What cannot be had here is said, and its tests are skipped.
test-tools: .tools/promtool
	@missing=; for tool in node:nodejs goaccess:goaccess chromium:chromium; do \
	  command -v $${tool%%:*} >/dev/null || missing="$$missing $${tool#*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get install -y --no-install-recommends $$missing || { apt-get update && apt-get install -y --no-install-recommends $$missing; } \
	    || echo "could not install:$$missing - their tests are skipped"; \
	else echo "missing:$$missing - their tests are skipped. Debian and Ubuntu: sudo apt-get install$$missing"; fi

# One program out of Debian's package: installing it would start a service.
.tools/promtool:
	@command -v promtool >/dev/null && exit 0; \
	if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then \
	  root=; [ "$$(id -u)" = 0 ] || root="sudo -n"; mkdir -p .tools && cd .tools && rm -f prometheus_*.deb \
	    && { apt-get -q download prometheus || { $$root apt-get -q update && apt-get -q download prometheus; }; } \
	    && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool > promtool.part \
	    && chmod +x promtool.part && mv promtool.part promtool && rm -f prometheus_*.deb \
	    || echo "could not get promtool - its test is skipped"; \
	else echo "promtool is missing - its test is skipped. It comes with Prometheus"; fi

# QUICK=1 takes two minutes instead of twelve; ROWS="small-64 tls" only some; AGAINST=DIR another source tree as control.
bench: setup bench-tools
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(ROWS),--rows $(ROWS)) $(if $(AGAINST),--against $(AGAINST)) $(ARGS)

# What is missing and cannot be installed here is said, and its rows are skipped.
bench-tools:
	@missing=; for tool in nginx:nginx-light haproxy:haproxy wrk:wrk openssl:openssl; do \
	  PATH="$$PATH:/usr/sbin" command -v $${tool%%:*} >/dev/null || missing="$$missing $${tool#*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get install -y --no-install-recommends $$missing || echo "could not install:$$missing - their rows are skipped"; \
	else echo "missing:$$missing - their rows are skipped. Debian and Ubuntu: sudo apt-get install$$missing"; fi

# Every shipped scenario at its highest speed, the long one too.
scenarios: setup-dev
	SIMLB_LONG_SCENARIOS=1 $(BIN)/python -m pytest $(STORIES)

# Half an hour of everything at once. Another length: make soak SIMLB_SOAK_S=600
soak: export SIMLB_SOAK_S ?= 1800
soak: setup-dev
	$(BIN)/python -m pytest -s -o faulthandler_timeout=0 tests/survival/test_mixed_load.py

# simlb's tables of AWS's APIs, made anew from the newest botocore. A test fails when they differ.
models: setup-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade botocore
	$(BIN)/python -m codegen.elbv2

fmt: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .tools node_modules build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
