"""Run a function in a Python process of its own.

A process of :mod:`multiprocessing` is joined when its parent exits, and imports the parent's
main module. This process continues after its parent has ended, imports only the module of
the function, and writes to a file instead of to its parent.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any


def start_function(
    function: Callable[..., None], log: Path, **arguments: Any
) -> "subprocess.Popen[str]":
    """Start a process that calls a function.

    The arguments are sent through a pipe: those of a process are visible to all users of the
    machine, and they may contain a password.

    Args:
        function: Function at the top level of an importable module.
        log: File to which everything is appended that the process prints; only the user of this
            process may read it.
        **arguments: Its keyword arguments, as JSON values.

    Returns:
        The process.

    Raises:
        OSError: The file cannot be written, or no process can be started.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603 - this interpreter and this module
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=descriptor,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    finally:
        os.close(descriptor)
    call = {"function": name_of(function), "arguments": arguments}
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    try:
        with process.stdin as stdin:
            json.dump(call, stdin)
    except BrokenPipeError:  # the process has ended already; its exit status says why
        pass
    process.stdin = None
    return process


def name_of(function: Callable[..., Any]) -> str:
    """Return the name by which :func:`find_function` finds a function.

    Example:
        >>> name_of(json.dumps)
        'json:dumps'
    """
    return f"{function.__module__}:{function.__qualname__}"


def find_function(name: str) -> Callable[..., Any]:
    """Return the function with a name of :func:`name_of`.

    Example:
        >>> find_function("json:dumps")([1])
        '[1]'
    """
    module, _, qualified = name.partition(":")
    start: Any = import_module(module)
    found: Callable[..., Any] = reduce(getattr, qualified.split("."), start)
    return found


def main() -> None:
    """Read a call from stdin, and make it."""
    call = json.load(sys.stdin)
    find_function(call["function"])(**call["arguments"])


if __name__ == "__main__":
    main()
