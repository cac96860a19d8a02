# Everything a contributor does, by name. `make` alone shows the whole line at work; `make help` lists the rest.
# Needs a Python of 3.11 or newer and nothing else; uses uv for the installation where it is on PATH.

SHELL := /bin/sh
.DEFAULT_GOAL := demo
.SUFFIXES:
MAKEFLAGS += --no-print-directory
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

VENV := .venv
READY := $(VENV)/ready
DEMO_READY := $(VENV)/demo-ready
RUN := $(VENV)/bin/python
CANDIDATES := python3.13 python3.12 python3.11 python3 python
SOURCES := generator tests docs/examples docs/site
JOBS := 4
BENCH := .venv-bench
BENCH_READY := $(BENCH)/ready

# A stamp holds the folder it was made in: a checkout that was moved is set up anew.
ifneq ("$(shell cat $(READY) 2>/dev/null)","$(CURDIR)")
.PHONY: $(READY)
endif
ifneq ("$(shell cat $(DEMO_READY) 2>/dev/null)","$(CURDIR)")
.PHONY: $(DEMO_READY)
endif
ifneq ("$(shell cat $(BENCH_READY) 2>/dev/null)","$(CURDIR)")
.PHONY: $(BENCH_READY)
endif

# A first `make` installs what generating and chatting need, a quarter of all; what tests need comes with the first other target.
SOME_READY := $(if $(wildcard $(READY)),$(READY),$(DEMO_READY))

.PHONY: demo
demo: generate ## set up, generate siray-chat, and chat with it against its fake server (the default)
	@echo '==> demo: one whole answer and one streamed, over HTTP on loopback'
	@$(RUN) docs/examples/chat_demo.py
	@echo '==> demo: done. Next: make test, make help, README.md'

.PHONY: setup
setup: $(READY) ## create .venv from requirements.lock (done by every other target when needed)
	@echo '==> setup: $(VENV) is ready'

.PHONY: generate
generate: $(SOME_READY) ## regenerate every client of pyproject.toml
	@echo '==> generate: clients of pyproject.toml'
	@$(VENV)/bin/sdkpress generate
	@echo '==> generate: done'

.PHONY: check
check: $(SOME_READY) ## fail if a generated client is not in step with its document and the generator
	@echo '==> check: are the generated clients in step?'
	@$(VENV)/bin/sdkpress check
	@echo '==> check: in step'

.PHONY: test
test: $(READY) ## run all tests, JOBS=4 at a time (ARGS="tests/unit -k name" narrows)
	@echo '==> test: skipped tests are listed with their reason at the end'
	@$(RUN) -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

.PHONY: test-dev
test-dev: $(READY) ## the behaviour of clients in Python's development mode, every warning an error
	@PYTHONASYNCIODEBUG=1 $(RUN) -X dev -W error -m pytest tests/behaviour $(ARGS)

.PHONY: lint
lint: $(READY) ## check formatting (black) and style (ruff)
	@echo '==> lint: black'
	@$(RUN) -m black --check --quiet $(SOURCES) || { echo 'lint: these files are not formatted; `make format` mends that:' >&2; $(RUN) -m black --check $(SOURCES) 2>&1 | grep '^would' >&2; exit 1; }
	@echo '==> lint: ruff'
	@$(RUN) -m ruff check $(SOURCES)
	@echo '==> lint: clean'

.PHONY: types
types: $(READY) ## check types of generator, runtime and generated code (mypy strict, pyright strict, verifytypes)
	@echo '==> types: mypy --strict'
	@$(RUN) -m mypy
	@echo '==> types: pyright, strict'
	@$(RUN) -m pyright
	@echo '==> types: pyright --verifytypes siray_chat'
	@set -e; empty=$$(mktemp -d); trap 'rm -rf "$$empty"' EXIT; cd "$$empty"; \
		PYTHONPATH="$(CURDIR)/generated/siray-chat/src" PATH="$(CURDIR)/$(VENV)/bin:$$PATH" \
		pyright --pythonpath "$(CURDIR)/$(RUN)" --ignoreexternal --verifytypes siray_chat
	@echo '==> types: clean'

.PHONY: format
format: $(READY) ## format the code (black, ruff --fix)
	@echo '==> format: ruff --fix, then black'
	@$(RUN) -m ruff check --fix --quiet $(SOURCES) || true
	@$(RUN) -m black --quiet $(SOURCES)
	@echo '==> format: done'

.PHONY: golden
golden: $(READY) ## rewrite the expected outputs in tests/cases and the pages made of tests; read the diff before you commit it
	@echo '==> golden: rewriting tests/cases/*/expected, docs/configuration.md, docs/diagnostics.md, docs/supported.md, docs/changes.md, docs/doctor-rules.md'
	@SDKPRESS_GOLDEN=rewrite $(RUN) -m pytest tests/test_cases.py tests/test_configuration_page.py tests/test_diagnostics_page.py tests/test_supported.py \
		tests/diffing/test_diff_command.py tests/doctor/test_rules.py
	@echo '==> golden: done. Read the diff: git diff tests/cases docs'

