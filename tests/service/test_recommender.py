import numpy as np
import polars as pl
import pytest

from daybreak import Recommender, Rules, read_tables
from daybreak.data import EventRules
from daybreak.errors import ConfigError, DataError, NotFittedError, RejectedRowsWarning
from daybreak.service.state.frame_requests import RECOMMENDATION_SCHEMA, FrameRequest

TITLES = pl.DataFrame({"item_id": ["a", "b"], "title": ["green tea", "dark rum"]})


def test_a_list_is_ranked_has_no_nan_and_nothing_that_was_seen(shop, tables):
    users = tables[2]["user_id"].to_list()
    answer = shop.recommend([*users, "stranger"], k=5)
    assert answer.schema == RECOMMENDATION_SCHEMA
    assert answer["score"].is_finite().all()
    assert answer["user_id"].unique(maintain_order=True).to_list() == [*users, "stranger"]
    for part in answer.partition_by("user_id"):
        assert part["rank"].to_list() == list(range(1, 6))
        assert part["score"].is_sorted(descending=True)
    assert not answer.join(tables[0], on=["user_id", "item_id"], how="semi").height


def test_users_get_items_that_similar_users_chose(shop):
    answer = shop.recommend(["person-1"], k=3)
    assert set(answer["item_id"].str.slice(5).cast(pl.Int64) % 5) == {1}


def test_a_list_does_not_depend_on_the_other_users_of_the_batch(shop):
    alone = shop.recommend(["person-7"], k=9)
    together = shop.recommend(["stranger", "person-3", "person-7"], k=9)
    mine = together.filter(user_id="person-7")
    assert mine["item_id"].to_list() == alone["item_id"].to_list()
    np.testing.assert_allclose(mine["score"], alone["score"], atol=1e-5)


def test_a_batch_in_parts_equals_a_batch_at_once(shop, tables):
    users = tables[2]["user_id"].to_list()
    rules = dict.fromkeys(users, Rules())
    (whole,) = FrameRequest(shop.state, users).batches(rules, 4)
    items = shop.state.ranker.rank(whole).item.tolist()
    assert shop.state.ranker.rank(whole, max_scores=100).item.tolist() == items
    parts = list(FrameRequest(shop.state, users, max_users=7).batches(rules, 4))
    assert len(parts) == 9
    assert [item for part in parts for item in shop.state.ranker.rank(part).item] == items


def test_no_users_give_an_empty_frame(shop):
    assert shop.recommend().schema == RECOMMENDATION_SCHEMA
    assert shop.recommend([]).height == 0
    assert "reasons" in shop.recommend([], explain=True).columns


def test_a_repeated_user_gets_one_list(small):
    answer = small.recommend(["u", "v", "u"], k=1)
    assert answer["user_id"].to_list() == ["u", "v"]


def test_a_list_longer_than_the_catalogue_holds_all_items(small):
    assert small.recommend(["x"], k=99).height == 4
    assert small.recommend(["u"], k=99)["item_id"].sort().to_list() == ["c", "d"]
    assert small.recommend(["u"], k=99, exclude_seen=False).height == 4


def test_only_candidates_are_recommended(small):
    answer = small.recommend(["x"], items=["d", "d", "a"], k=9)
    assert answer["item_id"].sort().to_list() == ["a", "d"]
    assert small.recommend(["x"], items=[]).height == 0


def test_a_filter_holds_in_addition_to_the_rules(small):
    tea = small.recommend(["x"], where="title ilike '%tea%'", k=9)["item_id"].sort().to_list()
    assert tea == ["a", "b"]
    rules = Rules(where="item_id = 'a' or item_id = 'd'")
    both = small.recommend(["x"], where="title ilike '%tea%'", rules=rules, k=9)
    assert both["item_id"].to_list() == ["a"]
    assert small.similar_items(["a"], where="item_id = 'd'").height == 0
    assert small.similar_items(["c"], where="item_id = 'd'")["item_id"].to_list() == ["d"]


def test_titles_are_added_on_request(small):
    answer = small.recommend(["x"], k=2, titles=True)
    assert answer.columns[:3] == ["user_id", "item_id", "title"]
    assert answer["title"].is_in(["green tea", "black tea", "dark rum", "white rum"]).all()
    assert small.recommend([], titles=True).columns[:3] == ["user_id", "item_id", "title"]
    similar = small.similar_items(["a"], titles=True)
    assert similar.filter(item_id="b")["title"].to_list() == ["black tea"]
    assert "title" not in small.recommend(["x"]).columns


