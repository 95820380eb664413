# Every task of a newcomer and of CI.  Needs make, sh and Python >= 3.11; works with GNU make 3.81 (macOS).
# `make` alone lists the targets.

# `make PYTHON=python3.13 test` has an environment of its own.
ifdef PYTHON
VENV := .venv-$(notdir $(PYTHON))
else
VENV := .venv
endif
export PYTHON

# An environment is ready when it carries this stamp: where it stands, and what decides its contents.
STAMP := $(shell (pwd; cat pyproject.toml constraints.txt checks/set_up.sh) | cksum | tr -dc 0-9)
RUN := $(VENV)/ready-run-$(STAMP)
DEV := $(VENV)/ready-dev-$(STAMP)
# What a developer has is enough to run.
ifneq ($(wildcard $(DEV)),)
RUN := $(DEV)
endif

PY := $(VENV)/bin/python
JOBS := 2
SEED := 1
EXAMPLES := 2000
SECONDS := 600
PYTEST := $(PY) -m pytest --randomly-seed=$(SEED)
PACKAGES := flight ground sim hil
MISSIONS := $(notdir $(patsubst %/__init__.py,%,$(wildcard flight/missions/*/__init__.py)))

.DEFAULT_GOAL := help
.PHONY: help run test peers check format-check lint types imports structure ids documents format prove bench fuzz properties lock wheels clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1@/p' Makefile | awk -F@ '{ printf "  make %-10s %s\n", $$1, $$2 }'

$(VENV)/ready-run-$(STAMP):
	@sh checks/set_up.sh $(VENV) run ready-run-$(STAMP)

$(DEV):
	@sh checks/set_up.sh $(VENV) dev ready-dev-$(STAMP)

run: $(RUN)  ## fly the reference mission for a day and write its report (ARGS="..." are passed on)
	@$(PY) -m sim run $(ARGS)

test: $(DEV) peers  ## the test suite (ARGS="..." for pytest, SEED=7 for another order, JOBS=4 for more processes)
	@$(PYTEST) -q -n $(JOBS) --dist worksteal $(ARGS)

peers: $(DEV)
	-@sh tests/peers/set_up.sh

check: format-check lint types imports structure ids documents  ## everything CI asks for besides the tests
	@echo "check: all passed"

format-check: $(DEV)
	$(PY) -m ruff format --check --quiet .

lint: $(DEV)
	$(PY) -m ruff check --quiet --output-format concise .

types: $(DEV)
	$(PY) -m mypy $(PACKAGES) checks tests

imports: $(DEV)
	$(VENV)/bin/lint-imports --no-logo

structure: $(DEV)
	$(PY) -m checks.structure
	$(PY) -m checks.dependencies

ids: $(DEV)
	$(PY) -m flight ids $(MISSIONS)

documents: $(DEV)
	$(PY) -m checks.documents

format: $(DEV)  ## write the format and the lint fixes that are safe
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

prove: $(DEV)  ## the long proofs: planted bugs, 200 seeds, tests marked `long`, fuzzing, mutation; says what it cost
	@$(PY) -m checks.prove --jobs $(JOBS) --seed $(SEED) -- $(ARGS)

bench: $(DEV)  ## figures: every tests/bench/bench_*.py, one after the other
	@for file in tests/bench/bench_*.py; do echo "== $$file"; $(PY) $$file $(ARGS) || exit 1; done

fuzz: $(DEV)  ## hunt for octets that a parser cannot bear, by coverage (SECONDS=600, SEED=7, ARGS="--only ...")
	@$(PY) -m tests.fuzz --seconds $(SECONDS) --jobs $(JOBS) --seed $(SEED) $(ARGS)

properties: $(DEV)  ## every property test with new random input (SEED=7, EXAMPLES=20000)
	@HYPOTHESIS_PROFILE=fuzz FUZZ_EXAMPLES=$(EXAMPLES) $(PYTEST) -n $(JOBS) -m hypothesis --hypothesis-seed=$(SEED) $(ARGS)

lock: $(DEV)  ## resolve the newest versions into constraints.txt; `make wheels` afterwards
	rm -rf .venv-lock
	$(PY) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --editable ".[sim,ground,hil,dev]"
	(sed '/^[^#]/,$$d' constraints.txt; .venv-lock/bin/python -m pip freeze --all --exclude pip --exclude-editable) >constraints.new
	mv constraints.new constraints.txt

wheels: $(DEV)  ## ask the package index for a wheel of every pin, for every machine we name
	@$(PY) -m checks.wheels

clean:  ## remove environments, caches and builds; `runs/` stays
	rm -rf .venv .venv-* build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find $(PACKAGES) checks tests -name __pycache__ -type d -prune -exec rm -rf {} +
