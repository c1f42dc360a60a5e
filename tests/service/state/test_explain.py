import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.errors import NotFoundError
from daybreak.ranking.explain import Decomposition
from daybreak.service.state.explain import REASON_FIELDS


def values(answer):
    total = answer["reasons"].list.eval(pl.element().struct.field("value").sum())
    return total.list.first().to_list()


def of(answer, row=0):
    return answer["reasons"][row].to_list()


def test_reasons_add_up_to_the_score(shop, tables):
    shop.add_items([{"item_id": "new", "title": "tea number 98"}])
    shop.add_events([{"user_id": "fresh", "item_id": "new"}])
    users = [*tables[2]["user_id"][:20], "fresh", "stranger"]
    said = [{"user_id": user, "text": "rum and tea"} for user in (users[3], "stranger")]
    answer = shop.recommend(users, profiles=said, k=40, exclude_seen=False, explain=True)
    assert set(answer["item_temperature"]) == {"hot", "warm"}
    assert values(answer) == pytest.approx(answer["score"].to_list(), abs=1e-4)
    assert answer["reasons"].list.len().max() <= 7


def test_an_event_is_named_by_its_title(shop):
    answer = shop.recommend(
        histories={"user_id": ["x"], "item_id": ["item-3"]}, k=1, explain=True
    )
    events = [reason for reason in of(answer) if reason["kind"] == "event"]
    assert [(e["name"], e["title"]) for e in events] == [("item-3", "cup number 3")]
    assert events[0]["value"] > 0


def test_a_sentence_is_a_reason_of_its_own(shop):
    said = [{"user_id": "x", "text": "a cup of rum"}]
    answer = shop.recommend(profiles=said, k=1, explain=True)
    assert {r["kind"] for r in of(answer)} & {"text", "event"} == {"text"}
    (named,) = [r["name"] for r in of(answer) if r["kind"] == "text"]
    assert set(named.split()) <= {"cup", "rum"}


def test_an_event_on_an_added_item_is_named_by_that_item(shop):
    shop.add_items([{"item_id": "new", "title": "rum cake", "shelf": "rum"}])
    shop.add_events([{"user_id": "x", "item_id": "new"}])
    pieces = shop.explain("x", "item-1").filter(kind="event")
    assert pieces["title"].to_list() == ["rum cake"]


def test_an_explanation_is_the_whole_score(shop):
    said = {"user_id": ["person-1"], "text": ["tea"]}
    pieces = shop.explain("person-1", "item-31", profiles=said)
    assert pieces.schema == REASON_FIELDS
    score = shop.recommend(["person-1"], profiles=said, items=["item-31"])["score"].item()
    assert pieces["value"].sum() == pytest.approx(score, abs=1e-4)
    assert pieces["value"].abs().is_sorted(descending=True)


@pytest.mark.parametrize("chosen", [["lamp-19"], ["cup-18", "lamp-0"], ["lamp-17", "cup-19"]])
def test_in_a_shop_of_few_customers_unsold_items_of_a_history_are_reasons(chosen):
    """Five customers bought one kind each; items 15 to 19 of both kinds were never sold."""
    kinds = ["cup", "lamp"]
    items = [
        {"item_id": f"{kind}-{n}", "title": f"{kind} {n}", "kind": kind}
        for kind in kinds
        for n in range(20)
    ]
    events = [
        {"user_id": f"p{u}", "item_id": f"{kinds[u % 2]}-{(3 * u + n) % 15}"}
        for u in range(5)
        for n in range(8)
    ]
    model = Recommender(encoder="none").fit(pl.DataFrame(events), pl.DataFrame(items))
    asked = {"user_id": ["x"] * len(chosen), "item_id": chosen}
    answer = model.recommend(histories=asked, k=10, explain=True)
    assert values(answer) == pytest.approx(answer["score"].to_list(), abs=1e-4)
    named = {r["name"] for r in of(answer) if r["kind"] == "event"}
    assert named <= set(chosen)
    assert named
    kind = chosen[-1].split("-")[0]
    if len({one.split("-")[0] for one in chosen}) == 1:
        assert answer["item_id"].str.starts_with(kind).mean() >= 0.8