def test_other_names_of_parameters_are_accepted(small):
    assert small.explain(user="u", item="c").equals(small.explain("u", "c"))
    assert small.audience(item="c").equals(small.audience(item_id="c"))
    with pytest.raises(TypeError, match=r"'item'.*'item_id'"):
        small.audience(item="c", item_id="c")


def test_excluded_items_are_never_recommended(small):
    never = [{"user_id": u, "item_id": i} for u, i in (("x", "a"), ("x", "?"), ("?", "b"))]
    with pytest.warns(UserWarning, match=r"1 of 3 items to exclude are unknown: '\?'"):
        answer = small.recommend(["x", "y"], exclude=never, k=9)
    assert answer.filter(user_id="x")["item_id"].sort().to_list() == ["b", "c", "d"]
    assert answer.filter(user_id="y").height == 4


def test_hidden_items_are_not_recommended():
    items = TITLES.with_columns(is_hidden=pl.Series([False, True]))
    shop = Recommender(encoder="none").fit(
        pl.DataFrame({"user_id": ["u"], "item_id": ["a"]}), items
    )
    assert shop.recommend(["x"])["item_id"].to_list() == ["a"]
    assert shop.similar_items(texts=["rum"]).height == 0


def test_on_the_first_day_content_alone_ranks():
    nothing = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})
    titles = ["green tea", "black tea", "dark rum", "white rum"]
    items = pl.DataFrame({"item_id": list("abcd"), "title": titles})
    shop = Recommender(encoder="none").fit(nothing, items)
    said = shop.recommend(profiles=[{"user_id": "x", "text": "rum please"}])
    assert said["item_id"].to_list() == ["c", "d", "a", "b"]
    assert said["strategy"].to_list() == ["wish"] * 4
    assert set(said["item_temperature"]) == {"warm"}
    assert shop.recommend(["x"]).height == 4


def test_events_alone_are_enough(small):
    events = pl.DataFrame({"user_id": ["u", "v", "v"], "item_id": ["a", "a", "b"]})
    shop = Recommender(encoder="none").fit(events)
    assert shop.recommend(["u", "x"], k=1)["item_id"].to_list() == ["b", "a"]


def test_items_without_text_are_recommended_too():
    events = pl.DataFrame({"user_id": ["u", "v"], "item_id": ["a", "b"]})
    shop = Recommender(encoder="none").fit(events, pl.DataFrame({"item_id": ["a", "b", "c"]}))
    answer = shop.recommend(["x"])
    assert sorted(answer["item_id"]) == ["a", "b", "c"]
    assert sorted(answer["item_temperature"]) == ["cold", "hot", "hot"]


def test_disliked_items_count_as_seen_but_not_as_positive():
    events = pl.DataFrame(
        {
            "user_id": ["u", "u", "v", "w"],
            "item_id": list("abca"),
            "value": [1.0, 2.0, 5.0, 4.0],
        }
    )
    answer = Recommender(encoder="none").fit(events).recommend(["u"])
    assert answer["item_id"].to_list() == ["c"]
    assert answer["user_temperature"].to_list() == ["cold"]


def test_pandas_frames_with_whole_numbers_as_ids_are_read():
    pandas = pytest.importorskip("pandas", reason="the extra pandas is not installed")
    events = pandas.DataFrame({"user_id": [1, 1, 2], "item_id": [10, 11, 12]})
    items = pandas.DataFrame({"item_id": [10, 11, 12], "title": ["tea", "tea", "rum"]})
    shop = Recommender(encoder="none").fit(events, items)
    shop.add_events(pandas.DataFrame({"user_id": [2], "item_id": [10]}))
    never = pandas.DataFrame({"user_id": [3], "item_id": [12]})
    answer = shop.recommend([1, 2, 3], exclude=never)
    assert answer.filter(user_id=2)["item_id"].to_list() == [11]
    assert answer.filter(user_id=3)["item_id"].sort().to_list() == [10, 11]


def untimed(report):
    """A report without the seconds that strategies took."""
    left = {name: found["left_out"] for name, found in report["candidates"].items()}
    return report | {"candidates": left}


def test_a_seed_makes_training_repeatable(tables):
    first, second = (Recommender(encoder="none", seed=3).fit(*tables) for _ in range(2))
    assert untimed(first.report) == untimed(second.report)
    assert first.recommend(["person-1", "x"]).equals(second.recommend(["person-1", "x"]))


def test_the_error_of_an_unfitted_recommender_states_what_to_do():
    with pytest.raises(NotFittedError, match=r"call fit\(events, items\)"):
        Recommender().recommend(["x"])


