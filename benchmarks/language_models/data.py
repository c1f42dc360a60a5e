"""Data of the uses: positive events, titles, and what each user chose."""

from pathlib import Path

import polars as pl

from daybreak import Tables, read_folder
from daybreak.rng import create_generator
from daybreak.service.imagined_buyers import titles_chosen

TITLE_COLUMNS = ("title", "name", "keywords")
POSITIVE_RATING = 4
"""Smallest rating that counts as a choice."""
TITLE_WORDS = 8
"""Number of words of its description that stand for the title of an item without one; in
CiteULike the most characteristic words come first."""
MIN_TITLES = 6
"""Number of titles that a user chose, so that the model is asked about the user."""


def load_tables(folder: Path, n_users: int = 0) -> tuple[Tables, str]:
    """Return the tables with positive events only, and the column with titles.

    Where items have no titles, the first words of their descriptions are the titles.

    Args:
        folder: Folder of the data.
        n_users: Users who are kept, chosen at random; 0: all.
    """
    tables = read_folder(folder).tables
    events, people = tables.events, tables.users
    if n_users:
        users = events["user_id"].unique().sort().to_list()
        order = create_generator(0, "sampled users").permutation(len(users))[:n_users]
        kept = pl.col("user_id").is_in([users[row] for row in order.tolist()])
        events = events.filter(kept)
        people = people.filter(kept)
    if events["value"].null_count() < events.height and events["value"].n_unique() > 1:
        events = events.filter(events["value"] >= POSITIVE_RATING)
    items, known = (
        tables.items,
        [name for name in TITLE_COLUMNS if name in tables.items.columns],
    )
    filled = [name for name in known if items[name].null_count() < items.height / 2]
    if not filled:
        words = pl.col("description").cast(pl.String).str.split(" ").list.head(TITLE_WORDS)
        items = items.with_columns(title=words.list.join(" "))
    return Tables(items, people, events), filled[0] if filled else "title"


def read_histories(folder: Path) -> list[list[str]]:
    """Return the titles that users chose, the users in a random order."""
    tables, column = load_tables(folder)
    chosen = titles_chosen(tables, column)
    histories = [titles for _, titles in sorted(chosen.items()) if len(titles) >= MIN_TITLES]
    order = create_generator(1, "probed users").permutation(len(histories))
    return [histories[row] for row in order.tolist()]
