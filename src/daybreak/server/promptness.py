"""How a process that answers shares its processors among its threads."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

SWITCH_S = 0.0005
"""How long a busy thread keeps another one waiting for the interpreter [s].

An answer takes many small steps and may wait before each; beside one busy thread it took 1.6
times as long with the 5 ms that Python begins with.
"""


@contextmanager
def prompt() -> Iterator[None]:
    """Keep waits short until the context ends; the settings are those of the whole process.

    Products of matrices use one thread each: those of an answer are so small that several
    threads take three times the processor time. What is in memory now is taken to stay, and the
    garbage collector does not go through it again: that would stop everything for a while.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
