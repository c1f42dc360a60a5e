import numpy as np
import pytest

from daybreak.ranking.elicitation import (
    best_candidates,
    expected_dcg,
    expected_dcg_gain,
    select_questions,
    softmax_probabilities,
)


def test_top_k_is_in_order_with_ties_by_column():
    scores = np.array([[1.0, 3.0, 3.0, 2.0]])
    assert best_candidates(scores, np.array([True, True, True, True]), 3).tolist() == [
        [1, 2, 3]
    ]
    assert best_candidates(scores, np.array([True, False, True, True]), 2).tolist() == [[2, 3]]


def test_expected_dcg_discounts_probabilities_by_rank():
    """0.4 at the first place and 0.2 at the second: 0.4 + 0.2 / log2(3)."""
    assert expected_dcg(np.array([[0.2, 0.4]]), np.array([[1, 0]])) == pytest.approx([0.526186])


def test_the_gain_of_an_answer_is_that_of_the_new_list():
    """List of two. After a yes to item 0 (known then), 2 and 1 are shown instead of 0 and 1.

    Judged after the yes: (0.6 + 0.3 / log2(3)) - (0 + 0.3 / log2(3)) = 0.6, half of the time.
    """
    found = expected_dcg_gain(
        np.array([0.5]),
        np.array([[0.0, 0.3, 0.6]]),
        np.array([[-np.inf, 1.0, 2.0]]),
        np.array([0, 1]),
        k=2,
    )
    assert found == pytest.approx([0.3])


def test_an_answer_that_changes_nothing_has_no_gain():
    chances, scores = np.array([[0.5, 0.4]]), np.array([[2.0, 1.0]])
    assert expected_dcg_gain(np.array([0.9]), chances, scores, np.array([0, 1]), 2) == [0.0]


def test_questions_on_one_screen_complement_each_other():
    """0 and 1 tell the same. After 0, 1 is worth 0.9 - 0.6 * 0.9 = 0.36, and 2 still 0.5."""
    gains, yes = np.array([1.0, 0.9, 0.5]), np.array([0.6, 0.6, 0.1])

    def later(row):
        return np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 0.5], [1.0, 0.9, 0.0]])[row]

    assert select_questions(gains, yes, later, 3).tolist() == [0, 2, 1]
    assert select_questions(gains, yes, later, 9).tolist() == [0, 2, 1]


def test_probabilities_of_one_choice_sum_to_the_softmax():
    """Scores 0 and ln 3: shares 1/4 and 3/4 of one choice."""
    scores = np.array([[0.0, np.log(3.0)]], dtype=np.float32)
    found = softmax_probabilities(scores, np.array([True, True]), 1.0)
    assert found == pytest.approx(1 - np.exp([[-0.25, -0.75]]), abs=1e-6)


def test_other_items_have_a_probability_of_zero():
    scores = np.array([[9.0, 1.0]], dtype=np.float32)
    assert softmax_probabilities(scores, np.array([False, False]), 5.0).tolist() == [[0, 0]]
