import pytest

from daybreak import Recommender
from daybreak.service.serving import RecommendRequest


def ids(answer):
    return [item.item_id for item in answer.items]


def test_the_service_recommends_as_the_library_does(live, folder, tables):
    events, _, users = tables
    shop = Recommender.load(folder / "releases" / "r1", events=events, users=users)
    for user in ("person-1", "person-7", "nobody"):
        wanted = shop.recommend([user], k=5)
        answer = live.recommend(RecommendRequest(user_id=user, n=5))
        assert ids(answer) == wanted["item_id"].to_list()
        assert [item.score for item in answer.items] == pytest.approx(
            wanted["score"].to_list(), abs=1e-4
        )
        assert [item.strategy for item in answer.items] == wanted["strategy"].to_list()
        assert [i.temperature for i in answer.items] == wanted["item_temperature"].to_list()
        assert answer.user_temperature == wanted["user_temperature"][0]
        assert (answer.release, answer.user_id) == ("r1", user)


def test_a_new_item_is_found_and_recommended_by_the_next_request(live):
    posted = live.catalogue.put([{"item_id": "new", "title": "rum number 99", "shelf": "rum"}])
    assert (posted.accepted, posted.rejected) == (1, ())
    answer = live.recommend(RecommendRequest(user_id="person-1", n=36))
    assert "new" in ids(answer)
    assert "new" in [item.item_id for item in live.lists.similar("item-1", n=36)]
    assert live.lists.similar(text="rum number 99")[0].item_id == "new"
    assert live.catalogue.get("new") == {
        "item_id": "new",
        "title": "rum number 99",
        "shelf": "rum",
    }
    new = next(item for item in answer.items if item.item_id == "new")
    assert (new.temperature, new.properties["shelf"]) == ("warm", "rum")


def test_a_changed_item_is_scored_by_its_current_attributes(live):
    live.catalogue.put([{"item_id": "a", "title": "rum number 1", "shelf": "rum"}])
    live.catalogue.put([{"item_id": "b", "title": "jam number 1", "shelf": "jam"}])
    before = {
        i.item_id: i.score
        for i in live.recommend(RecommendRequest(user_id="person-1", n=40)).items
    }
    live.catalogue.put([{"item_id": "a", "title": "jam number 1", "shelf": "jam"}])
    after = {
        i.item_id: i.score
        for i in live.recommend(RecommendRequest(user_id="person-1", n=40)).items
    }
    assert before["a"] != pytest.approx(before["b"], abs=1e-4)
    assert after["a"] == pytest.approx(after["b"], abs=1e-4)
    assert after["b"] == pytest.approx(before["b"], abs=1e-4)
    assert live.lists.similar(text="rum number 1")[0].item_id != "a"


def test_a_trained_item_that_changes_keeps_its_history(live):
    before = {
        i.item_id: i for i in live.recommend(RecommendRequest(user_id="person-1", n=40)).items
    }
    live.catalogue.put([{"item_id": "item-30", "title": "tea number 30", "shelf": "tea"}])
    after = {
        i.item_id: i for i in live.recommend(RecommendRequest(user_id="person-1", n=40)).items
    }
    assert {k: v for k, v in after.items() if k != "item-30"}.keys() == {
        k for k in before if k != "item-30"
    }
    others = [k for k in before if k != "item-30"]
    assert [after[k].score for k in others] == pytest.approx(
        [before[k].score for k in others], abs=1e-4
    )


def test_a_hidden_item_is_left_out_at_once_and_can_be_shown_again(live):
    first = ids(live.recommend(RecommendRequest(user_id="person-1", n=1)))[0]
    live.catalogue.put([{"item_id": first, "is_hidden": True}], partial=True)
    assert first not in ids(live.recommend(RecommendRequest(user_id="person-1", n=40)))
    assert live.catalogue.get(first)["title"]
    live.catalogue.put([{"item_id": first, "is_hidden": False}], partial=True)
    assert ids(live.recommend(RecommendRequest(user_id="person-1", n=1))) == [first]


def test_putting_an_item_replaces_it_and_patching_does_not(live):
    live.catalogue.put([{"item_id": "x", "title": "tea", "price": 3.0, "tags": ["a", "b"]}])
    live.catalogue.put([{"item_id": "x", "price": 4.0}], partial=True)
    assert live.catalogue.get("x") == {
        "item_id": "x",
        "title": "tea",
        "price": 4.0,
        "tags": ["a", "b"],
    }
    live.catalogue.put([{"item_id": "x", "title": "cup"}])
    assert live.catalogue.get("x") == {"item_id": "x", "title": "cup"}
    live.catalogue.put([{"item_id": "x", "title": None}], partial=True)
    assert "title" not in live.catalogue.get("x")


def test_an_event_changes_the_next_list_and_the_temperature_of_its_item(live):
    live.catalogue.put([{"item_id": "new", "title": "rum number 99", "shelf": "rum"}])
    before = live.recommend(RecommendRequest(user_id="fresh", n=40))
    assert live.events.add([{"user_id": "fresh", "item_id": "new"}]).accepted == 1
    after = live.recommend(RecommendRequest(user_id="fresh", n=40))
    assert (before.user_temperature, after.user_temperature) == ("cold", "hot")
    assert "new" not in ids(after)
    assert ids(before)[:5] != ids(after)[:5]
    seen = live.recommend(RecommendRequest(user_id="another", n=40))
    assert next(i for i in seen.items if i.item_id == "new").temperature == "hot"


