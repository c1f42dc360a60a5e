"""Interests that move: what a person turns to, where the audience goes, and what comes next."""

import polars as pl

from daybreak import Recommender, Rules

DAY_S, START_S = 86_400, 1_700_000_000

# 200 people read a series of ten books in order, five in an evening and five a month later.
rows = []
for person in range(200):
    series = "crime" if person % 2 else "travel"
    for book in range(10):
        at = START_S + 600 * person + 60 * book + 30 * DAY_S * (book >= 5)
        rows.append((f"p{person}", f"{series}-{book}", at))
events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
books = pl.DataFrame(
    {
        "item_id": [f"{series}-{book}" for series in ("crime", "travel") for book in range(10)],
        "category": ["crime"] * 10 + ["travel"] * 10,
    }
)
model = Recommender(
    encoder="none", strategies=["popular", "item_knn", "next_event"], objective="next"
).fit(events, books)

# Who has just read crime-1 gets crime-2.
now = START_S + 60 * DAY_S
history = pl.DataFrame({"user_id": ["new"], "item_id": ["crime-1"], "timestamp": [now]})
lists = model.recommend(["new"], histories=history, rules=Rules(at=now + 60), k=3)
print(lists.select("rank", "item_id", "strategy"))
assert lists["item_id"][0] == "crime-2"

# The interests of one person, and those of the audience.
interests = model.interests("p0", topics=2)
names = [topic.name for topic in interests.topics]
print({name: round(share, 2) for name, share in zip(names, interests.expected, strict=True)})
flow = model.interest_flow(topics=2)
assert abs(sum(flow.expected) - 1) < 1e-6
