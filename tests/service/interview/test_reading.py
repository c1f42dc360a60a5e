import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.service.interview.phrases import chosen_numbers, fold_answer, is_none
from daybreak.service.interview.reading import AnswerReader, join_readings
from daybreak.service.interview.turns import AnswerReading, InterviewTurn
from daybreak.service.interview.vocabulary import InterviewVocabulary

SHOWN = ("m0", "m1", "m4")


@pytest.fixture
def reader(films):
    return AnswerReader(InterviewVocabulary.from_state(films.state))


def items(reader, text, shown=SHOWN):
    return reader.read(InterviewTurn("items", shown=shown, text=text))


def values(reader, text):
    return reader.read(
        InterviewTurn("attribute", "categories", ("Comedy", "Horror"), text=text)
    )


def test_only_attributes_that_say_something_are_asked_about(reader):
    assert list(reader.vocabulary.fields) == ["categories"]
    assert ("categories", "Sci-Fi") in reader.vocabulary.pairs


@pytest.mark.parametrize(
    "text", ["comedy", "Comedy please!", "I like comedy movies", "喜欢Comedy"]
)
def test_a_value_is_wanted(reader, text):
    found = values(reader, text)
    assert (found.wanted, found.unwanted, found.text) == ((("categories", "Comedy"),), (), "")


@pytest.mark.parametrize(
    "text",
    ["no horror", "anything but horror", "I hate horror films", "I hated horror", "不要horror"],
)
def test_negation_rules_a_value_out(reader, text):
    found = values(reader, text)
    assert (found.wanted, found.unwanted) == ((), (("categories", "Horror"),))


def test_one_sentence_may_do_both(reader):
    found = values(reader, "I love science fiction but no horror, and nothing romantic")
    assert ("categories", "Sci-Fi") in found.wanted
    assert ("categories", "Horror") in found.unwanted


def test_what_is_no_value_stays_as_a_wish(reader):
    found = values(reader, "comedy about penguins, no clowns")
    assert found.wanted == (("categories", "Comedy"),)
    assert "penguins" in found.text
    assert "no clowns" in found.text


@pytest.mark.parametrize(
    ("text", "liked", "disliked"),
    [
        ("Space Laughs", ("m0",), ()),
        ("space laughs (1999)", ("m0",), ()),
        ("I liked Space Laughs and Night of Stars", ("m0", "m4"), ()),
        ("I hated Night of Stars", (), ("m4",)),
        ("Spase Laughs", ("m0",), ()),
        ("《命运石之门》很好看，讨厌《银魂》", ("m5",), ("m9",)),
        ("我喜欢命运石之门", ("m5",), ()),
        ("2", ("m1",), ()),
        ("１、３", ("m0", "m4"), ()),
        ("all of them", SHOWN, ()),
        ("none of these", (), ()),
        ("都不喜欢", (), ()),
        ("9", (), ()),
    ],
)
def test_titles_are_read(reader, text, liked, disliked):
    found = items(reader, text)
    assert (sorted(found.liked), found.disliked) == (sorted(liked), disliked)


@pytest.mark.parametrize(
    ("text", "liked", "disliked"), [("yes", ("m1",), ()), ("不喜欢", (), ("m1",))]
)
def test_yes_and_no_are_about_a_single_item(reader, text, liked, disliked):
    found = items(reader, text, ("m1",))
    assert (found.liked, found.disliked) == (liked, disliked)


@pytest.mark.parametrize(
    "text", ["", "none of these!", "Skip", "不知道", "都不是。", "i don't know"]
)
def test_none_of_these_says_nothing(reader, text):
    assert items(reader, text).is_none
    assert values(reader, text).is_none


def test_unknown_choices_are_ignored(reader):
    turn = InterviewTurn("attribute", "categories", chosen=("Opera", "comedy"), rejected=("x",))
    assert reader.read(turn).wanted == (("categories", "Comedy"),)
    assert not reader.read(InterviewTurn("items", chosen=("no such",))).liked


@pytest.mark.parametrize(
    ("text", "wanted", "wish"),
    [
        ("comedy, under 91 minutes", True, "under 91 minutes"),
        ("Comedy 不超过91分钟", True, "不超过91分钟"),
        ("not too long", False, "not too long"),
        ("a film before 2000, please", False, "a film before 2000"),
    ],
)
def test_bounds_of_the_catalogue_stay_wishes_in_the_same_words(reader, text, wanted, wish):
    found = values(reader, text)
    assert found.wanted == ((("categories", "Comedy"),) if wanted else ())
    assert not found.unwanted
    assert found.text == wish


def test_the_later_answer_counts():
    first = AnswerReading(liked=("a",), unwanted=(("categories", "War"),), text="x")
    later = AnswerReading(disliked=("a",), wanted=(("categories", "War"),), text="y")
    joined = join_readings([first, later])
    assert (joined.liked, joined.disliked) == ((), ("a",))
    assert (joined.wanted, joined.unwanted, joined.text) == (
        (("categories", "War"),),
        (),
        "x, y",
    )


@given(st.text(max_size=200))
def test_any_text_is_read(films, text):
    reader = AnswerReader(InterviewVocabulary.from_state(films.state))
    found = items(reader, text)
    known = set(films.items["item_id"])
    assert set(found.liked) | set(found.disliked) <= known
    assert not set(found.liked) & set(found.disliked)


@given(st.text(max_size=100), st.integers(0, 12))
def test_numbers_are_positions_of_choices(text, n_choices):
    assert all(0 <= n < n_choices for n in chosen_numbers(text, n_choices))
    assert fold_answer(fold_answer(text)) == fold_answer(text)
    assert is_none(text) == is_none(f" {text} ")
