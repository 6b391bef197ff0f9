# What people and CI run. `make help` says what each does.
PYTHON ?= python3
BIN := .venv/bin
HOME_DEMO := $(CURDIR)/var/demo
.DEFAULT_GOAL := help
.PHONY: help demo test check test-spark test-workbook test-browser test-portal test-services test-fab up bench bench-portal docs lock clean format

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/ready: requirements/main.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements/main.lock
	$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --editable .
	@touch $@

demo: .venv/ready ## Make a sample bank, run the real DAG on it, show the lists
	@MINGDAN_HOME=$(HOME_DEMO) $(BIN)/python -m mingdan.demo

test: .venv/ready ## Run every test that needs Python only
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: .venv/ready ## Linters, types, SQL, generated pages; says every failure
	@failed=0; \
	$(BIN)/ruff check plugins dags expectations tests examples || failed=1; \
	$(BIN)/ruff format --check plugins dags expectations tests examples || failed=1; \
	$(BIN)/mypy || failed=1; \
	MINGDAN_WAREHOUSE=:memory: $(BIN)/sqlfluff lint --processes 2 dbt_project/models || failed=1; \
	$(BIN)/python -m mingdan.docs --check || failed=1; \
	exit $$failed

format: .venv/ready ## Put Python into the house's form
	$(BIN)/ruff format plugins dags expectations tests examples
	$(BIN)/ruff check --fix plugins dags expectations tests examples

.venv/spark: .venv/ready requirements/spark.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements/spark.lock
	@touch $@

test-spark: .venv/spark ## Build everything on Spark too and compare (needs Java 17)
	$(BIN)/python -m pytest tests/spark

test-workbook: .venv/ready ## Render a branch workbook with LibreOffice (needs libreoffice-calc, poppler-utils)
	$(BIN)/python -m pytest tests/workbook

.venv/browser: .venv/ready requirements/browser.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements/browser.lock
	@touch $@

test-browser: .venv/browser ## The portal in Chromium: a branch's day, every page looked at (needs chromium); pictures in var/browser
	$(BIN)/python -m pytest tests/browser

test-portal: .venv/ready ## 10 000 hostile inputs to the portal, and what its description allows, on every route
	$(BIN)/python -m pytest tests/hostile

test-services: .venv/ready ## Run the compose file's services on a real PostgreSQL to one finished run (needs postgresql, docker-compose)
	$(BIN)/python -m pytest tests/services

.venv/fab: .venv/ready requirements/fab.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements/fab.lock
	@touch $@

test-fab: .venv/fab ## The portal behind Airflow's api-server with the FAB auth manager
	$(BIN)/python -m pytest tests/fab

up: ## Start Airflow and the branch portal as services with Docker Compose; an empty home gets the sample bank and a day
	docker compose up --build --wait
	docker compose exec -T scheduler sh -c 'test -e $$MINGDAN_HOME/published/current.json || { mingdan sample-bank --customers 2000 --until 2026-06-29 && mingdan run --as-of 2026-06-29; }'
	@echo "Airflow: http://$$(docker compose port api-server 8080)/   portal, one user of each role: http://$$(docker compose port portal 8090)/"

bench: .venv/ready ## Measure a first and a later day at N and N/2 000 branches; CUSTOMERS=100000
	$(BIN)/python -m mingdan.bench --customers $(or $(CUSTOMERS),100000) --day-before

bench-portal: .venv/ready ## Measure the portal's pages for 500 branches and 50 users over the demo's day; WORKERS=1
	$(BIN)/python -m mingdan.portal.load --day $(HOME_DEMO)/published --workers $(or $(WORKERS),1)

docs: .venv/ready ## Write the generated pages and the default vars
	$(BIN)/python -m mingdan.settings
	$(BIN)/python -m mingdan.docs

lock: .venv/ready ## Resolve the dependencies anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url --generate-hashes --no-annotate --extra dev pyproject.toml -o requirements/main.lock
	sed 's/ \\$$//;/--hash/d' requirements/main.lock > .venv/pins
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url --generate-hashes --no-annotate --extra dev --extra spark --extra services -c .venv/pins pyproject.toml -o requirements/spark.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url --generate-hashes --no-annotate --extra dev --extra browser -c .venv/pins pyproject.toml -o requirements/browser.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url --generate-hashes --no-annotate --extra dev --extra fab -c .venv/pins pyproject.toml -o requirements/fab.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url --generate-hashes --no-annotate --extra services -c .venv/pins pyproject.toml -o requirements/services.lock

clean: ## Remove the environment and everything made
	rm -rf .venv var
