"""The service layer does not know who calls it: no adapter, no command, no option."""

import ast
import re
from pathlib import Path

import pytest

import daybreak
from daybreak.cli.app import COMMANDS

SOURCE = Path(daybreak.__file__).parent
LAYERS = (
    "data",
    "encoders",
    "evaluation",
    "models",
    "ranking",
    "service",
    "simulation",
    "store",
)
MODULES = sorted(path for layer in LAYERS for path in (SOURCE / layer).rglob("*.py"))
COMMAND = re.compile(rf"\bdaybreak ({'|'.join(map(re.escape, COMMANDS))})\b")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
ALLOWED = {"--no-deps"}  # an option of pip
STYLE = re.compile(r"var\(--[\w-]+")  # a variable of CSS


def texts(tree):
    """Return all string constants, docstrings included."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_below_the_adapters_knows_them(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert not [
        name for name in imported(tree) if name.startswith(("daybreak.cli", "daybreak.server"))
    ]
    for text in texts(tree):
        assert not COMMAND.search(text)
        assert set(OPTION.findall(STYLE.sub("", text))) <= ALLOWED
