"""The layout of the code: sizes, unique names, package descriptions and import costs."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import daybreak

SOURCE = Path(daybreak.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
MAX_FILE_LINES = 650
MAX_FUNCTION_LINES = 60


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and the length of each function, without its docstring."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            has_doc = ast.get_docstring(node) is not None
            doc = (first.end_lineno or 0) - first.lineno + 1 if has_doc else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - doc


def loaded_after(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_and_its_functions_have_a_maximum_size(path):
    assert len(path.read_text("utf-8").splitlines()) <= MAX_FILE_LINES
    assert not [name for name, lines in functions(path) if lines > MAX_FUNCTION_LINES]


def test_a_class_name_is_defined_once():
    defined = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                defined[node.name].append(str(path.relative_to(SOURCE)))
    assert not {name: paths for name, paths in defined.items() if len(paths) > 1}


def test_importing_the_package_loads_nothing_heavy():
    assert not {"numpy", "polars", "scipy", "typer"} & loaded_after("import daybreak")


def test_importing_the_command_line_loads_nothing_heavy():
    heavy = {"numpy", "polars", "scipy", "rich.table", "sqlalchemy", "matplotlib"}
    assert not heavy & loaded_after("import daybreak.cli.app")


def test_using_a_recommender_loads_no_pictures_no_segmenter_and_no_store():
    heavy = {"matplotlib", "jieba", "onnxruntime", "rich", "torch", "sqlalchemy", "httpx"}
    assert not heavy & loaded_after("from daybreak import Recommender")
