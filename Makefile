# `make demo` and `make test` set everything up by themselves; `make` alone lists the rest.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STATE ?= .local
PORT ?= 4566
SYSTEM ?= web_analytics
DEMO_EVENTS ?= 10000
ARGS ?=

# Bytecode must be kept: compiling aws-cdk-lib anew costs more than the whole synth.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# cfn-lint checks the templates (make lint); the CDK's own check would cost more than the synth.
export CDK_VALIDATION := false
export NODE_COMPILE_CACHE := $(CURDIR)/.cache/node
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PYTHON_TOOLS := $(VENV)/.installed
NODE_TOOLS := node_modules/.package-lock.json
LAYER := dist/fastavro-lib.zip

.DEFAULT_GOAL := help
.PHONY: help setup demo up synth chromium vendor-echarts test test-crash lint format bench audit lock snapshots security-report clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(PYTHON_TOOLS) $(NODE_TOOLS) $(LAYER) ## Install everything the other targets need

$(PYTHON_TOOLS): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Python 3.11 or newer is needed (%s is %s); set PYTHON=..." % (sys.executable, sys.version.split()[0]))'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

$(NODE_TOOLS): package-lock.json $(PYTHON_TOOLS)
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(LAYER): build-aws-lambda-layer-package.sh lambdas/requirements.txt $(PYTHON_TOOLS)
	./build-aws-lambda-layer-package.sh

demo: synth ## A system from HTTP to Athena SQL on this machine (SYSTEM=web_analytics DEMO_EVENTS=10000)
	$(PY) src/utils/demo.py --system $(SYSTEM) --events $(DEMO_EVENTS)

synth: $(PYTHON_TOOLS) $(LAYER) ## Write the CloudFormation templates to cdk.out
	CDK_OUTDIR=cdk.out $(PY) app.py

up: synth ## The local run, staying up (PORT=4566 STATE=.local)
	$(PY) -m local_runtime up --port $(PORT) --state $(STATE) $(ARGS)

chromium: $(PYTHON_TOOLS)
	@tests/browser/install_chromium.sh

vendor-echarts: $(NODE_TOOLS) ## Bundle the part of ECharts that the dashboards use, at the version in package.json
	dashboard/build/vendor_echarts.sh

test: $(PYTHON_TOOLS) $(NODE_TOOLS) $(LAYER) chromium ## Run the tests (ARGS="-k name" for some of them)
	$(PY) -m pytest -n auto --dist loadfile $(ARGS)

test-crash: $(PYTHON_TOOLS) $(LAYER) ## Kill runs 30 times at named points and 30 at random: inserts, upserts, JSON lines, clicks
	CRASH_KILLS=60 $(PY) -m pytest -q -s tests/integration/crash

lint: synth ## ruff, mypy, import-linter, cfn-lint, cdk-nag
	ruff check
	ruff format --check
	mypy
	lint-imports
	cfn-lint 'cdk.out/*.template.json'
	$(PY) -m stacks.security_report --check

format: $(PYTHON_TOOLS) ## Format the Python files
	ruff format
	ruff check --fix

audit: $(PYTHON_TOOLS) $(NODE_TOOLS) ## Known weaknesses of the dependencies (asks the network)
	uvx --from pip-audit==2.10.1 pip-audit --requirement requirements-dev.txt --disable-pip
	npm audit

bench: $(PYTHON_TOOLS) $(NODE_TOOLS) $(LAYER) ## Measure every ratio and save it with the machine's facts
	$(PY) -m benchmarks.run $(ARGS)

lock: $(PYTHON_TOOLS) ## Write requirements*.txt anew from requirements*.in
	for name in requirements lambdas/requirements requirements-dev; do \
	  uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	    --custom-compile-command "make lock" $$name.in -o $$name.txt || exit 1; \
	done

snapshots: $(PYTHON_TOOLS) $(LAYER) ## Rewrite the template snapshots after a wanted change
	$(PY) -m pytest tests/infrastructure --snapshot-update $(ARGS)

security-report: $(PYTHON_TOOLS) $(LAYER) ## Rewrite docs/security.md after a wanted change
	$(PY) -m stacks.security_report

clean: ## Remove what the targets made, but not the data in .local
	rm -rf cdk.out dist node_modules .cache $(VENV)
