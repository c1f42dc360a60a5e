"""Benchmark scripts import what exists."""

import pkgutil
from importlib import import_module

import pytest

import benchmarks

MODULES = [
    module.name
    for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")
    if not module.name.startswith("benchmarks.peers")  # needs libraries of its own
]


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_can_be_imported(name):
    pytest.importorskip("pandas", reason="tables of benchmarks need pandas")
    assert import_module(name).__doc__
