import numpy as np
import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.errors import ConfigError, DataError
from daybreak.evaluation import SLICES, Report, evaluate, make_plans, measure
from daybreak.evaluation.baselines import reads_times

MEASURED = [
    name
    for name in SLICES
    if name not in {"says", "newcomer_now", "again"}
    and not name.startswith(("young_20", "young_100", "young_500"))
]
"""The slices that thirty people, who all come on one day and never repeat, allow."""


class Oracle:
    """Knows what everybody likes, and recommends it if it may."""

    def __init__(self, everything):
        self.liked = everything.events.select("user_id", "item_id").unique().sort("item_id")

    def __call__(self, train):
        return self

    def recommend(self, users, *, k, items, exclude=None, **told):
        allowed = self.liked.filter(
            pl.col("user_id").is_in(users) & pl.col("item_id").is_in(items)
        )
        seen = [f for f in (exclude, told["histories"]) if f is not None]
        for frame in seen:
            allowed = allowed.join(frame, on=["user_id", "item_id"], how="anti")
        return allowed.with_columns(rank=pl.int_range(1, pl.len() + 1).over("user_id"))


class Silent:
    """Never has an answer."""

    def __init__(self, train):
        pass

    def recommend(self, users, **_):
        return pl.DataFrame(
            schema={"user_id": pl.String, "item_id": pl.String, "rank": pl.Int64}
        )


class Spy(Silent):
    """Remembers what it was asked."""

    asked: list = []  # noqa: RUF012  (one list for all instances is meant)

    def __init__(self, train):
        self.train = train

    def recommend(self, users, **told):
        self.asked.append((self.train, users, told))
        return super().recommend(users)


def shop():
    """Thirty people with 16 of 30 things each, one a day."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{u:02}", f"i{i:02}", float(day))
        for u in range(30)
        for day, i in enumerate(rng.permutation(30)[:16])
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    users = events.select("user_id").unique().with_columns(age=pl.lit("30"))
    return Tables.of(events, users=users)


class Dated(Spy):
    """Remembers what it was asked, and when."""

    def recommend(self, users, *, times=None, **told):
        return super().recommend(users, times=times, **told)


def test_systems_that_read_times_are_told_when_users_are_asked():
    """Everybody takes the last thing on day 15."""
    Spy.asked.clear()
    plans = make_plans(shop(), slices=["cold_user_nothing", "warm_last"])
    measure({"dated": Dated, "old": Spy}, plans, k=4)
    (_, _, nothing), (_, _, old_nothing), (_, users, dated), (_, _, old) = Spy.asked
    assert nothing["times"] is None
    assert dated["times"].rows() == [(user, 15.0) for user in users]
    assert "times" not in old
    assert "times" not in old_nothing


def test_only_a_parameter_of_that_name_reads_times():
    class WithOptions:
        def recommend(self, users, **times):
            return users

    class Odd:
        recommend = dict  # has no signature

    assert reads_times(Dated(None))
    assert not any(map(reads_times, (WithOptions(), Odd(), Silent(None))))


@pytest.fixture(scope="module")
def report():
    tables = shop()
    return evaluate({"oracle": Oracle(tables), "silent": Silent}, tables, k=5)


def test_baselines_are_always_measured(report):
    assert report.systems == ("oracle", "silent", "random", "popular")
    assert [info.name for info in report.slices] == MEASURED
    assert len(report.cells) == 4 * len(MEASURED)


@pytest.mark.parametrize("name", [n for n in MEASURED if not n.startswith("warm")])
def test_who_knows_everything_reaches_the_top_on_new_users_and_items(report, name):
    assert report.cell(name, "oracle").values["ndcg"].mean > (0.99 if "all" not in name else 0)


def test_rows_that_may_not_be_shown_are_counted(report):
    """The oracle does not leave out what it learned: the 15 events before the last one."""
    dropped = report.cell("warm_last", "oracle").dropped
    assert dropped["excluded"] == 15 * 30
    assert report.cell("warm_last", "popular").dropped["excluded"] == 0


def test_a_missing_answer_counts_0(report):
    cell = report.cell("events_3", "silent")
    assert cell.served == 0
    assert cell.values["ndcg"] == (0.0, 0.0, 0.0)
    assert np.isnan(cell.values["novelty"].mean)


def test_a_system_learns_everything_and_is_told_what_the_slice_says():
    Spy.asked.clear()
    tables = shop()
    positive = tables.events["timestamp"] >= 2
    plans = make_plans(tables, positive=positive, slices=["cold_user_nothing", "events_3"])
    measure({"spy": Spy}, plans, k=4)
    (train, users, nothing), (_, few, told) = Spy.asked
    assert train.events["timestamp"].min() == 0
    assert nothing["profiles"] is nothing["histories"] is nothing["exclude"] is None
    assert nothing["k"] == 4
    assert users == sorted(users)
    assert told["profiles"].height == len(few)
    assert told["histories"].group_by("user_id").len()["len"].to_list() == [3] * len(few)
    assert told["exclude"].height == 10 * len(few)


def test_progress_tells_every_step():
    steps = []
    evaluate({}, shop(), slices=["warm_last"], progress=lambda *step: steps.append(step))
    assert steps == [
        (0, 4, "training random (leave last out)"),
        (1, 4, "evaluating random on warm_last"),
        (2, 4, "training popular (leave last out)"),
        (3, 4, "evaluating popular on warm_last"),
    ]


def test_the_same_seed_gives_the_same_report():
    first, second = (evaluate({}, shop(), slices=["cold_item"], seed=3) for _ in range(2))
    keep = ["slice", "system", "metric", "value", "low", "high"]
    assert first.frame().select(keep).equals(second.frame().select(keep))
    assert isinstance(first, Report)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ConfigError, match="k must be a whole number from 1, got 0"):
        evaluate({}, shop(), k=0)
    with pytest.raises(ConfigError, match="'popular' is the name of a baseline"):
        evaluate({"popular": Silent}, shop())
    one = Tables.of(pl.DataFrame({"user_id": ["u"], "item_id": ["i"]}))
    with pytest.raises(DataError, match=r"nothing can be measured: .*warm_last: not measured"):
        evaluate({}, one)


def test_the_order_of_the_catalogue_tells_nothing():
    Spy.asked.clear()
    measure({"spy": Spy}, make_plans(shop(), slices=["cold_item", "warm_last"]))
    for train, _, told in Spy.asked:
        catalogue = train.items["item_id"].to_list()
        assert told["items"] == [item for item in catalogue if item in set(told["items"])]
        assert told["items"] != sorted(told["items"])


def test_baselines_count_positive_events_only():
    """All rate "meh", one in five likes it; half like i0 or i1 each: those are popular."""
    rows = [(f"u{u}", "meh", 1.0 + 4 * (u % 5 == 0)) for u in range(40)]
    rows += [(f"u{u}", f"i{u % 2}", 5.0) for u in range(40)]
    events = pl.DataFrame(rows, ["user_id", "item_id", "value"], orient="row")
    plans = make_plans(
        Tables.of(events), positive=events["value"] >= 4, slices=["cold_user_nothing"]
    )
    report = measure({}, plans, k=2)
    assert "meh" in plans[0].slices[0].candidates
    assert report.cell("cold_user_nothing", "popular").values["popularity"].mean > 0.6
