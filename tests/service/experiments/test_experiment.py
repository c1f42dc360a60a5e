from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare, kstest

from daybreak.errors import ConfigError
from daybreak.ranking.reranking.rules import Boost, Rules
from daybreak.service.experiments import Attribution
from daybreak.service.experiments.experiment import (
    ExperimentPlan,
    VariantPlan,
    assign,
    bucket,
    choose_variant,
    is_enrolled,
)

TWO = [{"name": "a"}, {"name": "b"}]
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=9,
)


@dataclass(frozen=True)
class Request:
    n: int = 10
    explore: bool | None = None
    explain: bool = False
    rules: Rules | None = None


@given(
    st.lists(NAMES, min_size=2, max_size=5, unique=True),
    st.floats(0.001, 1.0),
    st.sampled_from(["ctr", "conversion", "satisfaction"]),
    st.floats(0.001, 99.0),
)
def test_an_experiment_survives_json(names, share, metric, hours):
    variants = [{"name": name, "weight": 2, "ask": {"n": 3}} for name in names]
    row = {"id": "x", "variants": variants, "share": share, "metric": metric}
    plan = ExperimentPlan.from_dict(row | {"attribution": {"window_h": hours}})
    assert ExperimentPlan.from_dict(plan.to_dict()) == plan


@given(st.sampled_from(sorted(ExperimentPlan.__dataclass_fields__)), JSON)
def test_an_invalid_value_is_rejected_by_name_or_has_no_effect(field, value):
    with suppress(ConfigError):
        plan = ExperimentPlan.from_dict({"id": "x", "variants": TWO, field: value})
        assert ExperimentPlan.from_dict(plan.to_dict()) == plan


@given(st.sampled_from(sorted(VariantPlan.__dataclass_fields__)), JSON)
def test_an_invalid_value_of_a_variant_is_rejected(field, value):
    with suppress(ConfigError):
        VariantPlan.from_dict({"name": "a", field: value}).apply(Request())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"variants": [{"name": "a"}]}, "2 to 20 variants, got 1"),
        ({"variants": [{"name": "a"}, {"name": "a"}]}, "names of variants must be unique"),
        ({"variants": [{"name": "a", "shadow": True}, {"name": "b"}]}, "cannot be a shadow"),
        ({"variants": [{"name": "a"}, {"name": "b", "ask": {"user_id": "x"}}]}, "'user_id'"),
        ({"variants": [{"name": "a"}, {"name": "b", "colour": 1}]}, "has no 'colour'"),
        ({"variants": [{"name": "a"}, {"weight": 1}]}, "needs a name"),
        ({"share": 0}, "share must be a number above 0 and at most 1, got 0"),
        ({"metric": "sales"}, "one of ctr, conversion, satisfaction"),
        ({"id": "a b"}, "the name of an experiment"),
        ({"effect": float("nan")}, "effect must be a number"),
        ({"attribution": {"window_h": -1}}, "window_h must be a number above 0"),
        ({"attribution": {"ratings": [5, 1]}}, "ratings must be .lowest, highest."),
        ({"attribution": {"cold_below": True}}, "cold_below"),
    ],
)
def test_an_invalid_plan_is_rejected_with_a_reason(row, said):
    with pytest.raises(ConfigError, match=said):
        ExperimentPlan.from_dict({"id": "x", "variants": TWO} | row)


def test_a_variant_changes_a_request_but_not_what_is_forbidden():
    variant = VariantPlan.from_dict(
        {
            "name": "b",
            "ask": {
                "explore": True,
                "rules": {"diversity": 0.5, "boosts": [{"where": "price < 5", "factor": 2}]},
            },
        }
    )
    changed = variant.apply(Request(rules=Rules(exclude=("rum",), diversity=0.1)))
    assert changed.explore is True
    assert changed.n == 10
    assert changed.rules == Rules(
        exclude=("rum",), diversity=0.5, boosts=(Boost("price < 5", 2.0),)
    )


def test_a_variant_may_not_lift_what_a_caller_excludes():
    with pytest.raises(ConfigError, match="'exclude'"):
        VariantPlan("b", ask={"rules": {"exclude": []}})


