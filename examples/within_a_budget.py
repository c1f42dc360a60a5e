"""With a budget the costly strategies compete too; the report says why each stayed or left."""

import polars as pl

from daybreak import Recommender

events = pl.DataFrame(
    [(f"tea lover {n}", item) for n in range(20) for item in ("tea", "cup", "pot")]
    + [(f"sailor {n}", item) for n in range(20) for item in ("rum", "lime", "rope")],
    schema=["user_id", "item_id"],
    orient="row",
)
shop = Recommender(encoder="none", budget_s=30).fit(events)

# A strategy that takes too long, does not help, or lacks an extra is left out, with the reason.
for name, found in shop.report["candidates"].items():
    print(f"{name:28} {found['seconds']:6.2f} s  {found['left_out'] or 'in use'}")

print(shop.recommend(["tea lover 1", "somebody new"], k=2))
assert shop.recommend(["somebody new"], k=2).height == 2
