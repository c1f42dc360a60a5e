import numpy as np
import polars as pl
import pytest

from daybreak import Recommender

GENRES = ("Comedy", "Horror", "Sci-Fi", "Romance")
TITLES = {
    "m0": "Space Laughs (1999)",
    "m1": "The Night",
    "m4": "Night of Stars",
    "m8": "Robots, Robots",
    "m5": "命运石之门",
    "m9": "银魂",
}


@pytest.fixture(scope="session")
def films():
    """Forty people who like one of four genres."""
    rng = np.random.default_rng(1)
    items = pl.DataFrame(
        {
            "item_id": [f"m{n}" for n in range(24)],
            "title": [TITLES.get(f"m{n}", f"Film number {n}") for n in range(24)],
            "categories": [
                f"{GENRES[n % 4]}|{GENRES[(n + 1) % 4]}" if n % 5 == 0 else GENRES[n % 4]
                for n in range(24)
            ],
            "runtime": [f"{90 + n % 3} min" for n in range(24)],
        }
    )
    rows = [
        (f"u{user}", f"m{int(place) * 4 + user % 4}")
        for user in range(40)
        for place in rng.permutation(6)[:4]
    ]
    rows += [(f"u{user}", "m0") for user in range(0, 40, 3)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row").unique(
        maintain_order=True
    )
    names = ["popular", "item_knn", "meta_bayes", "content/match", "wish"]
    return Recommender(strategies=names, encoder="none").fit(events, items)
