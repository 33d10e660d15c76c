# Needs make and Python 3.11 or later; uv installs where it is there, else venv and pip.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed
# Writes Sparkplug B in the tests. It asks for an older paho, which it does not need for that.
WRITER := pysparkplug==0.6.1
ERGOSCOPE := $(BIN)/ergoscope
# Where this is set, every process compiles the sources of every library anew: seconds each.
export PYTHONDONTWRITEBYTECODE :=
MINIMA := -m 'not slow' tests/_core tests/simulator/_systems tests/simulator/_recordings tests/analysis/_exact \
    tests/learners/test_catalogue.py tests/learners/_least_squares/test_ladder.py tests/streams/_messages tests/streams/_storage \
    tests/analysis/_reports tests/cli/test_sweep.py
CAMPAIGN := $(BIN)/python -m pytest --campaign -o timeout=0 -s
BENCHMARKS := ladder bands changes single long_recording ahead lattice exported simulation kalman linearity latency external_predictors streams live memory sweep cluster train sample_gradients peeling completion learners networks table

.PHONY: help demo test docs campaign campaign-verdicts campaign-faults campaign-sweep campaign-grokking campaign-quanta campaign-more reference recordings check minima packages \
    bench bench-quick bench-long clean

help:
	@echo "make demo         run the main job; reports, figures and tables go to demo/"
	@echo "make test         run every test; some of them: make test ARGS='-k ladder'"
	@echo "make campaign     the long form of every test that has one, the three below too: two hours or more"
	@echo "make campaign-verdicts  whether intervals cover, over 200 seeds: an hour or more"
	@echo "make campaign-faults    broker, learner and publisher killed twenty times each in a million samples, damaged bytes, odd pages: half an hour"
	@echo "make campaign-sweep     a sweep of 500 points killed 25 times, on a Dask cluster too: a quarter of an hour or more"
	@echo "make campaign-grokking  375 networks of the published grid of parity, and their map beside it: half an hour or more; it goes on after Ctrl-C"
	@echo "make campaign-quanta    sparse parity with 500 tasks, widths 10 to 100, a tenth of the published batch and steps: a quarter of an hour or more; it goes on after Ctrl-C"
	@echo "make campaign-more      a hundred undecided answers asked how much data they need, and given that much: ten minutes; it goes on after Ctrl-C"
	@echo "make reference    the mean error of learned filters over 1e5 runs, for the campaign: a quarter of an hour"
	@echo "make recordings   the answers for single recordings, and the table of docs/theory.md: ten minutes"
	@echo "make check        format, lint, types, import contracts"
	@echo "make minima       a quick part of the tests with the lowest versions that pyproject.toml allows: some five minutes"
	@echo "make packages     the wheel and the source distribution in dist/, the wheel tried on Python 3.11, 3.12 and 3.13: some six minutes"
	@echo "make bench        the measured comparisons of benchmarks/, and the tables of docs/performance.md and docs/learners.md"
	@echo "make bench-quick  the headline alone, in less than a minute"
	@echo "make bench-long   1e5 streams x 64 lengths x 1e5 steps within 4 GiB, and a live service: an hour or more"
	@echo "make docs         the documentation as a site, with its search: site/"
	@echo "make clean        remove what was built, cached and shown; .venv and runs/ stay"

demo: $(INSTALLED)
	@$(ERGOSCOPE) reproduce figure-1 --out demo/figure-1
	@$(ERGOSCOPE) locate random-walk --out demo/random-walk
	@$(ERGOSCOPE) locate double-integrator --out demo/double-integrator
	@$(ERGOSCOPE) locate examples/data/nile.csv --output flow --time year --out demo/nile
	@echo
	@echo "Open these in a browser; the figures and tables behind them lie beside them:"
	@ls demo/figure-1/report.html demo/random-walk/report.html demo/double-integrator/report.html demo/nile/report.html \
	    | sed 's/^/  /'

test: $(INSTALLED)
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

docs: $(INSTALLED)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "site/index.html is the documentation. To search it, too, serve it:"
	@echo "  $(PYTHON) -m http.server --bind 127.0.0.1 --directory site"

campaign: $(INSTALLED)
	@$(CAMPAIGN) $$(grep -rl -e 'getoption("--campaign")' --include='test_*.py' tests) $(ARGS)

campaign-verdicts: $(INSTALLED)
	@$(CAMPAIGN) tests/analysis/_growth/test_calibration.py tests/analysis/_location/test_single_recordings.py $(ARGS)

campaign-faults: $(INSTALLED)
	@$(CAMPAIGN) $$(grep -rl -e 'getoption("--campaign")' --include='test_*.py' tests/streams) $(ARGS)

campaign-sweep: $(INSTALLED)
	@$(CAMPAIGN) tests/analysis/_sweeps/test_experiment.py tests/analysis/_sweeps/test_dask_client.py \
	    -k "killed_again" $(ARGS)

campaign-grokking: $(INSTALLED)
	@$(BIN)/python benchmarks/grokking_grid.py $(ARGS)

campaign-quanta: $(INSTALLED)
	@$(BIN)/python benchmarks/quanta_published.py --batch 2000 --steps 20000 --widths 10,20,50,100 $(ARGS)

campaign-more: $(INSTALLED)
	@$(BIN)/python benchmarks/more_data.py $(ARGS)

reference: $(INSTALLED)
	@OMP_NUM_THREADS=1 $(BIN)/python tests/analysis/_growth/learned_reference.py $(ARGS)

recordings: $(INSTALLED)
	@$(BIN)/python benchmarks/recordings.py $(ARGS)

check: $(INSTALLED)
	@$(BIN)/ruff format --check --output-format concise .
	@$(BIN)/ruff check --output-format concise .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

minima:
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(PYTHON) .ci/minima.py > "$$folder/pins.txt"; $(PYTHON) -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" -m pip install -q --disable-pip-version-check -r "$$folder/pins.txt"; \
	"$$folder/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -e .; \
	"$$folder/venv/bin/python" -m pytest -q -p no:cacheprovider -o filterwarnings= $(MINIMA) $(ARGS)

packages: $(INSTALLED)
	@$(BIN)/python .ci/packages.py $(ARGS)

bench: $(INSTALLED)
	@set -e; for name in $(BENCHMARKS); do echo; echo "== $$name"; $(BIN)/python benchmarks/$$name.py; done

bench-quick: $(INSTALLED)
	@$(BIN)/python benchmarks/ladder.py --quick

bench-long: $(INSTALLED)
	@$(BIN)/python benchmarks/memory.py --long
	@$(BIN)/python benchmarks/streams.py --long
	@$(BIN)/python benchmarks/table.py

clean:
	@rm -rf build dist demo site *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "ergoscope needs Python 3.11 or later, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)." >&2; \
	    echo "Install one and name it: make PYTHON=python3.12" >&2; exit 1; }
	@echo "installing into .venv: about 1 GB, once"
	@set -e; if command -v uv >/dev/null; then \
	    uv venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv; \
	    uv pip install -q --python $(BIN)/python -c constraints.txt -e '.[bench,check,docs,test]'; \
	    uv pip install -q --python $(BIN)/python --no-deps $(WRITER) || echo "without $(WRITER): its tests are skipped"; \
	else \
	    $(PYTHON) -m venv .venv || { echo "Python's venv is missing: install it (python3-venv) or uv." >&2; exit 1; }; \
	    $(BIN)/python -m pip install -q --disable-pip-version-check --no-compile -c constraints.txt -e '.[bench,check,docs,test]'; \
	    $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps $(WRITER) || \
	        echo "without $(WRITER): its tests are skipped"; \
	fi
	@touch $@
