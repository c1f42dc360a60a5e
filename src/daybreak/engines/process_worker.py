"""A worker of :class:`.ProcessEngine`: calls functions until its input ends."""

import os
import sys
from typing import Any

from daybreak.engines.frames import read_frame, write_frame


def main() -> None:
    """Read calls from stdin, and write what they return or raise."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what tasks print is no answer
        while True:
            try:
                function, task = read_frame(sys.stdin.buffer)
            except EOFError:
                return
            except Exception as error:  # noqa: BLE001 - the parent raises it
                answer: tuple[bool, Any] = (False, error)
            else:
                answer = _call(function, task)
            _write_answer(answers, answer)


def _call(function: Any, task: Any) -> tuple[bool, Any]:
    try:
        return True, function(task)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        return False, error


def _write_answer(answers: Any, answer: tuple[bool, Any]) -> None:
    try:
        write_frame(answers, answer)
    except (TypeError, AttributeError, ValueError) as error:  # no pickle can hold it
        name = type(answer[1]).__name__
        write_frame(answers, (False, TypeError(f"cannot send a {name}: {error}")))


if __name__ == "__main__":
    main()
