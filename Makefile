# The daily commands. `make replicate` is the whole of it; CONTRIBUTING.md explains the rest.
#   SCALE=smoke|default|paper  VARIANT=<name>|<file.yaml>  SEEDS=<n>  CORES=<n>  DEVICE=cpu|cuda|auto  WHEELS=<folder>  PYTHON=<interpreter>
#   PROFILE=slurm  ACCOUNT=<account>  PARTITION=<partition>: on a cluster (docs/slurm.md)

VENV ?= .venv
SCALE ?= default
VARIANT ?=
SEEDS ?=
DEVICE ?=
PROFILE ?= default
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)

BIN := $(VENV)/bin
STAGES := data toy trajectories ppo offline online baselines runtimes shortlist claims exhibits
ESTIMATOR_STAGES := influence schedule stability heuristic ridge copying learned smoothing many beyond
STEM = $(basename $(notdir $(VARIANT)))
RUN = $(SCALE)$(if $(STEM),+$(STEM))
# A cluster's profile says itself how much runs at once.
PLACE = $(if $(filter default,$(PROFILE)),--cores "$(CORES)",--workflow-profile "workflow/profiles/$(PROFILE)")
CONFIG = scale=$(SCALE) $(if $(VARIANT),variant=$(VARIANT)) $(if $(SEEDS),seeds=$(SEEDS)) $(if $(DEVICE),device=$(DEVICE))

