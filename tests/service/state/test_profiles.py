from contextlib import nullcontext

import polars as pl
import pytest

from daybreak.encoders.profile import ProfileEncoder
from daybreak.errors import UnreadTextWarning
from daybreak.service.state.profiles import Profiles

USERS = pl.DataFrame(
    {
        "user_id": [f"u{row}" for row in range(18)],
        "sex": ["f", "m"] * 9,
        "land": ["it", "it", "fr"] * 6,
    }
)


@pytest.fixture
def profiles():
    return Profiles.from_frame(ProfileEncoder.fit(USERS), USERS)


def told(profiles, users, given=None):
    overrides = None if given is None else profiles.overrides(users, given)
    matrix, texts = profiles.lookup(users, overrides)
    names = profiles.encoder.names
    return [{names[c] for c in matrix[[row]].indices} for row in range(len(users))], texts


def test_an_unknown_user_has_a_row_of_zeros(profiles):
    assert told(profiles, ["u1", "?"])[0] == [{"sex=m", "land=it"}, set()]


def test_no_users_give_an_empty_matrix(profiles):
    assert profiles.lookup([])[0].shape == (0, len(profiles.encoder.names))


def test_a_profile_of_the_request_overrides_the_stored_one(profiles):
    given = pl.DataFrame({"user_id": ["u1", "?"], "sex": ["f", None], "land": [None, "fr"]})
    assert told(profiles, ["?", "u1"], given)[0] == [{"land=fr"}, {"sex=f", "land=it"}]


def test_profiles_of_other_users_are_ignored(profiles):
    given = pl.DataFrame({"user_id": ["u2", "u1", "u1"], "sex": ["m", "m", "f"]})
    assert told(profiles, ["u1"], given)[0] == [{"sex=f", "land=it"}]


def test_an_added_profile_replaces_only_its_own_fields(profiles):
    grown = profiles.with_users(pl.DataFrame({"user_id": ["u1", "new"], "sex": ["f", "f"]}))
    assert told(grown, ["u1", "new"])[0] == [{"sex=f", "land=it"}, {"sex=f"}]
    assert told(profiles, ["u1", "new"])[0] == [{"sex=m", "land=it"}, set()]


def test_replaced_rows_do_not_pile_up(profiles):
    for _ in range(50):
        profiles = profiles.with_users(USERS[:2])
    assert profiles.frame.height <= 38
    assert told(profiles, ["u1", "u3"])[0] == [{"sex=m", "land=it"}] * 2


def test_texts_are_stored_returned_and_replaced(profiles):
    grown = profiles.with_users(pl.DataFrame({"user_id": ["u1"], "text": [" tea "]}))
    assert told(grown, ["u0", "u1"])[1] == {1: "tea"}
    now = pl.DataFrame({"user_id": ["u0", "u1"], "text": ["rum", "gin"]})
    assert told(grown, ["u0", "u1"], now)[1] == {0: "rum", 1: "gin"}


def test_a_sentence_alone_makes_a_list_personal(shop):
    said = [{"user_id": "a", "text": "some good jam"}, {"user_id": "b", "text": "a cup"}]
    answer = shop.recommend(profiles=said, k=3)
    shelves = answer["item_id"].str.slice(5).cast(pl.Int64) % 5
    assert shelves.to_list() == [4, 4, 4, 3, 3, 3]
    assert set(answer["user_temperature"]) == {"warm"}


def test_a_sentence_adds_to_a_history(shop):
    silent = shop.recommend(["person-1"], k=99)
    said = shop.recommend(["person-1"], profiles=[{"user_id": "person-1", "text": "jam"}], k=99)
    jam = pl.col("item_id").is_in(["item-4", "item-9", "item-14"])
    assert said.filter(jam)["score"].min() > silent.filter(jam)["score"].max()
    assert set(said["user_temperature"]) == {"hot"}


def test_unknown_words_change_nothing(shop):
    silent = shop.recommend(["x"])
    for text in ("", "  ", "qwxyz"):
        told = pytest.warns(UnreadTextWarning) if text.strip() else nullcontext()
        with told:
            said = shop.recommend(profiles=[{"user_id": "x", "text": text}])
        assert said["item_id"].to_list() == silent["item_id"].to_list()
