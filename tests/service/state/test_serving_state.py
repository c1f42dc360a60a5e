import polars as pl
import pytest

from daybreak import Recommender
from daybreak.errors import UnknownIdWarning
from daybreak.ranking.blending.strategies import default_strategies
from daybreak.service.state.frame_requests import FrameRequest


def ids(answer):
    return answer["item_id"].to_list()


def test_an_added_item_is_a_candidate_in_the_next_answer(shop):
    shop.add_items([{"item_id": "new", "title": "rum number 99", "shelf": "rum"}])
    assert shop.items["item_id"].to_list()[-1] == "new"
    assert "new" in ids(shop.recommend(["person-1"], k=36))
    assert "new" in ids(shop.similar_items(["item-1"], k=36))
    assert shop.recommend(["x"], items=["new"])["item_temperature"].item() == "warm"


def test_adding_an_item_again_changes_nothing(shop):
    before = shop.recommend(["person-1"], k=40)
    twice = [{"item_id": "item-1", "title": "other"}, {"item_id": "item-2", "title": "other"}]
    assert shop.add_items(twice).recommend(["person-1"], k=40).equals(before)


def test_an_updated_item_has_its_new_attributes(shop):
    before = shop.similar_items(texts=["rum number 99"], k=40)["item_id"].to_list()
    row = {"item_id": "item-0", "title": "rum number 99", "shelf": "rum"}
    shop.update_items([row, {"item_id": "more", "title": "rum number 98", "shelf": "rum"}])
    after = shop.similar_items(texts=["rum number 99"], k=40)["item_id"].to_list()
    assert "item-0" not in before[:7]
    assert after[0] == "item-0"
    assert "more" in after
    assert shop.items.filter(item_id="item-0")["title"].item() == "rum number 99"
    assert shop.items.height == 36


def test_an_update_without_changes_has_no_effect(shop, tables):
    parts = shop.state.scorer
    assert shop.update_items(tables[1]).state.scorer is parts


def test_a_removed_item_is_not_a_candidate_until_it_is_added_again(shop, tmp_path):
    row = shop.items.filter(item_id="item-0")
    shop.remove_items(["item-0"])
    assert "item-0" not in ids(shop.recommend(["x"], k=40))
    shop.save(tmp_path / "release")
    again = Recommender.load(tmp_path / "release")
    assert "item-0" not in ids(again.recommend(["x"], k=40))
    assert "item-0" in ids(again.update_items(row).recommend(["x"], k=40))
    assert "item-0" not in ids(shop.similar_items(["item-5"], k=40))
    shop.add_items(row)
    assert "item-0" in ids(shop.recommend(["x"], k=40))


def test_unknown_columns_and_odd_types_of_added_items_are_no_error(small):
    small.add_items({"item_id": ["e"], "title": [["x", "y"]], "weight": [3]})
    small.add_items({"item_id": ["f", "f", None], "title": ["green tea", "other", "nobody"]})
    assert sorted(small.items["item_id"].to_list()) == ["a", "b", "c", "d", "e", "f"]
    assert small.items["title"].to_list()[4:] == ["x|y", "green tea"]
    assert small.recommend(["x"], k=9).height == 6


def test_added_items_score_as_if_they_had_been_there_at_training(tables):
    events, items, users = tables
    whole = Recommender(encoder="none", strategies=["popular", "content/ridge"])
    whole.fit(events, items, users)
    wanted = whole.recommend(["person-1", "x"], k=35).sort("user_id", "item_id")
    grown = Recommender(encoder="none", strategies=["popular", "content/ridge"])
    grown.fit(events, items, users)
    for number in range(7):
        twin = items[30].with_columns(item_id=pl.lit(f"twin-{number}"))
        grown.add_items(twin)
    assert len(grown.state.scorers) == 2
    answer = grown.recommend(["person-1", "x"], k=50)
    for user in ("person-1", "x"):
        mine = answer.filter(user_id=user)
        like = mine.filter(
            pl.col("item_id").str.starts_with("twin") | (pl.col("item_id") == "item-30")
        )
        assert like["score"].to_list() == pytest.approx([like["score"][0]] * 8, abs=1e-5)
    old = answer.filter(~pl.col("item_id").str.starts_with("twin")).sort("user_id", "item_id")
    assert old["score"].to_list() == pytest.approx(wanted["score"].to_list(), abs=1e-5)


