import os
from importlib import import_module
from pathlib import Path

import pytest

_SIBLING = Path(__file__).parents[3] / "shared" / "evalkit"


@pytest.fixture
def evalkit(monkeypatch):
    """The neutral scorer whose definitions ours must equal."""
    pytest.importorskip("pandas", reason="the neutral scorer needs pandas")
    folder = Path(os.environ.get("DAYBREAK_EVALKIT", _SIBLING))
    if not (folder / "evalkit" / "metrics.py").exists():
        pytest.skip("the neutral scorer is not here; name its folder in DAYBREAK_EVALKIT")
    monkeypatch.syspath_prepend(str(folder))
    return import_module("evalkit.metrics")
