import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import Tables
from daybreak.errors import ConfigError
from daybreak.language_models import MeteredLanguageModel, SentField
from daybreak.service.imagined_buyers import (
    WEIGHTS,
    BuyerImaginer,
    ImaginedBuyers,
    fit_proposer,
    learn_guess_weight,
    learn_on_known_items,
    learning_split,
    titles_chosen,
)
from daybreak.testing.language_models import ScriptedLanguageModel
from tests.language_models.hostile_texts import HOSTILE_TEXTS


def imagined(item, scores, guesses):
    users = tuple(f"u{n}" for n in range(len(scores)))
    return ImaginedBuyers(item, users, np.array(scores, float), np.array(guesses, float))


def test_the_weight_is_the_smallest_that_ranks_best():
    """Scores 1, 0, -1 are ±1.22 after standardization; a yes for the last needs weight 2."""
    items = [imagined(f"i{n}", [1, 0, -1], [-1, -1, 1]) for n in range(6)]
    found = learn_guess_weight(items, {f"i{n}": frozenset({"u2"}) for n in range(6)})
    assert found.tried == 2.0
    assert found.weight == 2.0
    assert found.gain.difference == pytest.approx(1 - 1 / math.log2(4))
    assert (found.yes_share, found.yes_hits, found.no_hits) == (pytest.approx(1 / 3), 1.0, 0.0)


def test_guesses_that_do_not_help_have_no_weight():
    items = [imagined(f"i{n}", [1, 0, -1], [-1, 1, 1]) for n in range(6)]
    found = learn_guess_weight(items, {f"i{n}": frozenset({"u0"}) for n in range(6)})
    assert (found.weight, found.tried) == (0.0, 0.0)


def test_a_gain_that_may_be_chance_is_none():
    items = [imagined("a", [1, 0], [-1, 1]), imagined("b", [1, 0], [-1, 1])]
    found = learn_guess_weight(items, {"a": frozenset({"u1"}), "b": frozenset({"u0", "u1"})})
    assert found.tried > 0
    assert found.weight == 0.0


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.sampled_from([-1, 0, 1])), min_size=1, max_size=9)
)
def test_weight_0_keeps_the_order_of_the_scores(rows):
    found = imagined("a", [score for score, _ in rows], [guess for _, guess in rows])
    order = [found.users[row] for row in np.argsort(-found.combine(0.0), kind="stable")]
    assert found.ranking(0.0) == order
    assert sorted(found.ranking(WEIGHTS[-1])) == sorted(found.users)


def says(prompt):
    """Say yes if the new title has the first word of all titles that were chosen."""
    data = json.loads(prompt.messages[1].content)
    kind = data["item"].split()[0]
    return json.dumps({"chooses": all(kind in title for title in data["chosen"])})


@pytest.fixture(scope="module")
def shop(tables):
    events, items, users = tables
    return Tables.of(events, items, users)


def test_the_weight_is_learned_on_hidden_items(shop):
    model = ScriptedLanguageModel(says)
    found = learn_on_known_items(shop, "title", model, n_items=4, n_users=6)
    assert found.n_items == 4
    assert 0 < len(model.prompts) <= 24
    assert found.yes_hits >= (0 if math.isnan(found.no_hits) else found.no_hits)


def test_a_history_is_sent_only_if_allowed(shop):
    inner = ScriptedLanguageModel(says, is_local=False)
    model = MeteredLanguageModel(inner, allowed=[SentField.ITEM_TITLE])
    with pytest.raises(ConfigError, match="would be sent user_history"):
        learn_on_known_items(shop, "title", model, n_items=2, n_users=2)
    assert not inner.prompts


def test_no_id_is_in_a_prompt_and_the_events_of_hidden_items_are_gone(shop):
    visible, buyers = learning_split(shop, 5)
    assert not set(visible.events["item_id"]) & set(buyers)
    model = ScriptedLanguageModel(says)
    imaginer = BuyerImaginer(fit_proposer(visible), titles_chosen(visible, "title"), model)
    imaginer.imagine(next(iter(buyers)), "tea number 9", 3)
    assert all("person-" not in str(prompt) for prompt in model.prompts)


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS[:9])
def test_the_model_is_not_asked_about_a_hostile_title(shop, hostile):
    model = ScriptedLanguageModel(['{"chooses": true}'])
    imaginer = BuyerImaginer(fit_proposer_once(shop), titles_chosen(shop, "title"), model)
    found = imaginer.imagine("item-30", hostile, 3)
    assert not model.prompts
    assert set(found.guesses) == {0.0}


_PROPOSERS = {}


def fit_proposer_once(shop):
    if "shop" not in _PROPOSERS:
        _PROPOSERS["shop"] = fit_proposer(shop)
    return _PROPOSERS["shop"]


def test_without_known_items_no_weight_is_learned(shop):
    with pytest.raises(ConfigError, match="5 users or more"):
        learning_split(Tables.of(shop.events.head(2), shop.items, shop.users))
    with pytest.raises(ConfigError, match="at least one item"):
        learn_guess_weight([], {})
