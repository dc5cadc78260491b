# The same few commands for people and for CI.
PYTHON ?= python3
BIN := .venv/bin
# Hundreds of processes of drills import the package: none compiles it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup drill stress test lint dist test-kind test-k3d torture kills damage mutate regressions bench bench-fleet compare-kubelet lock clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: .venv/.installed ## Install kubedrill and the control plane's binaries
	@$(BIN)/kubedrill setup

drill: setup ## Kill etcd's leader under load, on three zones; give a verdict
	@$(BIN)/kubedrill run experiments/etcd-member-kill.yaml

# INVALID is about the machine, and proves nothing: once more. FAIL is about the control plane, and stays.
stress: setup ## Press lists, writes and watches for half a minute, as CI does, and give a verdict
	@$(BIN)/kubedrill run stress || { [ $$? = 2 ] && $(BIN)/kubedrill run stress; }

test: setup lint ## Run every check and every test
	@$(BIN)/python tests/shared/parts.py

test-kind: setup ## Play clusters' contract, faults and drills on one that kind makes, where an engine is up: TESTS_KIND_FILE= a cluster file
	TESTS_KIND=1 $(BIN)/python -m pytest -rs -p no:xdist tests/cluster/contract tests/drill/test_kind.py tests/drill/test_kind_page.py

test-k3d: setup ## The same on one that k3d makes
	TESTS_K3D=1 $(BIN)/python -m pytest -rs -p no:xdist tests/cluster/contract tests/drill/test_k3d.py

lint: .venv/.installed ## Check style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

torture: setup ## Sabotage every fault, and undo it from every state
	@$(BIN)/python tests/shared/parts.py torture

kills: setup ## Shoot at 300 drills, in parts of 90 min: SEED=, FROM=, TO=, FAULTS="node. pod.", ON= a provider, ANSWERS= the file to go on with
	@PYTHONPATH=tests/shared $(BIN)/python -m torture $(if $(ON),--on $(ON)) $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS)) \
		$(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(ANSWERS),--answers $(ANSWERS))

damage: setup ## Damage the evidence of a drill in 520 ways, twice: RUN=its folder, SEED=, FROM=, TO=
	@PYTHONPATH=tests/shared $(BIN)/python -m damage $(RUN) $(if $(SEED),--seed $(SEED)) \
		$(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(ANSWERS),--answers $(ANSWERS))

mutate: setup ## Check 5,000 mutations of the shipped files; list what is accepted though it looks senseless
	@PYTHONPATH=tests/shared $(BIN)/python -m mutate

regressions: .venv/.installed ## Plant regressions in a server, and see what comparisons find, 45 min: ROUNDS=, SECONDS=, MINUTES=, ANSWERS=
	@PYTHONPATH=tests/shared $(BIN)/python -m regressions $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(ANSWERS),--answers $(ANSWERS))

bench: setup ## Measure: side by side in one run, as ratios
	$(BIN)/python -m benchmarks

bench-fleet: setup ## Let 1,000 nodes come, five times hollow ones and five times those of the program kwok: an hour
	@$(BIN)/kubedrill run benchmarks/fleet.yaml

compare-kubelet: .venv/.installed ## Compare what a fleet's nodes ask of the API with what a kubelet asks: MINUTES=, KEEP=1
	@$(BIN)/kubedrill setup --with kubemark
	@PYTHONPATH=tests/shared $(BIN)/python -m conversation $(if $(MINUTES),--minutes $(MINUTES)) $(if $(KEEP),--keep)

dist: .venv/.installed ## Build sdist and wheel of a clean checkout into dist/, check them, and begin with the wheel
	@PYTHONPATH=tests/shared $(BIN)/python -m release

lock: .venv/.installed ## Resolve the dependencies anew
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock

clean: ## Remove the virtual environment and all caches of this checkout
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# The stamp comes last: an interrupted installation is done again.
.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "kubedrill needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "installing Python packages into .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
