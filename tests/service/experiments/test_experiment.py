from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import ConfigError
from daybreak.ranking.reranking.rules import Boost, Rules
from daybreak.service.experiments import Attribution, ExperimentPlan, VariantPlan

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
def test_nonsense_is_refused_by_name_or_harmless(field, value):
    with suppress(ConfigError):
        plan = ExperimentPlan.from_dict({"id": "x", "variants": TWO, field: value})
        assert ExperimentPlan.from_dict(plan.to_dict()) == plan


@given(st.sampled_from(sorted(VariantPlan.__dataclass_fields__)), JSON)
def test_a_variant_takes_no_nonsense_either(field, value):
    with suppress(ConfigError):
        VariantPlan.from_dict({"name": "a", field: value}).apply(Request())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"variants": [{"name": "a"}]}, "2 to 20 variants, got 1"),
        ({"variants": [{"name": "a"}, {"name": "a"}]}, "a name of its own"),
        ({"variants": [{"name": "a", "shadow": True}, {"name": "b"}]}, "cannot be a shadow"),
        ({"variants": [{"name": "a"}, {"name": "b", "ask": {"user_id": "x"}}]}, "'user_id'"),
        ({"variants": [{"name": "a"}, {"name": "b", "colour": 1}]}, "has no 'colour'"),
        ({"variants": [{"name": "a"}, {"weight": 1}]}, "needs a name"),
        ({"share": 0}, "share must be a number above 0 and at most 1, got 0"),
        ({"metric": "sales"}, "one of ctr, conversion, satisfaction"),
        ({"id": "a b"}, "the name of an experiment"),
        ({"effect": float("nan")}, "effect must be a number"),
        ({"attribution": {"window_h": -1}}, "window_h must be a number above 0"),
        ({"attribution": {"ratings": [5, 1]}}, "the lowest and the highest"),
        ({"attribution": {"cold_below": True}}, "cold_below"),
    ],
)
def test_a_bad_plan_says_what_is_wrong(row, said):
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