def test_folding_an_event_in_is_exact(live, folder, tables):
    """The library, told of the same events at once, gives the same scores."""
    events, _, users = tables
    shop = Recommender.load(folder / "releases" / "r1", events=events, users=users)
    more = [
        {"user_id": "p", "item_id": "item-3", "timestamp": 70_000.0},
        {"user_id": "p", "item_id": "item-8", "timestamp": 70_001.0},
    ]
    for row in more:
        live.events.add([row])
    wanted = shop.add_events(more).recommend(["p"], k=9)
    answer = live.recommend(RecommendRequest(user_id="p", n=9))
    assert ids(answer) == wanted["item_id"].to_list()
    assert [i.score for i in answer.items] == pytest.approx(wanted["score"].to_list(), abs=1e-4)


def test_popularity_follows_new_events(live):
    first = live.lists.popular(n=1)[0]
    crowd = [{"user_id": f"crowd-{n}", "item_id": "item-34"} for n in range(60)]
    live.events.add(crowd)
    live.releases.recount_popularity()
    assert first.item_id != "item-34"
    assert live.lists.popular(n=1)[0].item_id == "item-34"
    assert live.lists.trending(n=1)[0].item_id == "item-34"


def test_events_and_profile_of_a_request_count_but_are_not_stored(live):
    plain = live.recommend(RecommendRequest(n=5))
    told = live.recommend(RecommendRequest(n=5, events=[{"item_id": "item-3"}]))
    words = live.recommend(
        RecommendRequest(n=5, profile={"text": "I love jam", "likes": "jam"})
    )
    assert (plain.user_temperature, told.user_temperature) == ("cold", "hot")
    assert words.user_temperature == "warm"
    assert "item-3" not in ids(told)
    assert ids(live.recommend(RecommendRequest(n=5))) == ids(plain)


def test_a_session_has_a_history_and_can_be_merged_into_a_user(live):
    live.events.add([{"session_id": "s1", "item_id": "item-3"}])
    visitor = live.recommend(RecommendRequest(session_id="s1", n=40))
    assert (visitor.user_temperature, visitor.user_id) == ("hot", None)
    both = live.recommend(RecommendRequest(user_id="eve", session_id="s1", n=40))
    assert ids(both) == ids(visitor)
    assert live.users.merge("s1", "eve") == 1
    assert live.users.merge("s1", "eve") == 0
    known = live.recommend(RecommendRequest(user_id="eve", n=40))
    assert ids(known) == ids(visitor)
    assert live.recommend(RecommendRequest(session_id="s1")).user_temperature == "cold"
    assert [row["item_id"] for row in live.events.page(user="eve").rows] == ["item-3"]


def test_unknown_ids_are_allowed(live):
    strange = "a/b?c=☕ ' OR 1=1;--"
    assert live.recommend(RecommendRequest(user_id=strange)).user_temperature == "cold"
    live.events.add([{"user_id": strange, "item_id": strange}])
    assert live.users.get(strange)["user_id"] == strange
    assert live.recommend(RecommendRequest(user_id=strange)).user_temperature == "hot"
    assert live.catalogue.delete(strange)
    assert not live.catalogue.delete(strange)


def test_a_dislike_that_the_training_did_not_see_counts_against_similar_items(live):
    live.events.add([{"user_id": "fresh", "item_id": "item-3", "event_type": "dislike"}])
    after = ids(live.recommend(RecommendRequest(user_id="fresh", n=40)))
    assert "item-3" not in after
    alike = [int(item.removeprefix("item-")) % 5 == 3 for item in after]
    assert sum(alike[:10]) == 0
    assert sum(alike) == 6


@pytest.mark.parametrize("field", ["value", "quantity", "Rating"])
def test_a_negative_number_counts_against_the_item(live, field):
    for user, number in (("ann-1", 1), ("bob-1", -1)):
        live.events.add([{"user_id": user, "item_id": "item-3", field: number}])
    liked, disliked = (
        sum(reason.value for reason in live.explain(user, "item-8") if reason.name == "item-3")
        for user in ("ann-1", "bob-1")
    )
    assert disliked < 0 < liked


def test_deleted_events_do_not_count(live):
    before = ids(live.recommend(RecommendRequest(user_id="fresh", n=9)))
    live.events.add([{"user_id": "fresh", "item_id": "item-3", "event_id": "e1"}])
    live.events.add([{"user_id": "fresh", "item_id": "item-8"}])
    assert live.events.delete(["e1"]) == 1
    assert live.events.delete(user="fresh", item="item-8") == 1
    assert ids(live.recommend(RecommendRequest(user_id="fresh", n=9))) == before


def test_users_without_attributes_have_no_profile_row(live):
    before = len(live.releases.current.profiles.rows)
    live.events.add([{"user_id": f"silent-{n}", "item_id": "item-1"} for n in range(5)])
    live.users.put([{"user_id": "talks", "likes": "tea"}])
    profiles = live.releases.current.profiles
    assert len(profiles.rows) == before + 1
    assert len(live.users.page(n=1000).rows) == 66
    live.users.put([{"user_id": "talks"}])
    assert live.recommend(RecommendRequest(user_id="talks")).user_temperature == "cold"
