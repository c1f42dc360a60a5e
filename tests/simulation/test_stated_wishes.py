"""New users say what a later choice of theirs fulfils."""

import numpy as np
import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.evaluation import evaluate, make_plans
from daybreak.simulation.stated_wishes import MAX_SPEAKING_USERS
from daybreak.simulation.table_slices import PAIR_COLUMNS

COLOURS = (
    *("crimson", "emerald", "golden", "violet", "turquoise", "ivory"),
    *("scarlet", "orange", "purple", "silver", "copper", "indigo"),
)
THINGS = (
    *("lantern", "teapot", "blanket", "armchair", "notebook", "backpack", "umbrella"),
    *("mirror", "bicycle", "necklace", "trousers", "keyboard", "saucepan", "doormat"),
)


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    items = [
        {"item_id": f"{colour}-{thing}", "title": f"{colour} {thing}"}
        for colour in COLOURS
        for thing in THINGS
    ]
    rows = [
        (f"u{u:02}", items[row]["item_id"], float(u + n))
        for u in range(60)
        for n, row in enumerate(rng.permutation(len(items))[:12])
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    users = events.select("user_id").unique().with_columns(age=pl.lit("30"))
    return Tables.of(events, pl.DataFrame(items), users)


@pytest.fixture(scope="module")
def plan(tables):
    return make_plans(tables, slices=["says"])[0]


def test_every_target_carries_a_word_that_was_said(plan):
    (cell,) = plan.slices
    said = dict(cell.profiles.select("user_id", "text").iter_rows())
    assert set(said) == set(cell.users)
    for user, item in cell.targets.iter_rows():
        assert set(item.split("-")) & set(said[user].replace(",", " ").split())


def test_who_speaks_is_absent_from_training_and_what_is_known_is_no_target(plan):
    (cell,) = plan.slices
    assert not set(cell.users) & set(plan.train.events["user_id"])
    assert cell.history.join(cell.targets, on=PAIR_COLUMNS).height == 0
    assert set(cell.history.group_by("user_id").len()["len"]) <= {1, 3, 10}
    assert 0 < len(cell.users) <= MAX_SPEAKING_USERS
    assert cell.profiles.columns == ["user_id", "text", "age"]


def test_a_system_receives_what_is_said(tables, plan):
    class Listener:
        """Recommends the items whose titles contain a word that the user says."""

        def __init__(self, train):
            self.items = train.items

        def recommend(self, users, *, profiles, items, k, **_):
            said = dict(profiles.select("user_id", "text").iter_rows())
            wanted = {user: set(text.split(",")[0].split()) for user, text in said.items()}
            rows = [
                (user, item, rank)
                for user in users
                for rank, item in enumerate(
                    i for i in items if set(i.split("-")) & wanted[user]
                )
            ]
            return pl.DataFrame(rows, ["user_id", "item_id", "rank"], orient="row")

    report = evaluate({"listener": Listener}, tables, slices=["says"], k=5)
    values = {name: report.cell("says", name).values["ndcg"].mean for name in report.systems}
    assert values["listener"] > 2 * values["popular"]


def test_a_catalogue_without_words_has_nothing_to_say(tables):
    plans = make_plans(Tables.of(tables.events), slices=["says"])
    assert plans[0].notes == (
        "says: not measured, the catalogue has no words or categories that several items share",
    )