.PHONY: bench
bench: $(BENCH_READY) ## measure client, generator, imports, the fake server, diff and check beside peers and the floor (ARGS="--write" for the client's page)
	@echo '==> bench: every figure is a median of several runs on this machine, now'
	@$(BENCH)/bin/python tests/benchmarks/client.py $(ARGS)
	@$(RUN) tests/benchmarks/generator.py
	@$(RUN) tests/benchmarks/imports.py
	@$(RUN) tests/benchmarks/mock.py
	@$(RUN) tests/benchmarks/in_step.py
	@echo '==> bench: done'

.PHONY: bench-client
bench-client: $(BENCH_READY) ## only the client's part of it (ARGS="--only request --peers siray floor" narrows)
	@$(BENCH)/bin/python tests/benchmarks/client.py $(ARGS)

.PHONY: bench-quick
bench-quick: $(BENCH_READY) ## the measures of the client that matter most, in some minutes
	@$(BENCH)/bin/python tests/benchmarks/client.py --quick $(ARGS)

.PHONY: instructions
instructions: $(READY) ## fail if an import, a request or a chunk takes more instructions than allowed (needs valgrind)
	@echo '==> instructions: counted by valgrind, as multiples of a raw socket'
	@$(RUN) tests/benchmarks/instructions.py $(ARGS)

.PHONY: test-peers
test-peers: $(READY) ## chat with servers that others wrote, and let clients that others wrote chat with the fake server (needs npm and package indexes; .venv-peers)
	@echo '==> test-peers: aimock, fakellm; litellm, pydantic-ai, langchain-openai'
	@$(RUN) -m tests.peers.prepare
	@$(RUN) -m pytest tests/peers $(ARGS)

.PHONY: chains
chains: $(READY) ## twenty edits of two documents: what `diff` says, the broken callers, and what the generated tests say (four minutes)
	@SDKPRESS_CHAINS=1 $(RUN) -m pytest -n $(JOBS) tests/diffing/test_chains.py $(ARGS)

.PHONY: soak
soak: $(READY) ## 200 streams at once for ten minutes against a server with faults (ARGS="--seconds 60" shortens it)
	@$(RUN) -m tests.soak $(ARGS)

.PHONY: soak-fake
soak-fake: $(READY) ## 200 clients of the fake server at once, some cut or stalled, a minute each way in (ARGS="--seconds 10" shortens it)
	@$(RUN) -m tests.soak.fake $(ARGS)

.PHONY: corpus
corpus: $(READY) ## generate, call and check every document of ../shared/specs; writes docs/corpus.md (ARGS="--only museum")
	@echo '==> corpus: the whole takes about an hour of CPU; ARGS="--help" shows how to run a part'
	@nice $(RUN) -m tests.corpus $(ARGS)
	@echo '==> corpus: done'

.PHONY: dist
dist: $(READY) ## build wheel and sdist of sdkpress and of every client of pyproject.toml into dist/
	@echo '==> dist: sdkpress'
	@$(RUN) -m build --no-isolation --outdir dist . >/dev/null
	@echo '==> dist: clients of pyproject.toml'
	@$(VENV)/bin/sdkpress build --out dist
	@ls -1 dist
	@echo '==> dist: done'

.PHONY: lock
lock: ## pin every dependency again, with hashes (needs uv on PATH; LOCK="--upgrade" takes the newest)
	@command -v uv >/dev/null || { echo 'lock: needs uv on PATH (pip install uv)' >&2; exit 2; }
	@echo '==> lock: requirements.lock from pyproject.toml'
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
		--quiet --output-file requirements.lock $(LOCK)
	@echo '==> lock: requirements-demo.lock, the part of it that a first `make` needs'
	@uv pip compile pyproject.toml --group demo --constraint requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' \
		--quiet --output-file requirements-demo.lock
	@echo '==> lock: done'

.PHONY: charts
charts: $(READY) ## draw the charts of docs/images again, from the run in tests/benchmarks/recorded
	@$(RUN) tests/benchmarks/charts.py
	@echo '==> charts: drawn into docs/images'

.PHONY: site
site: $(READY) ## build the documentation site into site/; a dead link, or a page that docs/index.md does not list, fails it
	@echo '==> site: docs/ and what it links to'
	@$(RUN) docs/site/build.py site
	@echo '==> site: done. site/index.html is the front page'

.PHONY: bench-lock
bench-lock: ## pin what the benchmarks measure us beside, with hashes (needs uv on PATH)
	@command -v uv >/dev/null || { echo 'bench-lock: needs uv on PATH (pip install uv)' >&2; exit 2; }
	@echo '==> bench-lock: tests/benchmarks/requirements.lock'
	@uv pip compile tests/benchmarks/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make bench-lock' \
		--quiet --output-file tests/benchmarks/requirements.lock $(LOCK)
	@echo '==> bench-lock: done'

