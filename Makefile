# Every target may be repeated; what is up to date is left alone.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do "$$p" -c $(SUPPORTED) 2>/dev/null && echo "$$p" && break; done)
SUPPORTED := 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 2 ? 2 : n > 6 ? 6 : n)))
TESTS ?= tests/e2e tests/integration tests/validation tests/unit
INJECTIONS ?= 60
MILLIONS ?= 1 21
DEMO := hearth-demo
SECONDS ?= 60
SEED ?= 1
VENV_PYTHON := .venv/bin/python
UV_COMPILE := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --python $(VENV_PYTHON) \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet

# Commands below see no setting of another Hearth and no other Prefect server than their own.
CLEAN := for name in $${!PREFECT_@} $${!HEARTH_@}; do unset "$$name"; done
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A .venv that was moved, or whose Python is gone, is made anew.
PLACE = $(shell cat .venv/.place 2>/dev/null)
ifneq ($(PLACE),$(CURDIR))
.venv/.place: anew
else ifneq ($(shell $(VENV_PYTHON) -c $(SUPPORTED) 2>/dev/null && echo yes),yes)
.venv/.place: anew
endif

.PHONY: help setup demo test quick check fuzz sbom audit docs lock torture bench clean anew

help: ## list the targets
	@echo "Hearth: half-hourly gas readings in, the cost of heat out. Start with: make demo"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.run-installed ## install what Hearth needs into .venv, and .venv/bin/hearth
	@echo "ready: .venv/bin/hearth --help"

demo: .venv/.run-installed ## make up a trial of 600 homes, run everything on it, say where the report is
	@$(CLEAN); export HEARTH_HOME=$(DEMO); \
	.venv/bin/hearth sample --out $(DEMO)/landing; \
	.venv/bin/hearth run --landing $(DEMO)/landing; \
	printf '%s\n' '' \
		"report     file://$$(pwd | sed 's/ /%20/g')/$(DEMO)/reports/current/index.html" \
		"warehouse  $(DEMO)/warehouse/current.duckdb" '' 'Next:' \
		'  export HEARTH_HOME=$(DEMO)' \
		'  .venv/bin/hearth status' \
		'  .venv/bin/hearth sql "SELECT dwelling_type, households, round(heat_kwh_mean) AS heat_kwh FROM heat_demand_annual"' \
		'  .venv/bin/hearth lcoh --demand-kwh 12000 --dwellings 750'

# Each worker of the tests is one thread of linear algebra: with more they fight for the cores.
test: .venv/.dev-installed ## run every test (TESTS=tests/unit for some of them)
	@$(CLEAN); export OPENBLAS_NUM_THREADS=1; $(VENV_PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

quick: .venv/.dev-installed ## unit tests and one small run from end to end: while you work
	@$(MAKE) test TESTS="tests/e2e/test_quick.py tests/unit"

check: .venv/.dev-installed ## lint, format, types, import contracts, insecure patterns
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	.venv/bin/lint-imports
	$(VENV_PYTHON) -m bandit --quiet --confidence-level medium --recursive flows transforms quality warehouse reports 2>/dev/null

fuzz: .venv/.dev-installed ## mutate the inputs of every parser for SECONDS=60 and count what breaks
	@$(CLEAN); export OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1; $(VENV_PYTHON) -m tests.fuzzing --seconds $(SECONDS) --seed $(SEED)

sbom: .venv/.run-installed ## write sbom.cdx.json, the bill of materials (CycloneDX), from the lock and what is installed
	@$(VENV_PYTHON) -m flows.cli.bill_of_materials > sbom.cdx.json && echo "wrote sbom.cdx.json"

audit: .venv/.dev-installed ## ask for known advisories about what is locked; needs the network, so CI leaves it out
	.venv/bin/uv tool run pip-audit --requirement requirements.txt --disable-pip --require-hashes

docs: .venv/.run-installed ## write docs/data-dictionary.md and docs/schema.md anew from the table declarations
	@$(VENV_PYTHON) -m flows.cli.documentation

lock: .venv/.dev-installed ## write both lock files anew from pyproject.toml (UPGRADE=--upgrade for newer versions)
	$(UV_COMPILE) $(UPGRADE) --extra setup --output-file requirements.txt
	$(UV_COMPILE) $(UPGRADE) --extra dev --output-file requirements-dev.txt

torture: .venv/.dev-installed ## inject faults into runs, and write docs/reliability.md (INJECTIONS=60)
	@$(CLEAN); $(VENV_PYTHON) -m tests.benchmarks.torture --injections $(INJECTIONS) --write

bench: .venv/.dev-installed ## write docs/benchmarks.md: what a run costs at MILLIONS="1 21" readings, beside short scripts
	@$(CLEAN); $(VENV_PYTHON) -m tests.benchmarks.speed --millions $(MILLIONS)
	@$(VENV_PYTHON) -m tests.benchmarks.lcoh_speed

clean: ## delete .venv, the demo and every cache
	rm -rf .venv $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Installing: the uv that requirements-dev.txt pins, by pip; the rest by uv; all of it by pip where uv finds no index, such
# as behind a mirror that only pip is set up for. Bytecode is compiled now: Prefect alone would cost every start 5 s.
define install
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > .venv/uv.txt
	@$(VENV_PYTHON) -m pip install --quiet --require-hashes -r .venv/uv.txt \
		&& UV_HTTP_TIMEOUT=60 .venv/bin/uv pip install --python $(VENV_PYTHON) --quiet --compile-bytecode --require-hashes -r $(1) \
		|| { echo "uv cannot install here; pip does it, in a minute or two"; \
			$(VENV_PYTHON) -m pip install --quiet --upgrade "pip>=26.3"; \
			$(VENV_PYTHON) -m pip install --quiet --require-hashes -r $(1); }
	@$(VENV_PYTHON) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(VENV_PYTHON) -m compileall -q flows quality reports transforms warehouse
endef

.venv/.run-installed: .venv/.place requirements.txt pyproject.toml
	@echo "installing what Hearth needs into .venv"
	$(call install,requirements.txt)
	@$(VENV_PYTHON) -m flows.server.keeper
	@touch $@

.venv/.dev-installed: .venv/.run-installed requirements-dev.txt
	@echo "installing what tests need into .venv"
	$(call install,requirements-dev.txt)
	@touch $@

.venv/.place:
	@test -n "$(PYTHON)" || { echo "Hearth needs Python 3.11, 3.12 or 3.13; this is $$(python3 --version 2>&1 || echo none)."; \
		echo "Debian 12 or newer has it: apt-get install --yes python3 python3-venv"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) comes without venv and pip:"; \
		echo "apt-get install --yes python3-venv"; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv
	@printf '%s\n' "$(CURDIR)" > $@
