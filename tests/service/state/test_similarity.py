import pytest

from daybreak import Recommender
from daybreak.errors import ConfigError, NotFoundError, UnreadTextWarning


def test_items_of_one_shelf_are_similar(shop):
    answer = shop.similar_items(["item-1"], texts=["good jam"], k=3)
    assert answer["query"].to_list() == ["item-1"] * 3 + ["good jam"] * 3
    shelves = [int(item.removeprefix("item-")) % 5 for item in answer["item_id"]]
    assert shelves == [1, 1, 1, 4, 4, 4]
    assert "item-1" not in answer["item_id"].to_list()
    assert answer["score"].is_between(0, 2).all()


def test_what_a_text_rules_out_is_not_similar(shop):
    """'jam' is on one shelf, 'rum' on another; before, the unwanted one was as similar."""
    answer = shop.similar_items(texts=["jam but no rum", "jam and rum", "jam"], k=20)
    shelves = {
        text: {int(item.removeprefix("item-")) % 5 for item in own}
        for text, own in answer.group_by("query").agg("item_id").iter_rows()
    }
    assert shelves["jam but no rum"] == shelves["jam"] == {4}
    assert shelves["jam and rum"] == {1, 4}


def test_a_long_description_is_no_sentence_of_wishes(shop):
    long = "jam, no rum " + "of the house " * 30
    assert "item-1" in shop.similar_items(texts=[long], k=100)["item_id"].to_list()


def test_nothing_alike_is_no_answer(shop):
    with pytest.warns(UnreadTextWarning, match="'qwxyz' has no effect"):
        assert shop.similar_items(texts=["qwxyz"]).height == 0
    assert shop.similar_items().columns == ["query", "item_id", "rank", "score", "strategy"]


def test_common_buyers_count_where_they_are_known(tables):
    events, items, _ = tables
    both = Recommender(encoder="none", strategies=["popular", "item_knn"]).fit(events, items)
    assert "item_knn" in both.state.trained.blend.strategies
    assert set(both.similar_items(["item-1"], k=3)["strategy"]) == {"similar/content+bought"}
    assert set(both.similar_items(["item-31"], k=3)["strategy"]) == {"similar/content"}
    alone = Recommender(encoder="none", strategies=["popular"]).fit(events, items)
    assert set(alone.similar_items(["item-1"], k=3)["strategy"]) == {"similar/content"}


def test_the_audience_of_a_new_item_likes_such_items(shop):
    answer = shop.audience(text="rum number 77", k=5)
    assert [int(user.removeprefix("person-")) % 5 for user in answer["user_id"]] == [1] * 5
    assert answer["rank"].to_list() == [1, 2, 3, 4, 5]


def test_the_audience_has_not_bought_it_yet(shop, tables):
    answer = shop.audience("item-1", k=100)
    owners = tables[0].filter(item_id="item-1")["user_id"]
    assert not set(answer["user_id"]) & set(owners)
    assert answer.height == 60 - owners.n_unique()


def test_the_score_of_an_audience_is_that_of_a_recommendation(shop):
    best = shop.audience("item-31", k=1)
    mine = shop.recommend([best["user_id"].item()], items=["item-31"])
    assert best["score"].item() == pytest.approx(mine["score"].item(), abs=1e-5)
    assert best["strategy"].item() == mine["strategy"].item()


def test_an_audience_needs_either_an_item_or_a_text(shop):
    with pytest.raises(ConfigError, match="either an item or a text"):
        shop.audience()
    with pytest.raises(ConfigError, match="either an item or a text"):
        shop.audience("item-1", text="rum")
    with pytest.raises(NotFoundError, match="no item 'nowhere'"):
        shop.audience("nowhere")


def total(reasons):
    return [sum(reason["value"] for reason in row) for row in reasons.to_list()]


def test_the_reasons_of_a_similarity_are_what_both_share_and_add_up(shop):
    answer = shop.similar_items(["item-1"], texts=["good jam"], k=3, explain=True)
    assert total(answer["reasons"]) == pytest.approx(answer["score"].to_list(), abs=1e-5)
    for row, word in ((0, "rum"), (3, "jam")):
        reasons = answer["reasons"][row].to_list()
        assert {("word", word), ("attribute", f"shelf={word}")} & {
            (reason["kind"], reason["name"]) for reason in reasons
        }
        assert any(word in reason["text"] for reason in reasons)


def test_similar_items_without_rows_have_the_column_too(shop):
    assert "reasons" in shop.similar_items(explain=True).columns


def test_the_reasons_of_an_audience_are_what_its_users_chose_and_add_up(shop):
    for asked in ({"item": "item-31"}, {"text": "rum number 77"}):
        answer = shop.audience(**asked, k=5, explain=True)
        assert total(answer["reasons"]) == pytest.approx(answer["score"].to_list(), abs=1e-4)
        first = answer["reasons"][0].to_list()[0]
        assert first["kind"] in {"event", "profile", "word", "attribute"}
        assert "rum" in first["text"]
        assert "you" not in first["text"]
