# Everything runs in .venv; `make run` and `make test` are all a newcomer needs.
PYTHON ?= python3
PY := .venv/bin/python
.DEFAULT_GOAL := help

.PHONY: help install run test gates check prove bench lock screenshot clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.installed: requirements/dev.txt
	@test -x $(PY) || $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("MJ Portal needs Python 3.11 or newer, this is %d.%d. Name another one: make run PYTHON=python3.12" % sys.version_info[:2])'
	@test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.env: | .venv/.installed
	@$(PY) -m mjportal.firstrun

install: .venv/.installed .env  ## Create the environment and fresh secrets

run: install  ## Start web, workers and the sandbox; prints the address and a demo sign-in
	@exec $(PY) manage.py run_portal

test: install  ## Run every test
	@$(PY) -m pytest -n auto --dist loadgroup

gates: install  ## Lint, types, import contracts, templates, security
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/mypy .
	.venv/bin/lint-imports
	.venv/bin/djlint --quiet --lint templates
	.venv/bin/bandit -q -c pyproject.toml -r mjportal accounts kie tasks gallery usage callbacks oversight
	$(PY) manage.py makemigrations --check --dry-run
	PUBLIC_URL=https://portal.example.com DEBUG=0 $(PY) manage.py check --deploy --fail-level WARNING

check: gates  ## The gates, then every test
	@$(PY) -m pytest -q -n auto --dist loadgroup

prove: install  ## Run the fault table of docs/reliability.md and print a line per group
	@RANDOM_TASKS=$(if $(CI),150,2000) $(PY) -m pytest -q -n auto --dist loadgroup -p tests.prove_report

bench: install  ## Measure the ratios of docs/performance.md; fails when a must is missed
	@$(PY) -m benchmarks

lock: install  ## Pin requirements/*.in again, by hash
	$(PY) -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	.venv/bin/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 -c requirements/dev.txt requirements/base.in -o requirements/base.txt

screenshot: install  ## Take the README's picture from a running demo
	@$(PY) -m tests.browser.screenshot

clean:  ## Remove what the targets made, but not var/ and .env
	rm -rf .venv staticfiles build .mypy_cache .ruff_cache .pytest_cache .hypothesis
