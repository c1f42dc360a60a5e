"""Proof before belief: hide users that are known, and ask about them as if they were new."""

import numpy as np
import polars as pl

from daybreak import Recommender

# Two kinds of people, each with a shelf of twenty items of their own.
rng = np.random.default_rng(0)
rows = [
    (f"user {user}", f"item {20 * (user % 2) + item}")
    for user in range(80)
    for item in rng.permutation(20)[:10]
]
events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")

judged = Recommender(encoder="none", strategies=["popular", "item_knn"])
report = judged.evaluate(events, k=5, slices=["events_3"])
print(report.table())

# After three events it is clear which kind a new user is; a popular list cannot know.
paired = report.compare("daybreak", "popular")["events_3"]
assert paired.differs
assert paired.difference > 0
