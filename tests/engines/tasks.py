"""Functions that tests run on workers."""

import os
import sys
import time

from daybreak.engines import shared_values


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


def add_to_shared(pair):
    shared, number = pair
    return [value + number for value in shared.get()]


def identity_of_shared(shared):
    return id(shared.get())


def known_keys(_):
    return sorted(shared_values._VALUES)


def end_worker_once_with_shared(pair):
    """End the process the first time, after it has read the value."""
    shared, path = pair
    value = shared.get()
    end_worker_once(path)
    return value


def add_in_place(pair):
    """Add to an array, which models may change in place."""
    shared, number = pair
    array = shared.get()
    assert array.flags.writeable
    return array + number