.PHONY: clean
clean: ## remove .venv, builds and caches (never a tracked file)
	@echo '==> clean'
	@rm -rf $(VENV) $(BENCH) .venv-peers build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo '==> clean: done'

.PHONY: help
help: ## list the targets
	@echo 'make TARGET'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "  %-10s %s\n", $$1, $$2 }'
	@echo 'PYTHON=/path/to/python chooses the interpreter of a new $(VENV).'

# What makes an interpreter usable: new enough, and able to create an environment with pip in it.
PROBE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

# The environment: every package pinned by hash, then this project editable, then the generated client
# on the path. The last is a relative line, so that tests and demo need no PYTHONPATH. Modules are compiled
# when they are first imported, which few of them are: all at once is a quarter of pip's work.
# Arguments: the lock, the stamp, how long it takes.
define install
	@set -e; \
	if [ -f $(2) ] && [ "$$(cat $(2))" != "$(CURDIR)" ]; then rm -rf $(VENV); fi; \
	rm -f $(2); \
	if $(RUN) -c '$(PROBE)' 2>/dev/null; then \
		echo '==> setup: updating $(VENV)'; \
	else \
		chosen=; \
		if [ -n "$$PYTHON" ]; then \
			if "$$PYTHON" -c '$(PROBE)' 2>/dev/null; then chosen=$$PYTHON; fi; \
		else \
			for candidate in $(CANDIDATES); do \
				if "$$candidate" -c '$(PROBE)' 2>/dev/null; then chosen=$$candidate; break; fi; \
			done; \
		fi; \
		if [ -z "$$chosen" ]; then \
			echo 'setup: needs Python 3.11 or newer, with the venv module; none found as '"$${PYTHON:-$(CANDIDATES)}"'.' >&2; \
			echo '       make PYTHON=/path/to/python names one.' >&2; \
			exit 2; \
		fi; \
		echo "==> setup: $(VENV) with $$("$$chosen" -V), from $$(command -v "$$chosen")"; \
		"$$chosen" -m venv --clear $(VENV); \
	fi; \
	count=$$(grep -c '^[a-z].*==' $(1)); \
	if command -v uv >/dev/null; then \
		echo "==> setup: $$count pinned packages, with uv"; \
		uv pip install --python $(RUN) --no-deps --require-hashes -r $(1); \
		uv pip install --quiet --python $(RUN) --no-deps --no-build-isolation -e .; \
	else \
		echo "==> setup: $$count pinned packages, with pip ($(3) when nothing is cached)"; \
		{ $(RUN) -m pip install --disable-pip-version-check --progress-bar off --no-compile --no-deps --require-hashes -r $(1) \
			|| touch $(VENV)/failed; } | while read -r verb name rest; do \
				case $$verb in Collecting) echo "    $$name";; Installing) echo '==> setup: installing them';; esac; \
			done; \
		if [ -f $(VENV)/failed ]; then rm $(VENV)/failed; exit 1; fi; \
		$(RUN) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .; \
	fi; \
	$(RUN) -c 'import os, pathlib, sysconfig; site = pathlib.Path(sysconfig.get_path("purelib")); (site / "siray_chat.pth").write_text(os.path.relpath("generated/siray-chat/src", site) + "\n")'; \
	printf '%s\n' "$(CURDIR)" > $(2)
endef

$(READY): requirements.lock pyproject.toml
	$(call install,requirements.lock,$(READY),one to five minutes)

$(DEMO_READY): requirements-demo.lock pyproject.toml
	$(call install,requirements-demo.lock,$(DEMO_READY),about a minute)

# The environment of the benchmarks: the peers that we are measured beside, pinned by hash, and the
# clients that the two other generators make of our document.
$(BENCH_READY): tests/benchmarks/requirements.lock tests/benchmarks/peers/generating.py \
		tests/benchmarks/peers/older_tools.overlay.yaml $(wildcard openapi-spec/*.yaml) | $(READY)
	@set -e; \
	echo "==> bench: $(BENCH) with $$(grep -c '^[a-z].*==' tests/benchmarks/requirements.lock) pinned packages"; \
	rm -rf $(BENCH); \
	if command -v uv >/dev/null; then \
		$(RUN) -m venv --without-pip $(BENCH); \
		uv pip install --quiet --python $(BENCH)/bin/python --no-deps --require-hashes --compile-bytecode \
			-r tests/benchmarks/requirements.lock; \
	else \
		$(RUN) -m venv $(BENCH); \
		$(BENCH)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes \
			-r tests/benchmarks/requirements.lock; \
	fi; \
	echo '==> bench: the clients of openapi-python-client and OpenAPI Generator'; \
	cd tests/benchmarks; \
	"$(CURDIR)/$(BENCH)/bin/python" -m peers.generating "$(CURDIR)/$(VENV)/bin/sdkpress" "$(CURDIR)/$(BENCH)/peers"; \
	printf '%s\n' "$(CURDIR)" > "$(CURDIR)/$(BENCH_READY)"