def test_an_event_changes_the_next_answer(shop):
    before = shop.recommend(["fresh"], k=3)
    shop.add_events([{"user_id": "fresh", "item_id": "item-3"}])
    after = shop.recommend(["fresh"], k=3)
    assert before["user_temperature"].to_list() == ["cold"] * 3
    assert after["user_temperature"].to_list() == ["hot"] * 3
    assert set(after["item_id"].str.slice(5).cast(pl.Int64) % 5) == {3}
    assert "item-3" not in ids(shop.recommend(["fresh"], k=99))


def test_events_of_a_request_count_like_added_ones(shop):
    told = shop.recommend(histories={"user_id": ["fresh"], "item_id": ["item-3"]})
    assert told.equals(
        shop.add_events([{"user_id": "fresh", "item_id": "item-3"}]).recommend(["fresh"])
    )


def test_events_of_a_request_are_not_kept(shop):
    before = shop.recommend(["person-1"])
    shop.recommend(histories={"user_id": ["person-1"], "item_id": ["item-3"]})
    assert shop.recommend(["person-1"]).equals(before)


def queries(shop, user, histories):
    request = FrameRequest.from_frames(shop.state, [user], None, histories)
    ((_, context),) = request.contexts()
    return shop.state.query_builder.queries(context)


def test_the_latest_event_counts_most(shop):
    def order(first, second):
        rows = [(first, 1.0), (second, 2.0)]
        history = pl.DataFrame(rows, schema=["item_id", "timestamp"], orient="row")
        told = history.with_columns(user_id=pl.lit("fresh"))
        return queries(shop, "fresh", told)

    columns = shop.state.trained.fitted.train_items.ids.rows(["item-1", "item-2"])
    first, second = order("item-1", "item-2"), order("item-2", "item-1")
    assert first.recent_history.toarray()[0, columns].tolist() == pytest.approx([0.8, 1])
    assert second.recent_history.toarray()[0, columns].tolist() == pytest.approx([1, 0.8])


def test_an_event_without_a_time_gets_the_current_time(shop):
    told = pl.DataFrame({"user_id": ["person-1"], "item_id": ["item-2"]})
    recent = queries(shop, "person-1", told).recent_history
    ids = shop.state.trained.fitted.train_items.ids.ids
    assert ids[recent.toarray()[0].argmax()] == "item-2"
    assert recent.max() == 1.0


def test_an_event_on_an_added_item_counts_through_its_content(shop):
    shop.add_items([{"item_id": "new", "title": "rum number 99", "shelf": "rum"}])
    shop.add_events([{"user_id": "fresh", "item_id": "new"}])
    answer = shop.recommend(["fresh"], k=3)
    assert set(answer["item_id"].str.slice(5).cast(pl.Int64) % 5) == {1}
    named = shop.recommend(["x"], items=["new"])
    assert named["item_temperature"].item() == "hot"
    assert named["strategy"].item() in {s.name for s in default_strategies() if s.scores_new}


def test_an_event_on_an_unknown_item_has_no_effect(shop):
    before = shop.recommend(["fresh"])
    with pytest.warns(UnknownIdWarning, match="'nowhere'"):
        shop.add_events([{"user_id": "fresh", "item_id": "nowhere"}])
    assert shop.recommend(["fresh"]).equals(before)


def test_event_rules_of_the_training_apply_to_later_events():
    events = pl.DataFrame(
        {"user_id": list("uvwx"), "item_id": list("abca"), "value": [1.0, 5.0, 4.0, 5.0]}
    )
    shop = Recommender(encoder="none").fit(events)
    shop.add_events([{"user_id": "new", "item_id": "a", "value": 1.0}])
    answer = shop.recommend(["new"])
    assert answer["user_temperature"].to_list() == ["cold"] * 2
    assert answer["item_id"].sort().to_list() == ["b", "c"]


def test_many_events_at_once_equal_the_same_one_by_one(release, tables, monkeypatch):
    monkeypatch.setattr("daybreak.service.inputs.histories.MAX_UNSORTED_EVENTS", 50)
    events, _, users = tables
    bulk = Recommender.load(release, events=events, users=users)
    single = Recommender.load(release, users=users)
    for row in events.iter_slices(20):
        single.add_events(row)
    names = users["user_id"].to_list()
    assert bulk.recommend(names).equals(single.recommend(names))
