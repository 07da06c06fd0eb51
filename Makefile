# The commands of the project; `make help` lists them.

PYTHON      ?= python3
PORT        ?= 8501
ADDRESS     ?= 127.0.0.1
# An index of CPU builds of torch, for example the one pytorch.org names: saves about 3 GB of CUDA packages.
TORCH_INDEX ?=

VENV := .venv
BIN  := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test check unit browser bench soak audit test-external fmt sample vibenet clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'
	@echo "  variables: PYTHON=$(PYTHON) PORT=$(PORT) ADDRESS=$(ADDRESS) TORCH_INDEX=$(TORCH_INDEX)"

run: $(VENV)/.product ## install if needed, start the database, serve the app on http://127.0.0.1:8501
	$(BIN)/python -m streamlit run asgi.py --server.port $(PORT) --server.address $(ADDRESS)

test: $(VENV)/.dev ## everything CI runs: lint, types, import rules, tests, browser test
	@$(MAKE) --no-print-directory check unit

check: $(VENV)/.dev ## lint and types only
	$(BIN)/ruff check .
	$(BIN)/mypy .

unit: $(VENV)/.dev
	sh tools/browser.sh
	$(BIN)/python -m pytest --durations=8

bench: $(VENV)/.dev ## measure speed and memory; rewrites the table in bench/README.md
	$(BIN)/python bench/run.py

soak: $(VENV)/.dev ## long tests: kills of all work and of its database, much bad input
	MIS_SOAK=1 $(BIN)/python -m pytest -m "not browser" tests/test_kill.py tests/test_operation.py tests/test_faults.py \
		tests/test_bad_input.py tests/test_data_processing_properties.py tests/test_outbound.py

audit: $(VENV)/.dev ## bandit over the code, pip-audit over constraints.txt (asks PyPI what is known of each)
	$(BIN)/bandit -q -c pyproject.toml -r .
	$(BIN)/pip-audit --strict --disable-pip --no-deps -r constraints.txt

test-external: $(VENV)/.dev ## all tests but the browser's on the database that MIS_TEST_DATABASE_URL names; it is emptied
	@test -n "$$MIS_TEST_DATABASE_URL" || { echo "Set MIS_TEST_DATABASE_URL to a database that may be emptied."; exit 2; }
	$(BIN)/python -m pytest -m "not browser"

fmt: $(VENV)/.dev ## sort imports and mend what ruff can mend
	$(BIN)/ruff check --fix .

sample: $(VENV)/.product ## write the made-up sample exports anew
	$(BIN)/python cmdata/make_sample.py

# Its other requirements are here already; its pin of typer, for a command line nobody needs here, would undo ours.
vibenet: $(VENV)/.product ## optional, GPL-3: seven audio descriptors for hit prediction
	@echo "vibenet is licensed GPL-3: optional, no part of this product; installing it is your choice."
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps vibenet==0.1.0 pydub==0.25.1

clean: ## remove the virtual environment and caches (never data/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.product: requirements.txt constraints.txt | $(VENV)/bin/python
	@$(if $(TORCH_INDEX),$(BIN)/python -m pip install --disable-pip-version-check -q torch==2.13.0 -i $(TORCH_INDEX))
	@echo "installing (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.product
	@$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	@touch $@