def test_the_error_of_fitting_without_data_states_what_is_missing():
    nothing = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})
    with pytest.raises(DataError, match="no items"):
        Recommender(encoder="none").fit(nothing)


def test_an_unknown_strategy_is_named_beside_the_known_ones():
    with pytest.raises(ConfigError, match="no strategy 'magic'; known: auto, popular"):
        Recommender(strategies=["magic"])


@pytest.mark.parametrize("k", [0, -1, 1.5, True, 10_001])
def test_an_invalid_length_is_rejected(small, k):
    with pytest.raises(ConfigError, match="k must be a whole number"):
        small.recommend(["x"], k=k)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"users": "ann"}, r"write \['ann'\]"),
        ({"users": ["ann", None]}, "contains None"),
        ({"items": "tea"}, "items must be a list"),
    ],
)
def test_invalid_lists_of_ids_are_rejected(small, options, message):
    with pytest.raises(ConfigError, match=message):
        small.recommend(**{"users": ["x"], **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profiles": [{"name": "ann"}]}, "no column 'user_id'"),
        ({"profiles": 5}, r"'user_id': expected a path, .*, got int"),
        ({"histories": [{"user_id": "x"}]}, "no column 'item_id'"),
        ({"exclude": [{"user_id": "x"}]}, "no column 'item_id'"),
        ({"histories": {"user_id": ["x"], "item_id": [None]}}, "1 of 1 events"),
    ],
)
def test_frames_without_required_columns_are_rejected(small, options, message):
    with pytest.raises(DataError, match=message):
        small.recommend(["x"], **options)


def test_the_former_name_of_clone_works(small):
    with pytest.warns(DeprecationWarning, match=r"Recommender\.clone"):
        copy = small.again(["popular"])
    assert [strategy.name for strategy in copy.strategies] == ["popular"]


def test_items_with_bad_ratings_only_come_after_those_that_people_like():
    rng = np.random.default_rng(3)
    liked = [(f"u{u}", f"good{g}", 5.0) for u in range(80) for g in rng.choice(30, 6, False)]
    bad = [(f"u{u}", f"bad{u % 25}", 1.0) for u in range(80)]
    columns = {"user_id": pl.String, "item_id": pl.String, "rating": pl.Float64}
    events = pl.DataFrame([*liked, *bad], schema=columns, orient="row")
    items = pl.DataFrame({"item_id": [f"{k}{n}" for n in range(30) for k in ("good", "bad")]})
    items = items.with_columns(title=pl.lit("film ") + pl.col("item_id").str.slice(-1))
    lists = Recommender(encoder="none").fit(events, items=items)
    found = lists.recommend(["a stranger", "u1", "u2"], k=10)["item_id"]
    assert not found.str.starts_with("bad").any()


def test_what_a_training_does_not_use_is_told_once_and_kept_as_a_frame():
    events = pl.DataFrame(
        {
            "user_id": ["u", "u", None, "v"],
            "item_id": ["a", "b", "a", "b"],
            "rating": ["5", "4", "3", "later"],
        }
    )
    model = Recommender(encoder="none", strategies=["popular"])
    assert model.rejects.height == 0
    with pytest.warns(RejectedRowsWarning, match="2 rows or values are not used") as caught:
        model.fit(events, TITLES)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "events, row 3, user_id: no user_id" in str(caught[0].message)
    assert model.rejects.select("row", "column", "value", "row_kept").rows() == [
        (3, "user_id", "", False),
        (4, "rating", "later", True),
    ]
    twice = pl.concat([TITLES, TITLES])
    assert model.fit(events.head(2), twice).rejects.height == 2


def test_an_offer_whose_end_cannot_be_read_is_in_no_list():
    items = TITLES.with_columns(available_until=pl.Series(["next summer", "31.12.2099"]))
    events = pl.DataFrame({"user_id": ["u", "v"], "item_id": ["a", "a"]})
    model = Recommender(encoder="none", strategies=["popular"])
    with pytest.warns(RejectedRowsWarning, match="available_until is not a time"):
        model.fit(events, items)
    assert model.recommend(["x"])["item_id"].to_list() == ["b"]


