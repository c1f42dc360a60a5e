import numpy as np
import pytest

from daybreak.data.dataset import ContentBlock, Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.content_ease import ContentEaseModel
from daybreak.models.shared_content_choice import (
    RIDGES,
    SMOOTHINGS,
    TEXT_WEIGHTS,
    ContentOptions,
    choose_content_options,
    posterior_mean,
)
from tests.models.tiny import dataset, random_dataset, unit


def topical_shop(text_tells):
    """200 items of ten topics, 120 users of one topic each.

    The words are noise; the text vectors tell the topic, or are noise as well.
    """
    rng = np.random.default_rng(0)
    topic = np.arange(200) % 10
    words = unit(rng.standard_normal((200, 20)))
    told = np.eye(10)[topic] + 0.3 * rng.standard_normal((200, 10))
    text = unit(told if text_tells else rng.standard_normal((200, 10)))
    blocks = (ContentBlock("words", words), ContentBlock("meaning", text))
    items = Items(Vocabulary(str(row) for row in range(200)), blocks)
    user = np.repeat(np.arange(120), 8)
    item = rng.integers(0, 20, len(user)) * 10 + user % 10
    return Dataset(items, Events.of(user, item, np.zeros(len(user))), 120)


def test_one_option_that_is_better_by_the_scale_counts_e_times_as_much():
    """Ridges 2 and 8 are equally far from the prior 4; 1 % better counts e times as much."""
    values = {ContentOptions(ridge=2.0): 0.3, ContentOptions(ridge=8.0): 0.303}
    share = np.e / (1 + np.e)
    assert posterior_mean(values).ridge == pytest.approx(2 * 4**share, rel=0.02)


def test_without_differences_the_mean_stays_near_the_prior():
    values = {
        ContentOptions(text, ridge, smoothing): 0.2
        for text in TEXT_WEIGHTS
        for ridge in RIDGES
        for smoothing in SMOOTHINGS
    }
    found = posterior_mean(values)
    assert found.text_weight == pytest.approx(0.4, abs=0.1)
    assert found.ridge == pytest.approx(4, rel=0.05)
    assert found.smoothing == pytest.approx(2, rel=0.1)


def test_text_counts_more_where_it_tells_what_people_choose():
    telling, noise = (choose_content_options(topical_shop(tells)) for tells in (True, False))
    assert telling.text_weight > 0.5 > noise.text_weight


@pytest.mark.parametrize(
    "data",
    [dataset([[0], [1]], 2, vectors=np.eye(2)), random_dataset()],
    ids=["few items", "no content"],
)
def test_without_evidence_the_prior_is_taken(data):
    assert choose_content_options(data) == ContentOptions()


def test_a_model_that_learns_its_options_is_the_model_with_these_options():
    shop = topical_shop(text_tells=True)
    chosen = choose_content_options(shop)
    learned = ContentEaseModel(learned=True).fit(shop)
    given = ContentEaseModel(
        smoothing=chosen.smoothing, whitened_text=chosen.text_weight, ridge=chosen.ridge
    ).fit(shop)
    np.testing.assert_array_equal(learned.state.left, given.state.left)
