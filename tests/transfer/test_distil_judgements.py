import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders import StaticText
from daybreak.errors import DataError
from daybreak.language_models import MemoryCompletions, MeteredLanguageModel
from daybreak.testing.encoders import static_parts
from daybreak.testing.language_models import ScriptedLanguageModel
from daybreak.transfer.distil_judgements import (
    JudgedPair,
    choose_pairs,
    distil_judgements,
    fit_dimension_weights,
    fit_to_equal_weights,
    judge_pairs,
    scale_dimensions,
)
from daybreak.transfer.judgements import JudgedRanking, choose_rankings, judge_rankings
from tests.language_models.hostile_texts import HOSTILE_TEXTS

KINDS, COLOURS = ("tea", "rum", "pot", "cup"), ("red", "blue", "green", "white")


@pytest.fixture(scope="module")
def encoder():
    """Eight words, a dimension each: a kind counts as much as a colour."""
    rows = np.eye(8)
    words = {word: rows[n].tolist() for n, word in enumerate([*KINDS, *COLOURS])}
    return StaticText(static_parts(words), threads=1)


TEXTS = [f"{colour} {kind}" for colour in COLOURS for kind in KINDS]


def grade_by_kind(prompt):
    """Judge as somebody for whom colours do not count."""
    data = json.loads(prompt.messages[1].content)
    same = data["first"].split()[1] == data["second"].split()[1]
    return json.dumps({"grade": 4 if same else 0})


def test_the_encoder_learns_what_counts_for_the_judge(encoder):
    pairs = choose_pairs(encoder, TEXTS, 80)
    fit = distil_judgements(encoder, judge_pairs(ScriptedLanguageModel(grade_by_kind), pairs))
    assert fit.is_better
    assert fit.after > 0.9 > fit.before
    red_tea, blue_tea, red_cup = fit.encoder.encode(["red tea", "blue tea", "red cup"])
    assert red_tea @ blue_tea > red_tea @ red_cup + 0.5


def test_judgements_of_chance_change_nothing(encoder):
    rng = np.random.default_rng(0)
    pairs = choose_pairs(encoder, TEXTS, 60)
    judged = [JudgedPair(a, b, float(rng.integers(5)) / 4) for a, b in pairs]
    fit = distil_judgements(encoder, judged)
    assert fit.encoder is encoder or fit.after > fit.before
    constant = [JudgedPair(a, b, 0.5) for a, b in pairs]
    assert distil_judgements(encoder, constant).encoder is encoder


def test_half_of_the_pairs_are_neighbours(encoder):
    pairs = choose_pairs(encoder, TEXTS, 40)
    assert all(first != second for first, second in pairs)
    shared = [bool(set(a.split()) & set(b.split())) for a, b in pairs]
    assert sum(shared[::2]) > sum(shared[1::2])
    assert pairs == choose_pairs(encoder, TEXTS, 40)


def test_too_little_to_learn_from_is_an_error(encoder):
    with pytest.raises(DataError, match="20 judgements or more, got 1"):
        distil_judgements(encoder, [JudgedPair("a", "b", 1.0)])
    with pytest.raises(DataError, match="at least two texts"):
        choose_pairs(encoder, ["tea"], 3)


def test_an_unusable_judgement_is_left_out_and_none_is_paid_twice():
    inner = ScriptedLanguageModel(['{"grade": 7}', '{"grade": 3}'])
    model = MeteredLanguageModel(inner, cache=MemoryCompletions())
    assert judge_pairs(model, [("a", "b"), ("a", "c")]) == [JudgedPair("a", "c", 0.75)]
    assert judge_pairs(model, [("a", "c")]) == [JudgedPair("a", "c", 0.75)]
    assert len(inner.prompts) == 2


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_a_hostile_text_can_change_its_own_grades_only(hostile):
    model = ScriptedLanguageModel([hostile])
    assert judge_pairs(model, [("tea", hostile)]) == []
    assert hostile not in model.prompts[0].messages[0].content


@given(st.integers(0, 2**31), st.sampled_from([0.1, 10.0, 1e6]))
def test_weights_are_never_negative_and_have_the_mean_1(seed, ridge):
    rng = np.random.default_rng(seed)
    weights = fit_dimension_weights(rng.normal(size=(30, 4)), rng.random(30), ridge)
    assert (weights >= 0).all()
    assert weights.mean() == pytest.approx(1)


