import numpy as np
import pytest

from daybreak.ranking.elicitation import (
    expected_dcg,
    expected_dcg_gain,
    select_questions,
    softmax_probabilities,
    top_k,
)


def test_the_best_are_in_order_and_ties_go_to_the_lower_column():
    scores = np.array([[1.0, 3.0, 3.0, 2.0]])
    assert top_k(scores, np.array([True, True, True, True]), 3).tolist() == [[1, 2, 3]]
    assert top_k(scores, np.array([True, False, True, True]), 2).tolist() == [[2, 3]]


def test_a_list_is_worth_its_chances_discounted_by_rank():
    """0.4 at the first place and 0.2 at the second: 0.4 + 0.2 / log2(3)."""
    assert expected_dcg(np.array([[0.2, 0.4]]), np.array([[1, 0]])) == pytest.approx([0.526186])


def test_an_answer_is_worth_how_much_better_the_new_list_is_then():
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


def test_an_answer_that_changes_nothing_is_worth_nothing():
    chances, scores = np.array([[0.5, 0.4]]), np.array([[2.0, 1.0]])
    assert expected_dcg_gain(np.array([0.9]), chances, scores, np.array([0, 1]), 2) == [0.0]


def test_questions_on_one_screen_do_not_ask_the_same_twice():
    """0 and 1 tell the same. After 0, 1 is worth 0.9 - 0.6 * 0.9 = 0.36, and 2 still 0.5."""
    gains, yes = np.array([1.0, 0.9, 0.5]), np.array([0.6, 0.6, 0.1])

    def later(row):
        return np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 0.5], [1.0, 0.9, 0.0]])[row]

    assert select_questions(gains, yes, later, 3).tolist() == [0, 2, 1]
    assert select_questions(gains, yes, later, 9).tolist() == [0, 2, 1]


def test_chances_of_one_choice_add_up_to_the_share():
    """Scores 0 and ln 3: shares 1/4 and 3/4 of one choice."""
    scores = np.array([[0.0, np.log(3.0)]], dtype=np.float32)
    found = softmax_probabilities(scores, np.array([True, True]), 1.0)
    assert found == pytest.approx(1 - np.exp([[-0.25, -0.75]]), abs=1e-6)


def test_what_cannot_be_chosen_has_no_chance():
    scores = np.array([[9.0, 1.0]], dtype=np.float32)
    assert softmax_probabilities(scores, np.array([False, False]), 5.0).tolist() == [[0, 0]]
