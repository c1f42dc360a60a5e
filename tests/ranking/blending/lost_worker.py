"""A worker that ends during its first simulated cold start."""

import os

from daybreak.ranking.blending.split_tasks import compute_split as compute

MARK_VARIABLE = "DAYBREAK_TEST_LOST_WORKER"


def compute_split(task):
    try:
        os.close(os.open(os.environ[MARK_VARIABLE], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return compute(task)
    os._exit(7)
