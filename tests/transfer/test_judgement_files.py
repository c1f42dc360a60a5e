import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import DataError, NotFoundError
from daybreak.transfer.judgement_files import JudgementSet, read_judgements, write_judgements
from daybreak.transfer.judgements import JudgedPair, JudgedRanking

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
PAIRS = st.builds(JudgedPair, TEXT, TEXT, st.integers(0, 4).map(lambda grade: grade / 4))
RANKINGS = st.lists(TEXT, min_size=2, max_size=4, unique=True).flatmap(
    lambda texts: st.builds(
        JudgedRanking,
        st.lists(TEXT, min_size=1, max_size=3).map(tuple),
        st.just(texts[0]),
        st.just(tuple(texts[1:])),
    )
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("judged") / "judged.jsonl"


@given(st.lists(PAIRS, max_size=4), st.lists(RANKINGS, max_size=4))
def test_what_is_written_is_read(file, pairs, rankings):
    judged = JudgementSet(tuple(pairs), tuple(rankings))
    write_judgements(file, judged)
    if len(judged):
        assert read_judgements(file) == judged
    else:
        with pytest.raises(DataError, match="has no judgement"):
            read_judgements(file)


@given(st.binary(max_size=60))
def test_any_file_is_read_or_one_clear_error(file, content):
    file.write_bytes(content)
    with pytest.raises(DataError, match="no judgement"):
        read_judgements(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["similarity", "ranking", "x"])},
        optional={
            name: JSON for name in ("first", "second", "grade", "chosen", "best", "others")
        },
    )
)
def test_any_object_is_a_judgement_or_an_error_with_its_line(file, value):
    file.write_text("\n" + json.dumps(value) + "\n", "utf-8")
    try:
        assert len(read_judgements(file)) == 1
    except DataError as error:
        assert "line 2 is no judgement" in str(error)  # noqa: PT017 - both outcomes are right


def test_both_kinds_may_be_mixed_and_other_keys_are_ignored(file):
    file.write_text(
        '\ufeff{"kind": "ranking", "chosen": ["茶"], "best": "壶", "others": ["酒"]}\n\n'
        '{"kind": "similarity", "first": "a", "second": "b", "grade": 3, "by": "Ann"}',
        "utf-8",
    )
    assert read_judgements(file) == JudgementSet(
        (JudgedPair("a", "b", 0.75),), (JudgedRanking(("茶",), "壶", ("酒",)),)
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"kind": "similarity", "first": "a", "second": "b", "grade": 5}', "grade"),
        ('{"kind": "similarity", "first": "a", "grade": 1}', "second"),
        ('{"kind": "ranking", "chosen": [], "best": "b", "others": ["c"]}', "chosen"),
        ('{"kind": "ranking", "chosen": ["a"], "best": "b", "others": ["b"]}', "different"),
        ('{"kind": "ranking", "chosen": ["a"], "best": "b", "others": ["c","c"]}', "different"),
        ('{"kind": "ranking", "chosen": ["a"], "best": "b", "others": list("cdef")}', "JSON"),
        ('{"kind": "votes"}', "kind"),
        ("[1]", "line 1"),
    ],
)
def test_a_wrong_line_is_named_with_its_problem(file, line, problem):
    file.write_text(line, "utf-8")
    with pytest.raises(DataError, match="line 1 is no judgement") as raised:
        read_judgements(file)
    assert problem in str(raised.value)


def test_half_a_character_is_replaced_and_a_missing_file_is_named(file, tmp_path):
    write_judgements(file, JudgementSet((JudgedPair("a\ud83c", "b", 1.0),)))
    assert read_judgements(file).pairs == (JudgedPair("a?", "b", 1.0),)
    with pytest.raises(NotFoundError, match=r"nothing\.jsonl"):
        read_judgements(tmp_path / "nothing.jsonl")
