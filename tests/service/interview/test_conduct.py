import numpy as np
import pytest

from daybreak import Rules
from daybreak.errors import ConfigError, DataError
from daybreak.service.interview.conduct import conduct_interview
from daybreak.service.interview.likings import VALUE_BONUS, lifts_of, value_offsets
from daybreak.service.interview.turns import MAX_QUESTIONS, InterviewRequest, InterviewTurn
from daybreak.service.interview.vocabulary import InterviewVocabulary

COMEDY = InterviewTurn("attribute", "categories", ("Comedy", "Horror"), ("Comedy",))
NO_HORROR = InterviewTurn("attribute", "categories", ("Comedy", "Horror"), rejected=("Horror",))


def genres(films, result):
    of_item = dict(films.items.select("item_id", "categories").rows())
    return [of_item[item] for item in result.items["item_id"]]


def test_a_question_has_choices_and_a_gain(films):
    question = films.interview(n_choices=3).question
    assert 1 <= len(question.choices) <= 3
    assert all(0 < choice.chance <= 1 for choice in question.choices)
    assert question.text.endswith("none of these.")


def test_questions_are_not_repeated(films):
    interview = films.start_interview(n_choices=4)
    shown = []
    for _ in range(3):
        shown.append(
            {(interview.question.kind, choice.id) for choice in interview.question.choices}
        )
        interview.skip()
    assert not shown[0] & shown[1]
    assert not (shown[0] | shown[1]) & shown[2]


def test_the_interview_ends(films):
    interview = films.start_interview()
    for _ in range(MAX_QUESTIONS):
        assert interview.question is not None
        interview.skip()
    assert interview.question is None
    interview.answer("comedy")
    assert len(interview.turns) == MAX_QUESTIONS


def test_a_wanted_value_moves_its_items_up_and_says_so(films):
    before, after = films.interview(k=6), films.interview([COMEDY], k=6)
    count = [sum("Comedy" in genre for genre in genres(films, one)) for one in (before, after)]
    assert count[1] > count[0]
    reasons = after.items["reasons"][0]
    assert "you said that you like 'Comedy'" in {reason["text"] for reason in reasons}
    total = sum(reason["value"] for reason in reasons)
    assert total == pytest.approx(after.items["score"][0], abs=1e-4)


def test_an_unwanted_value_is_in_no_list(films):
    assert not any(
        "Horror" in genre for genre in genres(films, films.interview([NO_HORROR], k=20))
    )


def test_an_undone_answer_does_not_count(films):
    request = InterviewRequest((COMEDY, NO_HORROR), undo=1)
    step = conduct_interview(films.state, request)
    assert step.turns == (COMEDY,)
    assert not step.understood.unwanted


def test_liked_items_are_a_history_and_disliked_ones_are_left_out(films):
    turn = InterviewTurn("items", shown=("m0", "m1"), chosen=("m0",), rejected=("m1",))
    found = films.interview([turn], k=24)
    assert not {"m0", "m1"} & set(found.items["item_id"])


def test_rules_hold_for_the_list(films):
    rules = Rules(where="has(categories, 'Romance')", exclude=("m3",))
    found = films.interview([COMEDY], k=24, rules=rules)
    assert all("Romance" in genre for genre in genres(films, found))
    assert "m3" not in found.items["item_id"]


def test_offsets_are_the_logarithm_of_lifts_and_the_bonus(films):
    vocabulary = InterviewVocabulary.from_state(films.state)
    pair = ("categories", "Romance")
    column = vocabulary.columns["categories", "romance"]
    carries = vocabulary.carries[:, [column]].toarray().ravel()
    expected = np.log(lifts_of(vocabulary)[column].clip(0.1, 10)) + VALUE_BONUS * carries
    assert np.allclose(value_offsets(vocabulary, [pair])[0], expected)


def test_chinese_questions(films):
    question = films.interview(language="zh", ask_attributes=False).question
    assert question.text.startswith("下面这些")


@pytest.mark.parametrize(
    "options",
    [
        {"language": "xx"},
        {"n_choices": 0},
        {"n_choices": 13},
        {"max_questions": 6},
        {"undo": -1},
        {"undo": True},
        {"surprise": 1},
        {"turns": [{"kind": "open"}] * 6},
    ],
)
def test_invalid_options_are_named(films, options):
    with pytest.raises(ConfigError):
        films.interview(**options)


@pytest.mark.parametrize(
    "turn",
    [
        {"kind": "dance"},
        {"kind": "items", "text": "x" * 1001},
        {"kind": "items", "shown": ["m0"] * 13},
        {"kind": "items", "chosen": "m0"},
        {"kind": "items", "chosen": [3]},
        {"kind": "items", "text": 3},
        {"surprise": 1},
    ],
)
def test_invalid_answers_are_named(films, turn):
    with pytest.raises(DataError):
        films.interview([turn])
