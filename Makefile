# Everything a fresh machine needs is Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
# Empty is unset: pytest keeps its rewritten assertions, and children start from compiled modules.
export PYTHONDONTWRITEBYTECODE :=
BEGAN := $(shell date +%s)

.PHONY: demo demo-reset crash test fast full check fmt words bench soak lock clean

demo: $(STAMP)
	@$(VENV)/bin/dragoman demo --since $(BEGAN) $(if $(PORT),--port $(PORT))

demo-reset: $(STAMP)
	@$(VENV)/bin/dragoman demo --forget

crash: $(STAMP)
	@$(PY) -m tests.crash.run --rounds 10

test: check fast full

fast: $(STAMP)
	@$(PY) -m pytest -m "not full" -n 3 --dist worksteal

full: $(STAMP)
	@$(PY) -m pytest -m full -n 2 --dist loadfile

check: $(STAMP)
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

fmt: $(STAMP)
	@$(VENV)/bin/ruff check --fix -q . ; $(VENV)/bin/ruff format -q .

words: $(STAMP)
	@$(PY) -m tools.words

bench: $(STAMP)
	@$(PY) -m bench

soak: $(STAMP)
	@$(PY) -m tests.crash.run --rounds 500

$(STAMP): requirements.lock pyproject.toml
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# Needs uv; the lock names no index, so it works behind any mirror.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
