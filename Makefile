# make help explains everything. Targets install what they need; Python 3.11 to 3.13, no root, no GPU needed.

DATASETS  ?= bundled
METHODS   ?= timae,timae-scratch,timae-probe,timae-ms,timae-ms-probe,timae-ms+ridge,1nn-dtw,minirocket
RESAMPLES ?= 1
LABELS    ?=
PRESET    ?= quick
WORKERS   ?= 2
NAME      ?= default
SUITE     ?=
EXECUTOR  ?= local
SLURM     ?=
CLUSTER   ?=
WAIT      ?= 1
WORKERS_PER_GPU ?= 1
RESULTS   ?= results
UCR_ROOT  ?=
FROM      ?=
ARGS      ?=
PYTHON    ?= python3

export UCR_ROOT
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup bench plan status cancel report chaos bench-pool data archive-check bench-load bench-mamba bench-train cuda gpu-check check readme-figures test test-slurm test-network format clean

help:  ## explain targets and variables
	@echo 'make TARGET [VARIABLE=value …]'
	@echo
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 22
	@echo
	@echo 'Variables of bench (value now):'
	@echo '  DATASETS=$(DATASETS)       names, globs, groups (bundled, here, all, 112, 85), conditions: python -m ucr list'
	@echo '  METHODS=$(METHODS)'
	@echo '                         contestants, separated by commas: bench/methods/table.py'
	@echo '  RESAMPLES=$(RESAMPLES)            splits a data set: the archive'"'"'s own, then stratified resamples'
	@echo '  LABELS=$(LABELS)                labels a class that methods learn from, separated by commas: 1,2,5,10,all'
	@echo '  PRESET=$(PRESET)           what a run may cost: smoke, quick, standard, paper'
	@echo '  WORKERS=$(WORKERS)              runs at a time, one thread each'
	@echo '  NAME=$(NAME)           of the contest: its folder in results/ and reports/'
	@echo '  SUITE=$(SUITE)                 a contest with a name of its own, which what is given beside it goes before: archive, resamples, ladder, labels, ecg5000'
	@echo '  EXECUTOR=$(EXECUTOR)         where runs run: local, slurm'
	@echo '  SLURM=$(SLURM)                 of all tasks, such as "partition=debug time=60 gpus_per_node=1"; minutes'
	@echo '  CLUSTER=$(CLUSTER)               a file with settings of tasks by method: docs/cluster.md'
	@echo '  WAIT=$(WAIT)                 0: submit to SLURM, and do not wait for the end'
	@echo '  WORKERS_PER_GPU=$(WORKERS_PER_GPU)      runs at a time on each GPU'
	@echo '  RESULTS=$(RESULTS)        folder of all results'
	@echo '  UCR_ROOT=$(UCR_ROOT)              folder of the archive, with <Name>/<Name>_TRAIN.tsv; not needed for bundled'
	@echo '  FROM=$(FROM)                  of data: folders or zips to take data sets from before sources are asked'
	@echo '  ARGS=$(ARGS)                  further options of python -m bench run, plan or report, such as --same-split'
	@echo '  PYTHON=$(PYTHON)         makes the environment in $(VENV)'

setup: $(VENV)/installed  ## make the environment .venv and install the suite

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit(\
	  f"expected Python 3.11 to 3.13, got {v[0]}.{v[1]}: make PYTHON=python3.12 …")'
	@echo 'installing into $(VENV) (once; a few minutes) …'
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed tests/peers.txt
	$(PIP) -e '.[dev]'
	$(PIP) --upgrade --target $(VENV)/yardstick transformers
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/peers.txt
	@touch $@

