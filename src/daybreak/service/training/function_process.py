"""Run a function in a Python process of its own.

A process of :mod:`multiprocessing` is joined when its parent exits, and imports the parent's
main module. This process continues after its parent has ended, and imports only the module of
the function.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from typing import Any


def start_function(
    function: Callable[..., dict[str, Any]], **arguments: Any
) -> "subprocess.Popen[str]":
    """Start a process that calls a function.

    Args:
        function: Function at the top level of an importable module; returns JSON values.
        **arguments: Its keyword arguments, as JSON values.

    Returns:
        The process. Its stdout is the result as JSON, if the function returns; what the
        function itself prints goes to stderr.
    """
    process = subprocess.Popen(  # noqa: S603 - this interpreter and this module
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    call = {
        "module": function.__module__,
        "function": function.__qualname__,
        "arguments": arguments,
    }
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    try:
        with process.stdin as stdin:
            json.dump(call, stdin)
    except BrokenPipeError:  # the process has ended already; its exit status says why
        pass
    process.stdin = None  # so that communicate() does not use it
    return process


def main() -> None:
    """Read a call from stdin, make it, and write its result to stdout."""
    result_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    call = json.load(sys.stdin)
    function: Any = reduce(getattr, call["function"].split("."), import_module(call["module"]))
    result = function(**call["arguments"])
    with os.fdopen(result_fd, "w", encoding="utf-8") as output:
        json.dump(result, output)


if __name__ == "__main__":
    main()
