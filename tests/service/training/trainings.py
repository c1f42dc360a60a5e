"""Training functions that tests run in a process of their own."""

import os
import signal
import sys
import time

from daybreak.service.training.task_process import report_progress


def succeed(settings, options):
    """Return the niceness of the process as the id of the release."""
    sys.stdout.write("progress\n")  # what a training prints must not disturb its result
    time.sleep(0.2)
    return {"status": "done", "release": str(os.nice(0))}


def echo(settings, options):
    return {"status": "done", "release": settings["store"], "note": options["start"]}


def refuse(settings, options):
    return {"status": "refused", "note": "worse"}


def fail(settings, options):
    raise ValueError("no items")


def exit_early(settings, options):
    sys.stdout.close()
    os._exit(0)


def kill_itself(settings, options):
    os.kill(os.getpid(), signal.SIGKILL)


def wait_long(settings, options):
    time.sleep(60)


def report(settings, options):
    """Report progress, then wait until the end is asked for."""
    report_progress(30, 400, "training")
    time.sleep(60)


def catch_everything(settings, options):
    """Wait inside a handler of all ordinary errors."""
    try:
        time.sleep(60)
    except Exception:  # noqa: BLE001 - the point of this function
        return {"status": "done", "release": "a handler swallowed the request to end"}
    return {"status": "done"}


def turn_into_an_error(settings, options):
    """Wait in a library that makes an error of its own of every exception."""
    report_progress(1, 2, "training")
    try:
        time.sleep(60)
    except BaseException as error:
        raise SystemError("returned a result with an exception set") from error


def chatter(settings, options):
    """Print more than a pipe holds, for longer than the server that started it lives."""
    for _ in range(20):
        sys.stdout.write("x" * 10_000 + "\n")
        sys.stderr.write("y" * 10_000 + "\n")
        sys.stdout.flush()
        time.sleep(0.05)
    return {"status": "done", "release": "chatter"}
