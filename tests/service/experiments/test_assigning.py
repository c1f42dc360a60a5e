"""Statistical tests have an error rate of one in a million, and a fixed sample."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare, kstest

from daybreak.service.experiments.experiment import (
    ExperimentPlan,
    VariantPlan,
    assign,
    bucket,
    choose_variant,
    is_enrolled,
)

KEYS = [f"user-{number}" for number in range(20_000)]
RARE = 1e-6


def plan(id="x", weights=(1.0, 1.0), **fields):
    variants = tuple(VariantPlan(f"v{n}", weight) for n, weight in enumerate(weights))
    return ExperimentPlan(id, variants, **{"salt": id, **fields})


def test_places_are_spread_evenly():
    assert kstest([bucket("s", "share", key) for key in KEYS], "uniform").pvalue > RARE


def test_people_come_to_variants_by_weight():
    counts = Counter(choose_variant(plan(weights=(1, 2, 5)), key).name for key in KEYS)
    found = [counts[f"v{n}"] for n in range(3)]
    assert chisquare(found, np.array([1, 2, 5]) / 8 * len(KEYS)).pvalue > RARE


def test_variants_of_two_experiments_are_independent():
    table = np.zeros((2, 2))
    for key in KEYS:
        first, second = (choose_variant(plan(id_), key).name for id_ in ("one", "two"))
        table[int(first[1]), int(second[1])] += 1
    assert chi2_contingency(table).pvalue > RARE


def test_taking_part_says_nothing_about_the_variant():
    table = np.zeros((2, 2))
    for key in KEYS:
        part = plan(share=0.3)
        table[int(is_enrolled(part, key)), int(choose_variant(part, key).name[1])] += 1
    assert chi2_contingency(table).pvalue > RARE


def test_ids_that_follow_each_other_are_independent():
    rows = [int(choose_variant(plan(), key).name[1]) for key in KEYS]
    pairs = Counter(pairwise(rows))
    table = [[pairs[a, b] for b in range(2)] for a in range(2)]
    assert chi2_contingency(table).pvalue > RARE


@given(st.text(min_size=1), st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_larger_share_keeps_everybody_and_their_variant(key, one, two):
    small, large = (plan(share=share) for share in sorted((one, two)))
    if is_enrolled(small, key):
        assert is_enrolled(large, key)
    assert choose_variant(small, key) == choose_variant(large, key)


@given(st.text(), st.text(), st.lists(st.floats(0.01, 100), min_size=2, max_size=9))
def test_everybody_gets_one_of_the_variants_and_the_same_again(salt, key, weights):
    part = plan(weights=tuple(weights), salt=salt)
    assert choose_variant(part, key) in part.variants
    assert assign((part,), key) == assign((part,), key)


def test_shadows_take_nobody_and_answer_beside_everybody():
    shadow = VariantPlan("dark", 9.0, shadow=True)
    part = ExperimentPlan("x", (VariantPlan("a"), shadow), salt="s")
    found = assign((part,), "ann")
    assert found.variant.name == "a"
    assert found.shadows == (shadow,)


def test_a_request_is_part_of_the_first_experiment_that_takes_it():
    some, all_ = plan("some", share=0.5), plan("all")
    names = Counter(assign((some, all_), key).experiment for key in KEYS)
    assert chisquare([names["some"], names["all"]]).pvalue > RARE


def test_a_scenario_keeps_other_requests_out():
    part = plan(scenario="basket")
    assert assign((part,), "ann", scenario="home") is None
    assert assign((part,), "ann", scenario="basket").experiment == "x"


def test_nobody_takes_no_part():
    assert assign((plan(),), None, None) is None


@pytest.mark.parametrize(("unit", "by"), [("user", "ann"), ("session", "s1")])
def test_the_unit_says_whose_variant_it_is(unit, by):
    for salt in map(str, range(50)):
        part = plan(unit=unit, salt=salt)
        assert assign((part,), "ann", "s1").variant == choose_variant(part, by)


def test_a_session_that_logs_in_keeps_its_variant_if_sessions_are_the_unit():
    for salt in map(str, range(50)):
        part = plan(unit="session", salt=salt)
        assert assign((part,), None, "s1") == assign((part,), "ann", "s1")
