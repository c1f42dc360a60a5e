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
    judge_pairs,
    scale_dimensions,
)
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