def test_a_variant_that_changes_nothing_leaves_the_request_alone():
    request = Request(n=3)
    assert VariantPlan("a").apply(request) == request


def test_types_of_events_are_a_list_of_texts():
    with pytest.raises(ConfigError, match="clicks must be a list"):
        Attribution(clicks="click")


KEYS = [f"user-{number}" for number in range(20_000)]
RARE = 1e-6


def plan(id="x", weights=(1.0, 1.0), **fields):
    variants = tuple(VariantPlan(f"v{n}", weight) for n, weight in enumerate(weights))
    return ExperimentPlan(id, variants, **{"salt": id, **fields})


def test_buckets_are_uniform():
    assert kstest([bucket("s", "share", key) for key in KEYS], "uniform").pvalue > RARE


def test_users_are_assigned_to_variants_by_weight():
    part = plan(weights=(1, 2, 5))
    counts = Counter(choose_variant(part, key).name for key in KEYS)
    found = [counts[f"v{n}"] for n in range(3)]
    assert chisquare(found, np.array([1, 2, 5]) / 8 * len(KEYS)).pvalue > RARE


def test_variants_of_two_experiments_are_independent():
    table, plans = np.zeros((2, 2)), (plan("one"), plan("two"))
    for key in KEYS:
        first, second = (choose_variant(part, key).name for part in plans)
        table[int(first[1]), int(second[1])] += 1
    assert chi2_contingency(table).pvalue > RARE


def test_enrolment_is_independent_of_the_variant():
    table, part = np.zeros((2, 2)), plan(share=0.3)
    for key in KEYS:
        table[int(is_enrolled(part, key)), int(choose_variant(part, key).name[1])] += 1
    assert chi2_contingency(table).pvalue > RARE


def test_consecutive_ids_are_assigned_independently():
    part = plan()
    rows = [int(choose_variant(part, key).name[1]) for key in KEYS]
    pairs = Counter(pairwise(rows))
    table = [[pairs[a, b] for b in range(2)] for a in range(2)]
    assert chi2_contingency(table).pvalue > RARE


@given(st.text(min_size=1), st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_larger_share_keeps_enrolled_users_and_their_variants(key, one, two):
    small, large = (plan(share=share) for share in sorted((one, two)))
    if is_enrolled(small, key):
        assert is_enrolled(large, key)
    assert choose_variant(small, key) == choose_variant(large, key)


@given(st.text(), st.text(), st.lists(st.floats(0.01, 100), min_size=2, max_size=9))
def test_every_user_gets_one_variant_and_always_the_same(salt, key, weights):
    part = plan(weights=tuple(weights), salt=salt)
    assert choose_variant(part, key) in part.variants
    assert assign((part,), key) == assign((part,), key)


def test_shadows_take_no_users_and_rank_for_all_of_them():
    shadow = VariantPlan("dark", 9.0, shadow=True)
    part = ExperimentPlan("x", (VariantPlan("a"), shadow), salt="s")
    found = assign((part,), "ann")
    assert found.variant.name == "a"
    assert found.shadows == (shadow,)


def test_a_request_is_part_of_the_first_experiment_that_takes_it():
    some, all_ = plan("some", share=0.5), plan("all")
    names = Counter(assign((some, all_), key).experiment for key in KEYS)
    assert chisquare([names["some"], names["all"]]).pvalue > RARE


def test_a_scenario_leaves_out_other_requests():
    part = plan(scenario="basket")
    assert assign((part,), "ann", scenario="home") is None
    assert assign((part,), "ann", scenario="basket").experiment == "x"


def test_an_anonymous_request_is_not_enrolled():
    assert assign((plan(),), None, None) is None


@pytest.mark.parametrize(("unit", "by"), [("user", "ann"), ("session", "s1")])
def test_the_unit_decides_whether_users_or_sessions_are_assigned(unit, by):
    for salt in map(str, range(50)):
        part = plan(unit=unit, salt=salt)
        assert assign((part,), "ann", "s1").variant == choose_variant(part, by)


def test_a_session_that_logs_in_keeps_its_variant_if_sessions_are_the_unit():
    for salt in map(str, range(50)):
        part = plan(unit="session", salt=salt)
        assert assign((part,), None, "s1") == assign((part,), "ann", "s1")
