"""The arguments of the process, which all users of the machine can read."""

import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

STORE_OPTION = "--store"
STORE_VARIABLE = "DAYBREAK_STORE"


def hide_store_password() -> None:
    """Start the program again without the password of a database among its arguments.

    The URL is passed on in the environment, which only the same user can read. Nothing happens
    without a password, on systems that cannot replace a process, and where the program was
    called as a function.
    """
    found = split_store_password(sys.argv[1:])
    n_own = len(sys.orig_argv) - len(sys.argv) + 1
    if found is None or os.name != "posix" or sys.orig_argv[n_own:] != sys.argv[1:]:
        return
    arguments, url = found
    command = [*sys.orig_argv[:n_own], *arguments]
    os.execve(sys.executable, command, {**os.environ, STORE_VARIABLE: url})  # noqa: S606


def split_store_password(arguments: Sequence[str]) -> tuple[list[str], str] | None:
    """Return the arguments without the option of the store, and its URL, if it has a password.

    Example:
        >>> split_store_password(["train", "--store", "postgresql://eve:secret@db/shop", "-q"])
        (['train', '-q'], 'postgresql://eve:secret@db/shop')
        >>> split_store_password(["train", "--store=shop.db"]) is None
        True
    """
    rest: list[str] = []
    url, left = "", list(arguments)
    while left:
        argument = left.pop(0)
        if argument == STORE_OPTION and left:
            url = left.pop(0)
        elif argument.startswith(f"{STORE_OPTION}="):
            url = argument.partition("=")[2]
        else:
            rest.append(argument)
    return (rest, url) if _has_password(url) else None


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False
