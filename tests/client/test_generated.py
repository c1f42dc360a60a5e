"""The blocking client is generated from the asynchronous one."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "generate_client.py"


@pytest.mark.parametrize("name", ["async_client.py", "async_experiments.py", "async_admin.py"])
def test_the_blocking_client_is_up_to_date(name):
    spec = importlib.util.spec_from_file_location("generate_client", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert name in script.SOURCES
    assert script.generate(name) == script.target_of(name).read_text("utf-8")
