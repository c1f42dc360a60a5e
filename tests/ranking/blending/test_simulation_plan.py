from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import Vocabulary
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.ranking.blending.arrival_shift import ItemArrivals
from daybreak.ranking.blending.prior import PriorWeights
from daybreak.ranking.blending.simulation_plan import (
    KindQuestions,
    SimulationPlan,
    expected_change,
    plan_simulations,
)
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.simulation.splits import SOURCE_KIND, count_random_fit_splits, iter_splits
from tests.models.tiny import random_dataset

ONES = np.ones((len(EVENT_LEVELS), 2))
LATE, HIDDEN = ItemArrivals(1.0, {}), ItemArrivals(0.0, {})


def sure_prior(questions):
    return PriorWeights(
        ONES, ONES, np.zeros(len(EVENT_LEVELS)), questions, questions, questions
    )


@pytest.fixture(scope="module")
def shop():
    return random_dataset(n_users=400, n_items=60, dim=4)


def test_the_change_by_hand():
    """A prior of 100 questions, 100 asked: half of its variance is left, then a third."""
    assert expected_change(100, 100, 100) == pytest.approx(1 / 2 - 1 / 3)


@given(st.floats(0, 1e4), st.floats(1, 1e4), st.floats(1, 1e4))
def test_further_questions_change_less_and_less(known, added, prior):
    first = expected_change(known, added, prior)
    assert 0 <= expected_change(known + added, added, prior) <= first <= 1


@pytest.mark.parametrize(
    ("questions", "prior", "asked"),
    [(5, 100, True), (900, 100, False), (60, 100, True), (900, 0, True)],
    ids=["too few to fit", "sure", "not sure", "no prior"],
)
def test_a_second_simulation_asks_where_it_tells_something(questions, prior, asked):
    assert KindQuestions(("new_user",), "new users", questions, prior).is_asked(1) == asked


def test_without_a_prior_nothing_is_skipped(shop):
    plan = plan_simulations(shop, PriorWeights.none(2), HIDDEN)
    assert plan == SimulationPlan.complete(shop)


def test_a_prior_of_a_million_questions_needs_one_simulation(shop):
    assert count_random_fit_splits(shop) == 3
    plan = plan_simulations(shop, sure_prior(1e6), LATE)
    assert plan.asked[0] is None
    assert all("new_user" not in (kinds or ()) for kinds in plan.asked[1:])
    assert "new users" in plan.skipped
    assert "1000000" in plan.skipped["new users"]


def test_few_customers_are_asked_in_every_simulation():
    """Of 20 customers, a simulation holds out four: too few to fit weights, however often."""
    shop = random_dataset(n_users=20, n_items=30, dim=4)
    plan = plan_simulations(shop, sure_prior(100.0), LATE)
    assert all(kinds is None or "new_user" in kinds for kinds in plan.asked)


def test_users_of_sources_are_asked_in_every_simulation(shop):
    """The weights of sources have no prior."""
    told = sp.csr_array(np.ones((shop.n_users, 1), np.float32))
    source = SourceDomain("food", np.array([0]), told)
    sources = SourceData(Vocabulary(["tea"]), np.array([-1]), told, (source,))
    plan = plan_simulations(replace(shop, sources=sources), sure_prior(1e6), HIDDEN)
    assert len(plan.asked) == 3
    assert all(kinds is None or SOURCE_KIND in kinds for kinds in plan.asked)


def test_the_newest_items_are_held_out_only_for_arrivals(shop):
    prior = sure_prior(100.0)
    assert plan_simulations(shop, prior, LATE).has_arrivals
    assert not plan_simulations(shop, prior, HIDDEN).has_arrivals


def test_splits_follow_the_plan(shop):
    plan = replace(
        SimulationPlan.complete(shop), asked=(None, frozenset({"new_item"})), has_arrivals=False
    )
    splits = list(iter_splits(shop, 0, plan.asked, with_arrivals=plan.has_arrivals))
    kinds = [{one.kind for one in split.query_sets} for split in splits]
    assert kinds[1] == {"new_item"}
    assert {"new_user", "user", "new_item"} <= kinds[0]
    assert "arrival" not in {split.name for split in splits}
