"""Import packages that report their use to their makers, with the reports switched off.

When ONNX Runtime is imported, it writes an id of the device into the user's cache folder, and
opens a queue of reports that it sends later; its variable must therefore be set before. The
packages of Hugging Face add facts about the machine to the headers of downloads.
"""

import os
from importlib import import_module
from types import ModuleType

TELEMETRY_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
}
"""Environment variables that switch reports off, of ONNX Runtime and of Hugging Face."""


def import_without_telemetry(name: str) -> ModuleType:
    """Return an imported package that sends no reports of its use.

    The environment variables stay set, so that they hold for child processes as well.

    Args:
        name: Name of the package or module, such as ``onnxruntime.quantization``.

    Raises:
        ImportError: The package is not installed.
    """
    os.environ.update(TELEMETRY_SWITCHES)
    module = import_module(name)
    if name.partition(".")[0] == "onnxruntime":
        # The caller's program may have imported it before: its queue is stopped at least.
        getattr(import_module("onnxruntime"), "disable_telemetry_events", _do_nothing)()
    return module


def _do_nothing() -> None:
    """Stand in for a function that earlier versions of a package do not have."""