def test_equal_weights_keep_the_vectors(encoder):
    same = scale_dimensions(encoder, np.ones(8))
    np.testing.assert_allclose(same.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)


def rank_by_colour(prompt):
    """Answer as somebody for whom the kind of a thing does not count."""
    data = json.loads(prompt.messages[1].content)
    colours = {text.split()[0] for text in data["chosen"]}
    found = [int(n) for n, text in data["candidates"].items() if text.split()[0] in colours]
    return json.dumps({"best": found[0] if len(found) == 1 else 0})


def test_planted_preferences_are_recovered_from_rankings(encoder):
    questions = choose_rankings(encoder, TEXTS, 120)
    rankings = judge_rankings(ScriptedLanguageModel(rank_by_colour), questions)
    fit = distil_judgements(encoder, [], rankings)
    assert fit.learned_from == ("ranking",)
    assert (fit.n_judgements, fit.before, fit.after) == (0, 0, 0)
    assert fit.rankings.n_rankings == len(rankings) > 20
    assert fit.rankings.before < 0.9
    assert fit.rankings.after > 0.97
    red_tea, blue_tea, red_cup = fit.encoder.encode(["red tea", "blue tea", "red cup"])
    assert red_tea @ red_cup > red_tea @ blue_tea + 0.1


def test_the_agreement_of_an_encoder_with_rankings_by_hand(encoder):
    # red tea: red cup (1/2) is before white rum (0) and level with blue tea (1/2): 3/4
    one = JudgedRanking(("red tea",), "red cup", ("white rum", "blue tea"))
    # the mean of red tea and red cup: red pot (1/2) is behind blue tea and red tea: 0, 0
    two = JudgedRanking(("red tea", "blue tea"), "red pot", ("blue tea", "red tea"))
    fit = distil_judgements(encoder, [], [one, two] * 10)
    assert fit.rankings.before == pytest.approx((3 / 4 + 0) / 2)


@pytest.mark.parametrize("seed", range(8))
def test_rankings_of_chance_are_refused(encoder, seed):
    rng = np.random.default_rng(seed)
    rankings = []
    for question in choose_rankings(encoder, TEXTS, 60, seed=seed):
        best, *others = rng.permutation(question.candidates).tolist()
        rankings.append(JudgedRanking(question.chosen, best, tuple(others)))
    fit = distil_judgements(encoder, [], rankings)
    assert fit.encoder is encoder
    assert not fit.is_better
    assert fit.rankings.after == fit.rankings.before


def test_constant_grades_do_not_spoil_rankings(encoder):
    rankings = judge_rankings(
        ScriptedLanguageModel(rank_by_colour), choose_rankings(encoder, TEXTS, 90)
    )
    constant = [JudgedPair(a, b, 0.75) for a, b in choose_pairs(encoder, TEXTS, 40)]
    fit = distil_judgements(encoder, constant, rankings)
    assert fit.learned_from == ("ranking",)
    assert fit.before == fit.after == 0
    few = distil_judgements(encoder, [JudgedPair("red tea", "blue rum", 0.0)], rankings)
    assert few.learned_from == ("ranking",)


def test_both_kinds_are_learned_from_together(encoder):
    def rank_by_kind(prompt):
        data = json.loads(prompt.messages[1].content)
        kind = data["chosen"][0].split()[1]
        found = [int(n) for n, text in data["candidates"].items() if text.endswith(kind)]
        return json.dumps({"best": found[0] if len(found) == 1 else 0})

    pairs = judge_pairs(ScriptedLanguageModel(grade_by_kind), choose_pairs(encoder, TEXTS, 60))
    rankings = judge_rankings(
        ScriptedLanguageModel(rank_by_kind), choose_rankings(encoder, TEXTS, 90)
    )
    fit = distil_judgements(encoder, pairs, rankings)
    assert fit.learned_from == ("similarity", "ranking")
    assert fit.after > fit.before + 0.2
    assert fit.rankings.after > fit.rankings.before


def test_the_weights_of_two_rankings_by_hand():
    # B B' + 3 I = [[4, 1], [1, 5]]; W = 1/4 + B' [-1/76, 4/76]: 5.5/19 and 3.75/19
    rows, margins = np.array([[1.0, 0], [1, -1]]), np.array([0.25, 0.25])
    weights = fit_to_equal_weights(rows, margins, 2.0)
    assert weights == pytest.approx([44 / 37, 30 / 37], abs=1e-6)
