import math

import pytest

from daybreak.errors import ConfigError
from daybreak.ranking.reranking.rules import MAX_ENTRIES, Boost, Quota, Rules


def test_lists_become_tuples():
    rules = Rules(categories=["a", "b"], exclude={"y", "x"}, boosts=[Boost("n = 1", 2)])
    assert rules.exclude == ("x", "y")
    assert hash(rules) == hash(
        Rules(categories=("a", "b"), exclude=("x", "y"), boosts=(Boost("n = 1", 2),))
    )


def test_only_rules_that_change_the_order_need_reranking():
    plain = Rules(where="n = 1", boosts=(Boost("n = 1", 2),))
    assert not plain.needs_reranking
    quota = Quota("n = 1", at_most=1)
    assert Rules(diversity=0.1).needs_reranking
    assert Rules(novelty=0.1).needs_reranking
    assert Rules(distinct="t").needs_reranking
    assert Rules(alike=0.9).needs_reranking
    assert Rules(quotas=(quota,)).needs_reranking


def test_a_factor_adds_its_logarithm_to_the_score():
    assert Boost("n = 1", 4).value == pytest.approx(math.log(4))
    assert Boost("n = 1", 0.25, add=math.log(4)).value == pytest.approx(0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rules(diversity=1.5), "diversity must be from 0 to 1, got 1.5"),
        (lambda: Rules(diversity=float("nan")), "diversity must be from 0 to 1"),
        (lambda: Rules(diversity=True), "diversity must be from 0 to 1"),
        (lambda: Rules(novelty=-0.1), "novelty must be from 0 to 1, got -0.1"),
        (lambda: Rules(alike=0), "alike must be above 0 and up to 1"),
        (lambda: Rules(where=3), "where must be text, got 3"),
        (lambda: Rules(where="\ud800"), "unpaired surrogate"),
        (lambda: Rules(categories="tea"), "categories must be a list of texts, got 'tea'"),
        (lambda: Rules(items=[1]), "each of items must be text, got 1"),
        (lambda: Rules(distinct=3), "distinct must be text"),
        (lambda: Rules(at="now"), "at must be epoch seconds, got 'now'"),
        (lambda: Rules(at=10**400), "at must be epoch seconds"),
        (lambda: Rules(boosts=("n = 1",)), "boosts must be Boost values"),
        (
            lambda: Rules(boosts=[Boost("n = 1", 2)] * (MAX_ENTRIES + 1)),
            f"at most {MAX_ENTRIES} boosts",
        ),
        (lambda: Boost(" "), "a boost needs a filter"),
        (lambda: Boost("n = 1", 0), "factor of a boost must be above 0, got 0"),
        (lambda: Boost("n = 1", float("inf")), "factor of a boost must be above 0"),
        (lambda: Boost("n = 1", add=float("nan")), "add of a boost must be a number"),
        (lambda: Quota(at_most=1), "either a filter"),
        (lambda: Quota("n = 1", "brand", at_most=1), "either a filter"),
        (lambda: Quota("n = 1"), "needs at_most or at_least"),
        (lambda: Quota(each="brand", at_least=1), "accepts at_most only"),
        (lambda: Quota("n = 1", at_most=-1), "at_most of a quota must be a whole number"),
        (
            lambda: Quota("n = 1", at_most=1, of=0),
            "of of a quota must be a whole number from 1",
        ),
        (lambda: Quota("n = 1", at_least=3, of=2), "must not exceed"),
        (lambda: Quota("n = 1", at_least=3, at_most=2), "must not exceed"),
    ],
)
def test_invalid_rules_are_rejected_on_creation(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
