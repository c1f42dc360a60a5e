import pytest

from daybreak.service.serving import RecommendRequest


@pytest.mark.parametrize(
    ("old", "new", "arguments"),
    [
        ("item", "catalogue.get", ("item-1",)),
        ("items", "catalogue.page", (None, 3)),
        ("put_items", "catalogue.put", ([{"item_id": "item-1", "title": "x"}],)),
        ("user", "users.get", ("person-1",)),
        ("put_users", "users.put", ([{"user_id": "person-1"}],)),
        ("add_events", "events.add", ([{"user_id": "eve", "item_id": "item-1"}],)),
        ("delete_events", "events.delete", (["unknown"],)),
        ("popular", "lists.popular", (3,)),
        ("similar", "lists.similar", ("item-1",)),
        ("activate", "releases.activate", ("r1",)),
        ("users", "users.page", (None, 3)),
        ("events", "events.page", ("person-1",)),
        ("releases", "releases.all", ()),
    ],
)
def test_a_deprecated_method_works_and_names_the_new_one(live, old, new, arguments):
    with pytest.warns(DeprecationWarning, match=rf"RecommenderService\.{new}"):
        found = getattr(live, old)(*arguments)
    part, method = new.split(".")
    assert type(found) is type(getattr(getattr(live, part), method)(*arguments))


def test_a_deprecated_method_without_a_component_works(live):
    first = live.recommend(RecommendRequest(user_id="person-1", n=2))
    with pytest.warns(DeprecationWarning, match=r"RecommenderService\.next_page"):
        assert len(live.more(first.recommendation_id, 2).items) == 2
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        live.nothing  # noqa: B018