def test_columns_that_are_not_recognised_can_be_named_in_fit():
    """The choice that the error suggests works in the same call."""
    applications = pl.DataFrame(
        {
            "spalte 1": ["ana", "ana", "luis"],
            "spalte 2": ["J1", "J2", "J1"],
            "dia": ["3/4/2025"] * 3,
        }
    )
    with pytest.raises(DataError, match="columns="):
        Recommender(encoder="none", strategies=["popular"]).fit(applications)
    names = {"user_id": "spalte 1", "item_id": "spalte 2", "timestamp": "dia"}
    model = Recommender(encoder="none", strategies=["popular"])
    model.fit(applications, columns=names, date_format="day-first")
    assert sorted(model.items["item_id"].to_list()) == ["J1", "J2"]
    assert model.recommend(["ana", "luis"])["item_id"].to_list() == ["J2"]
    tables = read_tables(applications, columns=names, date_format="day-first")
    with pytest.raises(ConfigError, match="read_tables"):
        model.fit(tables, columns=names)


@pytest.fixture(scope="module")
def shop_with_views():
    """Two kinds of things, bought by different people; many are viewed and not bought."""
    rng = np.random.default_rng(0)
    kinds = ["tea", "car"]
    items = [
        {"item_id": f"{kind}{n}", "title": f"{kind} thing {n}"}
        for kind in kinds
        for n in range(12)
    ]
    events = []
    for user in range(60):
        kind = kinds[user % 3 == 0]
        for n in rng.choice(12, 4, replace=False):
            events.append(
                {"user_id": f"u{user}", "item_id": f"{kind}{n}", "event_type": "purchase"}
            )
        events.append(
            {"user_id": f"u{user}", "item_id": f"{kind}{user % 12}", "event_type": "view"}
        )
    return pl.DataFrame(events), pl.DataFrame(items)


def looked_at(event_type):
    return pl.DataFrame(
        {
            "user_id": ["visitor"] * 3,
            "item_id": ["car1", "car2", "car3"],
            "event_type": event_type,
        }
    )


def test_a_visitor_gets_what_is_like_the_viewed_items(shop_with_views):
    model = Recommender(encoder="none").fit(*shop_with_views)
    stranger = model.recommend(["nobody"], k=5)["item_id"].to_list()
    assert sum(item.startswith("car") for item in stranger) < 3
    for event_type in ("view", "click"):
        viewed = model.recommend(histories=looked_at(event_type), k=5)
        assert all(item.startswith("car") for item in viewed["item_id"])
        assert viewed["user_temperature"].unique().to_list() == ["hot"]
    shown = model.recommend(histories=looked_at("impression"), k=5)
    assert shown["item_id"].to_list() == stranger


def test_views_count_until_something_stronger_is_known(shop_with_views):
    model = Recommender(encoder="none").fit(*shop_with_views)
    bought = pl.DataFrame(
        {"user_id": ["visitor"], "item_id": ["tea1"], "event_type": ["purchase"]}
    )
    both = model.recommend(histories=pl.concat([looked_at("view"), bought]), k=5)
    alone = model.recommend(histories=bought, k=5)
    assert both["item_id"].to_list() == alone["item_id"].to_list()


def test_views_do_not_count_where_a_rule_says_that_they_are_only_seen(shop_with_views):
    rules = EventRules(positive="purchase", seen="view")
    model = Recommender(encoder="none", rules=rules).fit(*shop_with_views)
    viewed = model.recommend(histories=looked_at("view"), k=5)["item_id"].to_list()
    assert viewed == model.recommend(["nobody"], k=5)["item_id"].to_list()


def test_the_only_item_that_has_both_words_of_a_sentence_comes_first():
    """Many jobs are in the city, and some are more popular than the one that is meant."""
    jobs = [
        "programmer",
        "nurse",
        "cook",
        "teacher",
        "driver",
        "pharmacist",
        "carpenter",
        "florist",
    ]
    cities = ["Madrid", "Sevilla", "Bilbao", "Valencia"]
    names = [(job, city) for job in jobs for city in cities]
    items = pl.DataFrame(
        {
            "item_id": [f"j{n}" for n in range(len(names))],
            "title": [f"{job} in {city}" for job, city in names],
            "city": [city for _, city in names],
        }
    )
    rng = np.random.default_rng(1)
    popular = [n for n, (job, city) in enumerate(names) if job != "programmer"]
    events = [
        {"user_id": f"u{user}", "item_id": f"j{item}"}
        for user in range(60)
        for item in rng.choice(popular, 4, replace=False)
    ]
    model = Recommender(encoder="none").fit(pl.DataFrame(events), items)
    for job in ("programmer", "carpenter"):
        said = pl.DataFrame({"user_id": ["x"], "text": [f"{job} in Sevilla"]})
        first = model.recommend(profiles=said, k=3, titles=True)["title"].to_list()[0]
        assert first == f"{job} in Sevilla"
