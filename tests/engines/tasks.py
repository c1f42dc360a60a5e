"""Functions that tests run on workers."""

import os
import sys
import time


def square(number):
    return number * number


def add(pair):
    return sum(pair)


def print_and_return(text):
    sys.stdout.write(text)
    return text


def fail(text):
    raise ValueError(text)


def process_id(_):
    return os.getpid()


def make_function(_):
    return lambda: None


def end_worker(_):
    os._exit(7)


def end_worker_once(path):
    """End the process the first time that the task runs."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "again"
    os._exit(7)


def slow_once(path):
    """Take a minute the first time that a task with a path runs, and no time afterwards."""
    if path is None:
        return "fast"
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "repeated"
    time.sleep(60)
    return "slow"
