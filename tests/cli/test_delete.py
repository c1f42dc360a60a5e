"""The commands that delete, and the option that replaces the catalogue."""

import pytest


@pytest.fixture
def shop(ask, here):
    (here / "events.csv").write_text("user_id,item_id\nann,tea\nann,cup\nbob,tea\nbob,old\n")
    (here / "items.csv").write_text("item_id,title\ntea,Tea\ncup,Cup\npot,Pot\n")
    (here / "night.csv").write_text("item_id,title\ncup,Cup\njar,Jar\n")
    ask("import", "events.csv", "items.csv")


@pytest.mark.usefixtures("shop")
def test_items_users_and_events_are_deleted(ask, call):
    assert ask("events", "delete", "--user", "ann", "--item", "tea") == {"deleted": 1}
    assert ask("users", "delete", "ann", "nobody") == {"deleted": 1}
    status, out, err = call("items", "delete", "tea", "nothing")
    assert (status, out.strip()) == (0, "1 items deleted")
    assert "1 of the 2 ids are not in the store" in err
    assert ask("describe")["items"] == 3


@pytest.mark.usefixtures("shop")
def test_events_to_delete_must_be_named(call):
    status, _, err = call("events", "delete")
    assert status == 2
    assert "name the events" in err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("option", [("--replace", "items"), ("--replace-items",)])
def test_a_file_replaces_the_catalogue(ask, call, option):
    assert ask("import", "--items", "night.csv", *option)["left"] == 2
    _, out, _ = call("import", "--items", "night.csv", *option)
    assert "left the catalogue" not in out
    assert ask("import", "items.csv")["left"] == 0


@pytest.mark.usefixtures("shop")
def test_only_items_are_replaced(call):
    status, _, err = call("import", "items.csv", "--replace", "users")
    assert status == 2
    assert "items only" in err


@pytest.mark.usefixtures("shop")
def test_items_that_only_events_know_are_recommended_on_wish(ask, call):
    ask("train", "--strategy", "popular")
    ids = [
        {row["item_id"] for row in ask("recommend", "new", *option)["recommendations"]}
        for option in ((), ("--unknown-items", "recommend"))
    ]
    assert ["old" in found for found in ids] == [False, True]
    status, _, err = call("recommend", "new", "--unknown-items", "maybe")
    assert status == 2
    assert "exclude, recommend" in err
