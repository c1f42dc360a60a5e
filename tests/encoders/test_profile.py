import numpy as np
import polars as pl
import pytest

from daybreak.encoders.profile import ProfileEncoder
from daybreak.errors import DataError, NotFoundError

USERS = pl.DataFrame(
    {
        "user_id": [f"u{n}" for n in range(40)],
        "sex": ["F", "M"] * 20,
        "age": [20 + n for n in range(40)],
        "likes": ["tea|rum", "tea"] * 20,
        "town": ["Rome"] * 4 + ["Oslo"] * 36,
        "bio": [f"I am number {n} of many" for n in range(40)],
    }
)


def test_common_values_become_columns_of_zeros_and_ones():
    profile = ProfileEncoder.fit(USERS.drop("age"))
    assert profile.names == ("likes=rum", "likes=tea", "sex=f", "sex=m", "town=oslo")
    assert profile.transform(USERS[:2]).toarray().tolist() == [[1, 1, 1, 0, 0], [0, 1, 0, 1, 0]]


def test_numbers_become_eight_ranges_of_equal_size():
    """40 ages in 8 ranges are 5 in each."""
    profile = ProfileEncoder.fit(USERS.select("user_id", "age"))
    rows = profile.transform(USERS)
    assert rows.shape == (40, 8)
    assert rows.sum(axis=0).tolist() == [5] * 8


def test_a_repeated_value_still_counts_once():
    users = pl.DataFrame(
        {"user_id": list("abcdef"), "likes": ["tea|tea|rum"] * 3 + ["tea"] * 3}
    )
    assert ProfileEncoder.fit(users).transform(users).toarray().tolist() == [[1]] * 6


def test_new_users_may_be_unknown_in_everything():
    new = pl.DataFrame({"user_id": ["x", "y"], "sex": ["d", None], "shoe": [40, 41]})
    assert ProfileEncoder.fit(USERS).transform(new).nnz == 0


@pytest.mark.parametrize("users", [USERS.select("user_id"), USERS[:0], USERS[:3]])
def test_without_attributes_there_are_no_columns(users):
    rows = ProfileEncoder.fit(users).transform(users)
    assert rows.shape == (users.height, 0)
    assert rows.dtype == np.float32


def test_the_commonest_values_stay_when_there_are_too_many():
    n = 10_050
    users = pl.DataFrame(
        {"user_id": [str(u) for u in range(n)], "x": [f"v {u % 2010}" for u in range(n)]}
    )
    assert len(ProfileEncoder.fit(users, {"x": "category"}).names) == 2000


def test_a_saved_profile_gives_equal_rows(tmp_path):
    profile = ProfileEncoder.fit(USERS)
    profile.save(tmp_path / "profile")
    back = ProfileEncoder.load(tmp_path / "profile")
    assert back.names == profile.names
    assert (back.transform(USERS) != profile.transform(USERS)).nnz == 0


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"expected profile\.json"):
        ProfileEncoder.load(tmp_path)
    for text, message in (("{", "damaged"), ('{"format": "x"}', "got 'x'"), ("{}", "damaged")):
        (tmp_path / "profile.json").write_text(text)
        with pytest.raises(DataError, match=message):
            ProfileEncoder.load(tmp_path)


def test_values_that_items_have_count_however_few_users_have_them():
    profile = ProfileEncoder.fit(USERS.drop("age"), item_terms=["town=rome", "town=lima"])
    assert "town=rome" in profile.names
    assert "town=bern" not in profile.names
    named = profile.transform(pl.DataFrame({"user_id": ["new"], "town": ["Lima"]}))
    assert named.nnz == 1  # no user is from Lima so far
