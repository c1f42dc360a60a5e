import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.vocabulary import AliasedVocabulary, Vocabulary

IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)


class CountedId(str):
    """An id that counts how often its hash is asked for."""

    __slots__ = ()
    n_hashes = 0

    def __hash__(self) -> int:
        CountedId.n_hashes += 1
        return super().__hash__()


@given(IDS, st.lists(st.sampled_from("abcdefgh")))
def test_ids_are_appended_once_and_the_vocabulary_before_stays(known, added):
    before = Vocabulary(known)
    grown = before.with_ids(added)
    whole = Vocabulary(dict.fromkeys([*known, *added]))
    assert grown == whole
    assert grown.rows("abcdefgh").tolist() == whole.rows("abcdefgh").tolist()
    assert before.rows("abcdefgh").tolist() == Vocabulary(known).rows("abcdefgh").tolist()


def test_ids_that_are_known_are_not_hashed_again():
    known = Vocabulary(CountedId(number) for number in range(100))
    CountedId.n_hashes = 0
    assert known.with_ids([CountedId("new")]).row("99") == 99
    assert CountedId.n_hashes < 10


def test_other_names_stay_behind():
    known = AliasedVocabulary(["tea", "rum"], {"thé": "tea"})
    assert known.with_ids(["thé", "gin"]).rows(["gin", "thé"]).tolist() == [2, -1]


@pytest.mark.parametrize("ids", [[], ["rum"], ["rum", "tea"]])
def test_without_new_ids_it_is_the_same(ids):
    known = Vocabulary(["tea", "rum"])
    assert known.with_ids(ids) is known
