"""gorse's own Python client, unchanged."""

import asyncio

import pytest

from tests.server.gorse.test_gorse import BOB, POT, RUM, TEA, feedback

pygorse = pytest.importorskip("gorse", reason="PyGorse is not installed")


@pytest.fixture
def client(url):
    gorse = pygorse.Gorse(url, "any key")
    for item in (TEA, RUM, POT):
        assert gorse.insert_item(item) == {"RowAffected": 1}
    assert gorse.insert_users([BOB]) == {"RowAffected": 1}
    return gorse


def test_items_are_stored_and_returned(client):
    assert client.get_item("tea") == TEA
    assert client.update_item("tea", is_hidden=True, comment="hidden") == {"RowAffected": 1}
    assert client.get_item("tea") == {**TEA, "IsHidden": True, "Comment": "hidden"}
    first, cursor = client.get_items(2)
    rest, _ = client.get_items(2, cursor)
    assert [item["ItemId"] for item in first + rest] == ["tea", "rum", "pot"]
    assert client.delete_item("rum") == {"RowAffected": 1}


def test_users_are_stored_and_returned(client):
    assert client.insert_user({"UserId": "eve", "Labels": {"age": 3}, "Comment": ""})
    assert client.get_user("eve")["Labels"] == {"age": 3}
    users, cursor = client.get_users(10)
    assert ([user["UserId"] for user in users], cursor) == (["bob", "eve"], "")
    client.delete_user("bob")
    with pytest.raises(pygorse.GorseException) as caught:
        client.get_user("bob")
    assert caught.value.status_code == 404


def test_feedback_is_stored_and_changes_lists(client):
    client.insert_feedback("star", "bob", "tea", "2024-05-01T00:00:00Z")
    client.insert_feedbacks([feedback("read", "bob", "rum", Value=2)])
    assert [f["ItemId"] for f in client.list_feedbacks("star", "bob")] == ["tea"]
    found, _ = client.get_feedbacks(10)
    assert len(found) == 2
    scored = client.get_recommend("bob", n=5)
    assert [score.id for score in scored] == ["pot"]
    assert client.get_recommend("bob", category="hot") == []
    assert client.delete_feedback("bob", "tea") == {"RowAffected": 1}
    assert "tea" in [score.id for score in client.get_recommend("bob", n=5)]


def test_lists_without_a_user(client):
    sessions = client.session_recommend([feedback("star", "", "tea")], n=5)
    assert sorted(score["Id"] for score in sessions) == ["pot", "rum"]
    assert "tea" not in [score["Id"] for score in client.get_neighbors("tea", n=5)]


def test_the_asynchronous_client_works_too(client, url):
    async def ask():
        other = pygorse.AsyncGorse(url, "any key")
        await other.insert_feedback("star", "bob", "tea", "2024-05-01T00:00:00Z")
        return await other.get_recommend("bob", n=5)

    assert sorted(score.id for score in asyncio.run(ask())) == ["pot", "rum"]
