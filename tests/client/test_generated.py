"""The blocking client is generated from the asynchronous one."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "tools" / "generate_client.py"


def test_the_blocking_client_is_up_to_date():
    spec = importlib.util.spec_from_file_location("generate_client", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.generate(script.SOURCE.read_text("utf-8"))
    assert text == script.TARGET.read_text("utf-8")
