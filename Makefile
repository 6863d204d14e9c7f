# Everything here runs through tools/run, which makes the environment on first use.
SHELL := /bin/bash
RUN := tools/run
TEST := $(RUN) python tools/test.py

# An engine of your own, and a Compose, for every lab host; see lab/README.md.
export DMS_IPV6_ENGINE := $(if $(ENGINE),$(abspath $(ENGINE)),$(DMS_IPV6_ENGINE))
export DMS_IPV6_COMPOSE := $(if $(COMPOSE),$(abspath $(COMPOSE)),$(DMS_IPV6_COMPOSE))

LAB := $(if $(DMS_IPV6_ENGINES),lab/every_engine.py,lab/inventory.yml)

.DEFAULT_GOAL := help
.PHONY: help venv lock lint format unit browser test-fast docs sanity matrix release-check changelog-check audit integration molecule test-mutants test
.PHONY: bench demo rollout lab lab-down install dist clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: ## make the Python environment (every target does it by itself)
	@tools/bootstrap

lock: ## write requirements/dev.lock from dev.txt, with hashes; UPGRADE=1 takes what is newest
	@$(RUN) tools/lock $(if $(UPGRADE),--upgrade)

lint: ## ruff, mypy, import-linter, yamllint, ansible-lint, changelog
	@$(TEST) lint

format: ## write Python files the way lint wants them
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

unit: ## unit tests on the working tree
	@$(TEST) unit

browser: ## the report in a headless Chromium, which is installed if it is missing
	@$(TEST) browser

test-fast: ## lint and unit tests
	@$(TEST) lint unit

docs: ## the documentation site into build/docs/html, warnings as errors
	@$(TEST) docs

sanity: ## ansible-test sanity on a copy of the working tree
	@$(TEST) sanity

matrix: install ## units, sanity, the main scenario and installation on other versions of ansible-core; one only: make matrix CORE=2.20
	@tools/matrix $(CORE)

release-check: install ## every row of docs/contributing/checklist.md; a release: make release-check TAG=1.0.0
	@$(RUN) --checkout env TAG=$(TAG) python tools/release_check.py

changelog-check: ## what users get has changed since a commit, so is there a fragment? make changelog-check BASE=main
	@tools/changelog_check $(BASE)

audit: ## known advisories for what developers install
	@$(RUN) pip-audit --strict --disable-pip --require-hashes -r requirements/dev.lock

integration: ## tests/integration with the installed tarball, on the lab
	@$(TEST) integration

molecule: ## every Molecule scenario with the installed tarball; one only: make molecule SCENARIO=name
	@$(TEST) $(if $(SCENARIO),molecule:$(SCENARIO),molecule)

test-mutants: ## break the collection in known ways: each must turn a test red
	@$(TEST) mutants

test: ## all tests
	@$(TEST)

demo: install ## show the main job on lab hosts
	@$(RUN) python lab/demo.py

bench: install ## time our playbook against a ping and the usual way, on 10, 20 and 50 lab hosts
	@$(RUN) python benchmarks/bench.py $(BENCH)

rollout: install ## show a roll-out over 20 lab hosts, of which one fails (needs 8 GB of memory)
	@$(RUN) python lab/rollout.py

lab: ## start the lab hosts; with another engine: make lab ENGINE=docker-29.1.3.tgz; all in a folder: DMS_IPV6_ENGINES=folder make lab
	@$(RUN) python lab/lab.py up $(LAB)

lab-down: ## stop and remove the lab hosts
	@$(RUN) python lab/lab.py down $(LAB)

install: ## build the tarball and install it into build/installed
	@tools/install_collection

dist: install ## build the tarball

clean: ## remove build/ (the environment in the cache stays)
	@rm -rf build .ansible