# Snakemake keeps a cache in the user's own; without one that can be written (no HOME, a read-only one) it lives here.
ifneq ($(shell [ -n "$$XDG_CACHE_HOME$$HOME" ] && cache="$${XDG_CACHE_HOME:-$$HOME/.cache}" && \
	mkdir -p "$$cache" 2>/dev/null && [ -w "$$cache" ] && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

.DEFAULT_GOAL := help
.PHONY: sensitivity estimators paper-claims help environment replicate smoke paper test lint format docs clean compare plan identify reference report report-check step-times bench gpu test-slurm test-workflow check accept why provenance kill-test conformance $(STAGES) $(ESTIMATOR_STAGES)

help: ## show this list
	@sed -n 's/^\([a-z_ -]*\):.*## /\1: /p' $(MAKEFILE_LIST)
	@echo "$(STAGES): that stage alone; fig_4_08, table_4_2, ...: that exhibit alone"

environment: ## make .venv from the lock files where it is missing or out of date
	@PYTHON="$(PYTHON)" WHEELS="$(WHEELS)" sh envs/create.sh "$(VENV)"

# $(call snakemake,<config>,<target>): check the request in one second, then hand it to Snakemake.
define snakemake
	@$(BIN)/hypersvg preflight --quiet --cores "$(CORES)" --profile "$(PROFILE)" $(foreach pair,$(1),--config "$(pair)") $(2)
	@live=; if [ -t 1 ] && [ -t 2 ]; then live="--logger rich"; fi; \
	$(BIN)/hypersvg alone -- $(BIN)/snakemake $(2) $(PLACE) $$live --config $(1)
endef

replicate: environment ## every stage, figure and table at SCALE (default: default)
	$(call snakemake,$(CONFIG),all)

smoke: override SCALE := smoke
smoke: environment ## the whole run in miniature, on digits
	$(call snakemake,$(CONFIG),all)

paper: override SCALE := paper
paper: environment ## the whole run at the widths of the thesis
	$(call snakemake,$(CONFIG),all)

$(STAGES): environment
	$(call snakemake,$(CONFIG),$@)

fig_% table_%: environment
	$(call snakemake,$(CONFIG),$@)

plan: environment ## list the jobs that `make replicate` would run, and why
	@$(BIN)/snakemake --dry-run --cores "$(CORES)" all --config $(CONFIG)

why: environment ## STAGE=<stage or exhibit>: what would run again, and for which reason
	@$(BIN)/hypersvg why "$(or $(STAGE),all)" $(foreach pair,$(CONFIG),--config "$(pair)")

compare: environment ## A=<run> B=<run>: the numbers of two result folders side by side
	@$(BIN)/hypersvg compare "$(A)" "$(B)"

conformance: environment ## CONTROLLER=<file.py:Class> or TASK=<file.py:function>: does it keep the contract (docs/extending.md)?
	@$(BIN)/hypersvg conformance $(if $(CONTROLLER),--controller "$(CONTROLLER)") $(if $(TASK),--task "$(TASK)")

provenance: environment ## TABLE=<exhibit, table or claims> ROW=<n> or WHERE="method=adaptive seed=3": where its numbers come from
	@$(BIN)/hypersvg provenance "$(RUN)" "$(TABLE)" $(if $(ROW),--row "$(ROW)") $(if $(WHERE),--where "$(WHERE)")

test: environment ## the test suite, a process a core
	@$(BIN)/python -m pytest -n "$(CORES)" --dist loadfile

test-slurm: environment ## a smoke run through a Slurm of one node (root on Debian), written to results/reference/slurm.md
	@TRANSCRIPT=results/reference/slurm.md $(BIN)/python -m pytest -m slurm

test-workflow: environment ## the tests that drive whole Snakemake runs; ONLY=<expression> picks some
	@$(BIN)/python -m pytest -m workflow $(if $(ONLY),-k "$(ONLY)")

kill-test: environment ## SCALE=smoke KILLS=100: kill a run again and again and compare what it makes (docs/interruptions.md)
	@$(BIN)/python tests/kill_100_times.py --scale "$(SCALE)" --kills "$(or $(KILLS),100)"

lint: environment ## formatting, types, layers, workflow: the same checks as CI
	@PATH="$(abspath $(BIN)):$$PATH" sh .ci/lint

format: environment ## rewrite the sources in the project's format
	@$(BIN)/ruff check --quiet --fix src tests benchmarks
	@$(BIN)/ruff format --quiet src tests benchmarks
	@$(BIN)/snakefmt Snakefile workflow

docs: environment ## regenerate what is generated: config.yaml, schema.json, the data dictionary, the ledger
	@$(BIN)/hypersvg docs

identify: environment ## find the inner protocol anew: results/reference/identification (22 min on 2 cores, MNIST)
	$(call snakemake,$(CONFIG),data)
	@$(BIN)/hypersvg identify --images results/$(RUN)/data/images.safetensors --processes "$(CORES)"

step-times: environment ## time a few steps of the long stages at SCALE and multiply them out
	$(call snakemake,$(CONFIG),trajectories)
	@GLIBC_TUNABLES=glibc.malloc.hugetlb=1 $(BIN)/hypersvg step-times "$(RUN)"

bench: BENCH_DEVICE = $(if $(filter cuda,$(DEVICE)),cuda,cpu)
bench: BENCH_RAW = results/benchmarks/$(BENCH_DEVICE).json
bench: environment ## ONLY=<name> DEVICE=cuda LEARNED_OPTIMIZATION=<python>: ours, the plain peers and the floors side by side (docs/performance.md)
	@mkdir -p $(dir $(BENCH_RAW)) && rm -f "$(BENCH_RAW)"
	@$(BIN)/python -m pytest benchmarks -q \
		-o "python_files=bench_*.py" -o "python_functions=bench_* test_*" --device $(BENCH_DEVICE) \
		$(if $(LEARNED_OPTIMIZATION),--learned-optimization "$(LEARNED_OPTIMIZATION)") \
		$(if $(ONLY),-k "$(ONLY)") --benchmark-quiet --benchmark-json "$(BENCH_RAW)"
	@$(BIN)/hypersvg bench "$(BENCH_RAW)" --device $(BENCH_DEVICE) $(if $(DACBENCH),--dacbench "$(DACBENCH)") $(if $(ONLY),--show)

gpu: environment ## on a GPU: every stage there against the CPU, then `make bench DEVICE=cuda`
	@$(BIN)/python -c "import sys, torch; torch.cuda.is_available() or sys.exit('hypersvg: PyTorch sees no GPU here')"
	$(BIN)/python -m pytest tests/test_cuda.py -q -k "not pretended"
	@$(MAKE) --no-print-directory bench DEVICE=cuda
	@echo "Benchmarks: results/reference/benchmarks-cuda.json and docs/performance.md. Run: make replicate DEVICE=cuda"

estimators: override VARIANT := estimators
estimators: environment ## ES, PES, ES-Single and hypergradients on the slides' tasks and the thesis's, at SCALE (docs/estimators.md)
	$(call snakemake,$(CONFIG),all)

$(ESTIMATOR_STAGES): override VARIANT := estimators
$(ESTIMATOR_STAGES): environment ## one stage of `make estimators`
	$(call snakemake,$(CONFIG),$@)

sensitivity: override SCALE := sensitivity
sensitivity: environment ## every alternative of the ledger, one at a time, beside the default (config/scales/sensitivity.yaml)
	$(call snakemake,$(CONFIG),sensitivity)

paper-claims: override SCALE := paper
paper-claims: environment ## the online and offline claims at the width of the thesis: SEEDS=3 or more
	$(call snakemake,$(CONFIG),paper_claims)

check: environment ## compare the run of SCALE and VARIANT with its committed reference (docs/regression_gate.md)
	@$(BIN)/hypersvg check "$(RUN)"

accept reference: environment ## make the run of SCALE and VARIANT the reference: results/reference, README, REPLICATION.md, changelog
	@$(BIN)/hypersvg accept "$(RUN)"

report: environment ## the finished run of SCALE as one page to read and pass on: results/<run>/report.html
	@$(BIN)/hypersvg report "$(RUN)"

report-check: report ## open that page in a headless Chromium, where there is one: errors, images, links, widths, keys
	@REPORT="results/$(RUN)/report.html" $(BIN)/python -m pytest tests/test_report_browser.py -q -rs

clean: ## remove the results of SCALE and VARIANT
	@case "$(SCALE)$(STEM)" in *[!A-Za-z0-9_-]*) echo "hypersvg: SCALE=$(SCALE) VARIANT=$(VARIANT) is no run" >&2; exit 1;; esac
	rm -rf "results/$(RUN)"
