from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.errors import ConfigError
from daybreak.ranking.elicitation import ChoiceModel
from daybreak.service.state.onboarding import (
    OnboardingAnswers,
    QuestionSelector,
    mean_history_length,
)

KINDS = 5


@pytest.fixture(scope="module")
def learned(tables):
    events, items, users = tables
    names = ["popular", "item_knn", "profile", "content/match", "meta_bayes"]
    return Recommender(strategies=names, encoder="none").fit(events, items, users)


def interview(shop, said=None):
    return QuestionSelector(shop.state, said or OnboardingAnswers())


def kinds(questions):
    return [int(question.name.removeprefix("item-")) % KINDS for question in questions]


def test_questions_are_about_known_items_the_best_first(learned):
    found = interview(learned).questions(3)
    assert len({question.name for question in found}) == 3
    assert found[0].gain == max(question.gain for question in found)
    assert all(0 < question.chance <= 1 for question in found)
    assert found[0].title.endswith(found[0].name.removeprefix("item-"))


def test_after_a_yes_similar_items_are_less_informative(learned):
    """Whoever likes one of a kind likes the others: a yes has told that already."""
    first = interview(learned).questions(30)
    kind = kinds(first)[0]
    later = interview(learned, OnboardingAnswers(liked=(first[0].name,))).questions(30)
    before, after = (
        [q.gain for q, one in zip(asked, kinds(asked), strict=True) if one == kind]
        for asked in (first, later)
    )
    assert max(after) < first[0].gain
    assert np.mean(after) < np.mean(before)
    assert kinds(later)[0] != kind


def test_a_question_is_not_repeated(learned):
    first = interview(learned).questions(2)
    names = tuple(question.name for question in first)
    for said in (OnboardingAnswers(declined=names), OnboardingAnswers(liked=names)):
        again = {question.name for question in interview(learned, said).questions(4)}
        assert not again & set(names)


def test_after_no_answer_to_a_kind_another_question_follows(learned):
    first = interview(learned).questions(1)[0]
    second = interview(learned, OnboardingAnswers(declined=(first.name,))).questions(1)[0]
    assert second.name != first.name


def test_attributes_are_asked_about_until_they_are_known(learned):
    found = interview(learned).questions(50, attributes=True)
    asked = next(question for question in found if question.kind == "attribute")
    assert (asked.name, sorted(asked.values)) == ("likes", ["cup", "jam", "pot", "rum", "tea"])
    assert asked.chance == pytest.approx(1)
    told = OnboardingAnswers(profile=pl.DataFrame({"user_id": ["x"], "likes": ["tea"]}))
    for said in (told, OnboardingAnswers(declined=("likes",))):
        later = interview(learned, said).questions(50, attributes=True)
        assert "attribute" not in {question.kind for question in later}


def test_gains_use_the_blend_without_meta_bayes(tables):
    events, items, _ = tables
    shop = Recommender(strategies=["popular", "item_knn"], encoder="none").fit(events, items)
    found = interview(shop)
    assert found.choice_model.source == "blend"
    assert len(found.questions(3)) == 3


@pytest.mark.parametrize(("weight", "source"), [(1.0, "meta_bayes"), (0.0, "blend")])
def test_gains_use_meta_bayes_if_the_blend_does(learned, weight, source):
    """In a shop where it has no weight, its posterior has learned nothing of choices."""
    scorer = learned.state.scorers[0]
    blend = scorer.blend
    weights = blend.weights.copy()
    weights[:, list(blend.strategies).index("meta_bayes")] = weight
    changed = scorer.with_blend(replace(blend, weights=weights), 0)
    assert ChoiceModel(changed).source == source


def test_a_typical_user_has_the_mean_number_of_events(tables, learned):
    events, _, _ = tables
    assert mean_history_length(learned.state.histories) == pytest.approx(len(events) / 60)


def test_the_recommender_asks(learned):
    frame = learned.onboarding(2)
    assert frame.columns[:3] == ["rank", "kind", "name"]
    assert frame["rank"].to_list() == [1, 2]
    later = learned.onboarding(1, yes=[frame["name"][0]], asked=[frame["name"][1]])
    assert later["name"][0] not in frame["name"].to_list()


def test_answers_about_unknown_and_new_items_are_ignored(learned):
    plain = [question.name for question in interview(learned).questions(1)]
    odd = OnboardingAnswers(
        liked=("nobody knows this", "", "\0"), declined=("neither", "likes")
    )
    assert [question.name for question in interview(learned, odd).questions(1)] == plain
    grown = learned.state.with_items(
        pl.DataFrame({"item_id": ["fresh"], "title": ["fresh tea"], "shelf": ["tea"]})
    )
    said = OnboardingAnswers(liked=("fresh", "item-0"))
    assert QuestionSelector(grown, said).questions(2)


def test_a_request_for_more_questions_than_items_returns_all(learned):
    found = interview(learned).questions(10_000)
    learned_from = int(learned.state.ranker.is_known.sum())
    assert len(found) == len({question.name for question in found}) == learned_from


def test_the_known_history_of_the_user_counts(learned):
    profile = [{"user_id": "x", "likes": "tea"}]
    assert learned.onboarding(1, profiles=profile, attributes=True)["kind"].to_list() == [
        "item"
    ]


def test_the_number_of_questions_is_validated(learned):
    with pytest.raises(ConfigError, match="k must be a whole number"):
        learned.onboarding(0)
    with pytest.raises(ConfigError, match="yes must be a list of ids"):
        learned.onboarding(1, yes="item-0")


@pytest.mark.parametrize(
    "said",
    [
        OnboardingAnswers(text="a cup for coffee"),
        OnboardingAnswers(
            profile=pl.DataFrame({"user_id": ["x"], "text": ["a cup for coffee"]})
        ),
    ],
)
def test_questions_follow_what_the_user_says(tables, said):
    events, items, _ = tables
    shop = Recommender(strategies=["popular", "wish"], encoder="none").fit(events, items)
    titles = dict(zip(items["item_id"], items["title"], strict=True))
    asked = [titles[q.name] for q in interview(shop, said).questions(4)]
    assert all("cup" in title for title in asked)
    silent = [titles[q.name] for q in interview(shop).questions(4)]
    assert not all("cup" in title for title in silent)
