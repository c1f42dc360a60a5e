"""A training under a limit of the system on its address space."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import numpy as np
import polars as pl
from daybreak import Recommender

STRATEGIES = ["popular", "ease", "graph_filter"]

def shop(n_items, n_users, n_events, seed=0):
    rng = np.random.default_rng(seed)
    item = np.concatenate([np.arange(n_items), rng.integers(0, n_items, n_events - n_items)])
    user = rng.integers(0, n_users, n_events)
    rows = pl.DataFrame({"user_id": user, "item_id": item}).unique(maintain_order=True)
    return rows.cast(pl.String)

def address_space_mb():
    with open("/proc/self/status") as file:
        sizes = dict(line.split(":") for line in file)
    return int(sizes["VmSize"].split()[0]) / 1_000

def fit(events, memory=None):
    model = Recommender(encoder="none", strategies=STRATEGIES, memory=memory)
    return model.fit(events, progress=lambda step: None)

events = shop(2_600, 120, 9_000)
fit(shop(40, 30, 200))  # loads libraries and starts threads
memory = None
if sys.argv[1] == "bounded":
    high = Recommender(encoder="none", strategies=STRATEGIES).plan(events).peak_bytes.high
    for share in np.arange(0.95, 0.2, -0.05):
        memory = int(share * high)
        plan = Recommender(encoder="none", strategies=STRATEGIES, memory=memory).plan(events)
        if plan.form == "nearest":
            break
    assert plan.learned == tuple(STRATEGIES)
limit = int((address_space_mb() + float(sys.argv[2])) * 1e6)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
model = fit(events, memory)
assert memory is None or any("of memory" in note for note in model.notes)
"""
ROOM_MB = 110
"""Address space for a training beyond what is in use [MB]."""


def train(how):
    command = [sys.executable, "-c", SCRIPT, how, str(ROOM_MB)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep to the limit")
def test_a_bounded_training_succeeds_where_another_one_has_too_little_memory():
    bounded = train("bounded")
    assert bounded.returncode == 0, bounded.stderr
    assert train("as it is").returncode != 0
