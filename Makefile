# Needs python3 >= 3.10 with venv, and make. Everything is installed under .venv/, from the pins in tests/requirements,
# when it is first needed; `make clean` takes it away again.

PYTHON ?= python3
AIRFLOW ?= 3.3.2
TESTS ?= tests
# The other Airflows, each on another Python than this one: so all that managed services run are met.
OTHERS ?= 2.11.0-py3.12 3.0.6-py3.10 3.1.8-py3.12 3.2.2-py3.13
# The newest that is not released yet.
NEXT ?= 3.4.0b2
RELEASE_OF_NEXT = $(firstword $(subst a, ,$(subst b, ,$(subst rc, ,$(NEXT)))))
MWAA ?= 3.3.1
UV_VERSION = 0.13.9

# Airflow is thousands of modules: to compile them anew in each of the suite's processes would take most of its time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help test lint types test-airflow test-e2e test-sdk test-mcp test-lower test-urllib3-1 test-all test-whole test-e2e-whole test-airflow-2 test-e2e-2 test-others test-next test-distributed screen docs browser demo bench bench-airflow chaos pictures pins boot clean

UV = .venv/boot/bin/uv
BOOT = .venv/boot/.uv-$(UV_VERSION)
# The path of a Python, which is never downloaded. uv stumbles over the stand-ins of pyenv, which knows where it is.
find_python = { $(UV) python find --system --no-python-downloads $(1) || { prefix=$$(pyenv prefix $(1)) && echo "$$prefix/bin/python"; }; } 2>/dev/null
# Of an environment named for one, such as airflow-3.2.2-py3.13.
named_python = $(word 2,$(subst -py, ,$*))
interpreter = $(if $(named_python),$$($(call find_python,$(named_python))),$(1))
INTERPRETER = $(call interpreter,$(PYTHON))
# Airflow 2.11 and Flask-AppBuilder do not install on Python 3.13: uv looks for an older one, or gets it.
.venv/airflow-2.%/.pinned .venv/fab-%/.pinned: INTERPRETER = $(call interpreter,>=3.10$(comma)<3.13)
# The newest Sphinx needs a newer Python than the package does.
.venv/docs/.pinned: INTERPRETER = $(call interpreter,>=3.11)
.venv/mwaa-%/.pinned: INTERPRETER = $$($(call find_python,3.12) || echo $(PYTHON))
.venv/mcp/.pinned: INTERPRETER = $$($(call find_python,3.13) || echo 3.13)
comma = ,
# Airflow 3.0 draws a provider's fields only beside Flask-AppBuilder: an environment of its own.
browser_environment = $(if $(filter 3.0.%,$(1)),fab-$(1),airflow-$(1))
BROWSER_ENVIRONMENTS = $(foreach version,$(or $(BROWSER_AIRFLOW),2.11.2 3.0.6 3.3.2),$(call browser_environment,$(version)))
in = .venv/$(1)/bin/python -m
# What happened is kept there, a file for each run of pytest, for `make screen`.
REPORTS ?= build/reports
pytest = $(call in,$(1)) pytest --junit-xml=$(REPORTS)/$@.xml
# On every core, four at most. All tests of a file share a process, and what that has made once.
PARALLEL = --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
ELSEWHERE = $(addprefix --ignore=tests/,e2e browser)
# So many targets beside each other: some of them mostly wait. All are made, whatever fails.
BESIDE = $(MAKE) --jobs=$(1) --keep-going --output-sync=line
# These layers import no Airflow.
LOWER = $(addprefix tests/,emulator api client copying folder_events)
ON_AIRFLOW = $(wildcard tests/test_*.py) $(addprefix tests/,authorize hooks operators sensors tasks triggers wiring)
FULLY_COVERED = $(subst $(space),$(comma),$(addprefix airflow_provider_frameio/,api/* client/* copying/* folder_events/*))
space = $(subst ,, )

help:
	@echo "make demo        a real Airflow copies version stacks on an embedded Frame.io   (UI=1 keeps the Airflow UI up)"
	@echo "make test        lint, types and the suite on Airflow $(AIRFLOW), in minutes   (TESTS=... picks some of it)"
	@echo "make test-all    all of it: whole campaigns, every end-to-end test, Airflow 2.11.2, $(OTHERS)   (ALSO=... adds targets)"
	@echo "make test-distributed   copies on Celery workers and triggerers that get killed, as on MWAA $(MWAA); needs PostgreSQL and Redis"
	@echo "make docs        the pages as a site with a search and a reference of the API: build/site/index.html"
	@echo "make browser     that site, the connection form, a run and its link in Chromium, on Airflow 2.11.2, 3.0.6 and 3.3.2   (BROWSER_AIRFLOW=... picks one)"
	@echo "make bench       copies at the rate limit: this provider beside others   (ARGS=--help; bench-airflow: in a real Airflow)"
	@echo "make chaos       1,000 copies while answers get lost and processes die: this provider beside others   (ARGS=--help)"
	@echo "make pictures    the pictures in README and docs/ again: as the browser test takes them, and of the layers"
	@echo "make pins        resolve tests/requirements again"
	@echo "make clean       remove everything that the others made"

test:
	@rm -rf $(REPORTS)
	@$(call BESIDE,2) lint test-airflow $(if $(filter tests,$(TESTS)),test-e2e test-sdk) types; status=$$?; $(MAKE) --silent screen; exit $$status

# Beside each other: what mostly waits, and what works. The longest come first. The SDK judges in test-lower, too.
test-all:
	@rm -rf $(REPORTS)
	@$(call BESIDE,3) lint test-e2e-whole test-lower test-whole test-e2e-2 $(ALSO) test-airflow-2 test-others docs types test-mcp test-urllib3-1; \
	  status=$$?; $(MAKE) --silent screen; exit $$status

screen:
	@$(PYTHON) -m tests.harness.screen $(REPORTS)

lint: .venv/airflow-$(AIRFLOW)/.ready
	$(call in,airflow-$(AIRFLOW)) ruff check .
	$(call in,airflow-$(AIRFLOW)) ruff format --check .

types: .venv/airflow-$(AIRFLOW)/.ready
	$(call in,airflow-$(AIRFLOW)) mypy

test-airflow: .venv/airflow-$(AIRFLOW)/.ready
	$(call pytest,airflow-$(AIRFLOW)) $(PARALLEL) $(if $(filter tests,$(TESTS)),$(ELSEWHERE)) $(TESTS)

# A real scheduler, a triggerer and workers, some of which are killed.
test-e2e: .venv/airflow-$(AIRFLOW)/.ready
	$(call pytest,airflow-$(AIRFLOW)) tests/e2e

# The official SDK judges the emulator.
test-sdk: .venv/sdk/.ready
	$(call pytest,sdk) tests/emulator

# So does a client that others wrote upon it. It needs Python 3.13.
test-mcp: .venv/mcp/.ready
	$(call pytest,mcp) tests/emulator/test_mcp_server.py

# Without Airflow: the provider's lower layers show that they need none. Their own tests execute every line of them.
test-lower: .venv/sdk/.ready
	$(call in,sdk) coverage erase
	$(call in,sdk) coverage run -m pytest --junit-xml=$(REPORTS)/$@.xml --whole $(LOWER)
	$(call in,sdk) coverage combine --quiet
	$(call in,sdk) coverage report --include='$(FULLY_COVERED)' --fail-under=100

# The oldest HTTP stack that Airflow can be installed with.
test-urllib3-1: .venv/urllib3-1/.ready
	$(call pytest,urllib3-1) tests/client

# But for the lower layers: those run whole in test-lower.
test-whole: .venv/airflow-$(AIRFLOW)/.ready
	$(call pytest,airflow-$(AIRFLOW)) $(PARALLEL) --whole $(ELSEWHERE) $(addprefix --ignore=,$(LOWER)) tests

test-e2e-whole: .venv/airflow-$(AIRFLOW)/.ready
	$(call pytest,airflow-$(AIRFLOW)) --whole tests/e2e

# What the others leave out. The rest of it runs on the Airflow 2 among them.
test-airflow-2: .venv/airflow-2.11.2/.ready
	$(call pytest,airflow-2.11.2) $(PARALLEL) --whole $(addprefix tests/,docs faults harness probe)

test-e2e-2: .venv/airflow-2.11.2/.ready
	$(call pytest,airflow-2.11.2) --whole tests/e2e

test-others: $(addprefix test-on-,$(OTHERS))

# What depends on the versions of Airflow and of Python; then a scheduler, a triggerer and workers copy. A Python that is
# not on this machine is told; CI does not go on without it.
test-on-%: $(BOOT)
	@$(if $(named_python),$(call find_python,$(named_python)) >/dev/null || { echo "NOT TESTED: Airflow $*: there is no Python $(named_python) on this machine"; [ "$(CI)" != true ]; exit; };) \
	$(MAKE) .venv/airflow-$*/.ready && $(call pytest,airflow-$*) $(PARALLEL) $(ON_AIRFLOW) && $(call in,airflow-$*) tests.harness.demo

# Not a part of test-all, but run every week: what is wrong there may be put right before it is released. It counts as
# soon as the package index has the release.
test-next: .venv/airflow-$(NEXT)/.ready
	@$(call in,airflow-$(NEXT)) pytest $(PARALLEL) $(ON_AIRFLOW) || \
	  ! $(UV) pip install --quiet --dry-run --no-deps --python .venv/airflow-$(NEXT) apache-airflow==$(RELEASE_OF_NEXT) 2>/dev/null || \
	  { echo "Airflow $(RELEASE_OF_NEXT) is out: its tests must pass. Give it to OTHERS, and NEXT the one to come"; exit 1; }

# CeleryExecutor, PostgreSQL and Redis, as Amazon MWAA runs them.
test-distributed: .venv/mwaa-$(MWAA)/.ready
	$(call pytest,mwaa-$(MWAA)) -o faulthandler_timeout=1800 tests/distributed

# A link to nowhere, a heading that is not there, a page that nothing leads to: whatever Sphinx warns of fails.
docs: .venv/docs/.pinned
	@rm -rf build/site
	@$(call in,docs) tests.harness.site build/pages
	@$(call in,docs) sphinx --quiet --fail-on-warning --keep-going --fresh-env -c docs -d build/doctrees build/pages build/site
	@echo "build/site/index.html"

# Each Airflow runs in its own environment, the browser's driver in one without Airflow.
browser: docs .venv/browser/.ready $(addprefix .venv/,$(addsuffix /.ready,$(BROWSER_ENVIRONMENTS)))
	@command -v chromium >/dev/null || { echo "make browser needs Chromium. Debian, Ubuntu: apt-get install --no-install-recommends chromium"; exit 1; }
	@mkdir -p build
	BROWSER_AIRFLOW=$(BROWSER_AIRFLOW) PICTURES=$(PICTURES) $(call pytest,browser) --maxfail=3 --basetemp=build/browser tests/browser

demo: .venv/airflow-$(AIRFLOW)/.ready
	@$(call in,airflow-$(AIRFLOW)) tests.harness.demo $(if $(UI),--ui)

bench: .venv/airflow-$(AIRFLOW)/.ready .venv/sdk/.ready
	@$(call in,airflow-$(AIRFLOW)) tests.harness.bench $(ARGS)

bench-airflow: .venv/airflow-$(AIRFLOW)/.ready
	@$(call in,airflow-$(AIRFLOW)) tests.harness.bench --parts airflow $(ARGS)

chaos: .venv/airflow-$(AIRFLOW)/.ready .venv/sdk/.ready
	@$(call in,airflow-$(AIRFLOW)) tests.harness.chaos $(ARGS)

pictures: PICTURES = docs/pictures
pictures: browser .venv/airflow-$(AIRFLOW)/.ready
	@$(call in,airflow-$(AIRFLOW)) tests.harness.pictures

boot: $(BOOT)

$(BOOT):
	@echo "Installing uv $(UV_VERSION) under .venv/boot"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "$(PYTHON) is older than Python 3.10: name another with PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv .venv/boot
	@.venv/boot/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.SECONDEXPANSION:
.venv/%/.pinned: tests/requirements/$$(firstword $$(subst -py, ,$$*)).txt $(BOOT)
	@echo "Installing $* under .venv/$*"
	@$(UV) venv --quiet --clear --python "$(INTERPRETER)" .venv/$*
	@$(UV) pip install --quiet --python .venv/$* -r $<
	@touch $@

.venv/%/.ready: .venv/%/.pinned pyproject.toml tests/requirements/build.txt
	@$(UV) pip install --quiet --python .venv/$* --no-deps --build-constraint tests/requirements/build.txt --editable .
	@touch $@

# The pins that are there are kept where they still fit: remove a file to have the newest. Airflow 3.4, MWAA's pins and
# Sphinx need Python 3.11, frameio-mcp needs 3.13.
pins: $(BOOT)
	cd tests/requirements && for source in airflow-*.in fab-*.in mwaa-*.in sdk.in mcp.in urllib3-1.in browser.in build.in docs.in; do \
	  case $$source in airflow-3.4* | mwaa-* | docs.in) oldest=3.11 ;; mcp.in) oldest=3.13 ;; *) oldest=3.10 ;; esac; \
	  case $$source in build.in | docs.in) hashes=--generate-hashes ;; *) hashes= ;; esac; \
	  ../../$(UV) pip compile --quiet --universal --python-version $$oldest --no-header --no-annotate $$hashes $$source -o $${source%.in}.txt || exit 1; \
	done

clean:
	rm -rf .venv .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
