# Everything starts here; `make` lists it. The first run makes .venv, later ones only check it.

PORT ?= 8000
DEMO ?= 1
PYTEST ?= -n auto

BIN := .venv/bin
SETUP := @PYTHON="$(PYTHON)" sh tools/bootstrap
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --quiet \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help up demo-migration test test-slow soak check format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

up: ## run Banyan with the demo: PORT=9000 elsewhere, DEMO=0 empty, for a marketplace of your own
	$(SETUP)
	@exec $(BIN)/banyan up --port $(PORT) $(if $(filter 0 no false,$(DEMO)),--no-demo)

demo-migration: ## take a legacy shop over while its customers shop; PORT=9000 elsewhere
	$(SETUP)
	@exec $(BIN)/banyan demo-migration --port $(PORT)

test: check ## check the code and run the tests
	@$(BIN)/pytest -m "not slow" $(PYTEST)

test-slow: ## run the long tests: crashes in mid-replay, benchmarks, browser
	$(SETUP) --dev
	@$(BIN)/pytest -m "slow and not soak" -n 2

soak: ## run the longest tests: every fault in every phase of a migration
	$(SETUP) --dev
	@$(BIN)/pytest -m soak

check: ## lint, format, types, import contracts
	$(SETUP) --dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted; run \`make format\`."; exit 1; }
	@$(BIN)/basedpyright --level error
	@$(BIN)/lint-imports --no-cache

format: ## format the code and sort its imports
	$(SETUP) --dev
	@$(BIN)/ruff check --select I --fix --quiet .
	@$(BIN)/ruff format .

lock: ## resolve the dependencies in pyproject.toml anew, as far as their bounds allow
	$(SETUP) --dev
	@$(BIN)/python -m pip install --quiet uv
	@$(LOCK) $(UPGRADE) --output-file requirements.lock
	@$(LOCK) $(UPGRADE) --group dev --constraints requirements.lock --output-file requirements-dev.lock

clean: ## remove .venv and caches; the data in var/ stays
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
	@find . -path ./var -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
