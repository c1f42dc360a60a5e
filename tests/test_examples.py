"""Every example runs, makes its point, and stays short."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_its_assertions_hold(path, capsys):
    runpy.run_path(str(path), run_name="__main__")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_says_its_concept_and_asserts_it(path):
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith('"""')
    assert any(line.startswith("assert ") for line in lines)
