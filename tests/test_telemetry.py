"""No package reports its use: no file of it, no connection, and no look-up of a name."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import daybreak
from daybreak.telemetry import TELEMETRY_SWITCHES, import_without_telemetry
from tests.encoders.tiny_models import tiny_onnx

SOURCE = Path(daybreak.__file__).parent
REPORTING = {"onnxruntime", "huggingface_hub", "transformers"}
"""Packages that report their use unless they are told not to."""
ENCODE = """
import os, sys, time
from daybreak.encoders.onnx_text import OnnxTextEncoder
OnnxTextEncoder(sys.argv[1]).encode(["red globe", "tiny lamp"])
if len(sys.argv) > 2:
    OnnxTextEncoder(sys.argv[1], precision="int8").encode(["red globe"])
time.sleep(1)
for number in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else []:
    try:
        print(os.readlink(f"/proc/self/fd/{number}"))
    except OSError:
        pass
"""


@pytest.mark.parametrize("more", [(), ("int8",)])
def test_a_text_model_leaves_no_file_and_opens_no_connection(tmp_path, more):
    home = tmp_path / "home"
    home.mkdir()
    folder = tiny_onnx(tmp_path / "model")
    kept = {name: value for name, value in os.environ.items() if name not in TELEMETRY_SWITCHES}
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"), str(home))
    places["DAYBREAK_CACHE"] = str(tmp_path / "cache")
    run = subprocess.run(
        [sys.executable, "-c", ENCODE, str(folder), *more],
        capture_output=True,
        text=True,
        check=True,
        env={**kept, **places, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert [path for path in home.rglob("*") if path.is_file()] == []
    opened = run.stdout.split()
    assert not [one for one in opened if one.startswith("socket:")]
    assert not [one for one in opened if str(home) in one or "onnxruntime.db" in one]


def test_a_program_that_imported_the_runtime_before_stops_its_queue(monkeypatch):
    runtime = pytest.importorskip("onnxruntime")
    stopped = []
    monkeypatch.setattr(runtime, "disable_telemetry_events", lambda: stopped.append(1))
    import_without_telemetry("onnxruntime")
    assert stopped == [1]


def test_the_hub_adds_nothing_about_the_machine_to_its_requests():
    code = (
        "from daybreak.telemetry import import_without_telemetry as load;"
        "print(load('huggingface_hub.constants').HF_HUB_DISABLE_TELEMETRY)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout.split() == ["True"]


def test_no_module_imports_a_reporting_package_in_another_way():
    found = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(path.name, n) for n in names if n.partition(".")[0] in REPORTING]
    assert found == []