# what make supplies of itself gives way to what a suite says
given = $(if $(SUITE),$(filter-out file,$(origin $1)),$1)
CONTEST = $(if $(SUITE),--suite '$(SUITE)') $(if $(call given,DATASETS),--datasets '$(DATASETS)') \
  $(if $(call given,METHODS),--methods '$(METHODS)') $(if $(call given,RESAMPLES),--resamples $(RESAMPLES)) \
  $(if $(call given,PRESET),--preset $(PRESET)) $(if $(LABELS),--labels '$(LABELS)') \
  --name '$(NAME)' --results '$(RESULTS)' --executor $(EXECUTOR) --workers $(WORKERS) \
  --workers-per-gpu $(WORKERS_PER_GPU) --slurm '$(SLURM)' \
  $(if $(CLUSTER),--cluster '$(CLUSTER)')

bench: setup  ## run a contest (only what is missing) and write reports/NAME/report.md and report.html
	@$(BIN)/python -m bench run $(CONTEST) $(if $(filter 0,$(WAIT)),--no-wait) $(ARGS)

plan: setup  ## what is done, what is to do, hours and ETA; trains nothing
	@$(BIN)/python -m bench plan $(CONTEST) $(ARGS)

status: setup  ## what is done, running, queued, failed of contest NAME
	@$(BIN)/python -m bench status '$(NAME)' --results '$(RESULTS)'

cancel: setup  ## end what runs of contest NAME, and what is queued in SLURM
	@$(BIN)/python -m bench cancel '$(NAME)' --results '$(RESULTS)'

report: setup  ## redraw reports/NAME/ from the results alone
	@$(BIN)/python -m bench report '$(NAME)' --results '$(RESULTS)' $(ARGS)

chaos: setup  ## let tiny runs meet kill -9, full disks and worse; nothing may be lost
	@$(BIN)/python -m bench chaos

bench-pool: setup  ## time what the pool of workers costs beside the runs
	@$(BIN)/python -m bench speed-pool

data: setup  ## download and verify DATASETS into UCR_ROOT, else the user's cache folder
	@$(BIN)/python -m ucr download '$(DATASETS)' $(foreach place,$(FROM),--from '$(place)')

archive-check: setup  ## 1-NN with Euclidean distance on what lies under UCR_ROOT gives the archive's own errors
	@$(BIN)/python -m ucr archive-check

bench-load: setup  ## time loading: our reader against sktime's, first load against later ones
	@$(BIN)/python -m ucr bench-load

bench-mamba: $(VENV)/installed-dev  ## time our Mamba-2 against transformers', one thread each
	@OMP_NUM_THREADS=1 PYTHONPATH=$(VENV)/yardstick $(BIN)/python -m timae.speed mamba

bench-train: setup  ## time training steps against plain Lightning, a run against a bare loop, one thread each
	@OMP_NUM_THREADS=1 $(BIN)/python -m timae.speed train
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench speed-run

cuda: setup  ## add mamba-ssm's Triton kernels, for a machine with a GPU; a CPU needs none of it
	$(PIP) setuptools wheel einops
	MAMBA_FORCE_BUILD=TRUE MAMBA_SKIP_CUDA_BUILD=TRUE $(PIP) --no-build-isolation --no-deps mamba-ssm

gpu-check: cuda  ## measure what is claimed about GPUs on a machine with one; writes reports/gpu/CARD.json
	@$(BIN)/python -m bench gpu-check

check: $(VENV)/installed-dev  ## style, types, import direction, figures in README and docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m bench.report.figures --check

readme-figures: $(VENV)/installed-dev  ## make README and docs out of docs/templates, with the figures of committed reports
	@$(BIN)/python -m bench.report.figures

test: $(VENV)/installed-dev  ## run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slurm: $(VENV)/installed-dev  ## run the tests that need a SLURM that answers
	$(BIN)/python -m pytest -m slurm

test-network: $(VENV)/installed-dev  ## run the tests that download from the index that pip is set up for
	$(BIN)/python -m pytest -m network -rs

format: $(VENV)/installed-dev  ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:  ## remove the environment and caches; results stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache *.egg-info
