# Thin targets: each says what it runs. `make help` lists them.

PYTHON   ?= python3
VENV     ?= .venv
REFEREES ?= yes

BIN  := $(VENV)/bin
PINS := pyproject.toml requirements.txt requirements-test.txt requirements-referees.txt \
        requirements-lock.txt bin/make-venv

ifeq ($(REFEREES),no)
TESTING := requirements-test
else
TESTING := requirements-referees
endif

.PHONY: help book pdf test serve lint format unit gate bench stress golden publish lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(VENV)/.requirements ## build the book strictly, in an environment of its own
	@$(BIN)/python book/build.py

pdf: $(VENV)/.requirements ## print the whole book as _build/tinytorch.pdf, with a Chromium
	@$(BIN)/python book/pdf.py

serve: $(VENV)/.requirements ## show the book in the browser and rebuild it while you write
	@$(BIN)/python book/serve.py

test: lint unit gate ## lint, all tests, and the strict book from scratch

lint: $(VENV)/.$(TESTING) ## check style, formatting, and what editors know of the package
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.$(TESTING) ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(VENV)/.$(TESTING) ## run the tests
	$(BIN)/python -m pytest -n auto --dist worksteal

gate: $(VENV)/.$(TESTING) ## build the book strictly, reusing nothing
	$(BIN)/python book/build.py --fresh --output _build/gate

bench: $(VENV)/.$(TESTING) ## measure the optimizers against PyTorch and the memory's bandwidth
	$(BIN)/python -m benchmarks

stress: $(VENV)/.$(TESTING) ## run the pages with varied settings; which claims flip?
	$(BIN)/python book/stress.py

golden: $(VENV)/.$(TESTING) ## ask the referees anew: golden trajectories and the parity tables
	$(BIN)/python -m tests.core.parity
	$(BIN)/python -m tests.optim.golden

publish: $(VENV)/.requirements ## write the tree that is published: site, notebooks, wheel
	$(BIN)/python book/publish.py

lock: $(VENV)/.$(TESTING) ## renew the tested set of versions, and its hashes, from pyproject.toml
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile --universal --python-version 3.10 --all-extras --upgrade \
	  --prerelease disallow --no-annotate --no-header -q -o requirements-lock.txt pyproject.toml
	$(BIN)/uv pip compile --python-version 3.12 --python-platform x86_64-manylinux_2_28 \
	  --extra book --extra cli --extra lab -c requirements-lock.txt --generate-hashes \
	  --prerelease disallow --no-annotate --no-header -q -o requirements-hashed.txt pyproject.toml

clean: ## remove what was built; the environment stays
	rm -rf _build dist build .pytest_cache .ruff_cache .hypothesis

$(VENV)/.%: $(PINS)
	@PYTHON='$(PYTHON)' sh bin/make-venv '$(VENV)' $*.txt
	@touch $@