def test_an_unknown_item_has_no_explanation(shop):
    with pytest.raises(NotFoundError, match="no item 'nowhere'"):
        shop.explain("person-1", "nowhere")


def test_an_item_that_is_not_available_now_has_an_explanation(tables):
    events, items, _ = tables
    expired = items.with_columns(available_until=pl.lit("2001-01-01"))
    model = Recommender(encoder="none", strategies=["popular"]).fit(events, expired)
    assert model.recommend(["person-1"]).height == 0
    assert model.explain("person-1", "item-1")["value"].sum() > 0


def test_an_unknown_user_is_explained_by_strategies_and_levels(shop):
    kinds = set(shop.explain("stranger", "item-1")["kind"])
    assert kinds <= {"strategy", "level", "new"}


def test_short_reasons_begin_with_what_is_personal_and_end_with_what_is_common(shop):
    histories = {"user_id": ["x"] * 3, "item_id": ["item-3", "item-4", "item-5"]}
    answer = shop.recommend(histories=histories, k=5, explain=True)
    for row in range(answer.height):
        kinds = [reason["kind"] for reason in of(answer, row)]
        assert kinds[0] == "event"
        assert kinds.count("strategy") == 1
        assert not {"level", "new"} & set(kinds)
        assert set(kinds[kinds.index("strategy") + 1 :]) <= {"rest"}


def test_short_reasons_name_titles_and_no_models(shop):
    answer = shop.recommend(["person-1", "stranger"], k=5, explain=True)
    texts = [r["text"] for row in range(answer.height) for r in of(answer, row)]
    models = set(shop.strategies[0].name.split()) | {s.name for s in shop.strategies}
    assert not {word for text in texts for word in text.split()} & (models - {"popular"})
    assert not any("item-" in text for text in texts)


def test_the_reason_for_a_stranger_is_what_holds_for_everybody(shop):
    answer = shop.recommend(["stranger"], k=40, explain=True).filter(item_temperature="hot")
    (reason,) = of(answer)
    assert (reason["kind"], reason["name"]) == ("strategy", "everybody")
    assert reason["text"] == "popular with everybody"


def test_a_new_item_is_said_to_be_new(shop):
    shop.add_items([{"item_id": "fresh", "title": "tea number 7"}])
    answer = shop.recommend(["stranger"], items=["fresh"], explain=True)
    assert of(answer)[0]["text"] == "not chosen by anybody yet"


def test_what_cannot_be_split_is_one_reason_after_what_is_named():
    """Values 3 and -1 of two events, 2 and 1 of two strategies, 5 of popularity."""
    names = (
        ("event", "a"),
        ("history", "factors"),
        ("strategy", "popular"),
        ("event", "b"),
        ("history", "bayes"),
    )
    values = np.array([[3.0], [2.0], [5.0], [-1.0], [1.0]], dtype=np.float32)
    reasons = Decomposition(names, values).short_reasons(0, 6)
    assert [(one.kind, one.name, one.value) for one in reasons] == [
        ("event", "a", 3.0),
        ("event", "b", -1.0),
        ("history", "history", 3.0),
        ("strategy", "everybody", 5.0),
    ]
    cut = Decomposition(names, values).short_reasons(0, 3)
    assert [(one.kind, one.value) for one in cut] == [
        ("event", 3.0),
        ("history", 3.0),
        ("strategy", 5.0),
        ("rest", -1.0),
    ]


@pytest.mark.parametrize(
    ("age", "popular", "name"),
    [(3.0, 1.0, "age"), (-9.0, 1.0, "age"), (1.0, 3.0, "everybody")],
)
def test_what_holds_for_everybody_is_named_by_the_age_of_the_item_if_that_is_most_of_it(
    age, popular, name
):
    names = (("event", "a"), ("strategy", "age"), ("strategy", "popular"))
    values = np.array([[2.0], [age], [popular]], dtype=np.float32)
    reasons = Decomposition(names, values).short_reasons(0, 6)
    assert [(one.kind, one.name) for one in reasons] == [("event", "a"), ("strategy", name)]
    assert reasons[1].value == age + popular
