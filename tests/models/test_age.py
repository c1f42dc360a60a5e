import numpy as np

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.age import AgeModel, item_births
from daybreak.models.popular import PopularModel
from daybreak.models.shared_decay import half_life
from tests.models.tiny import ask, dataset

DAY, START = 86_400.0, 1.7e9


def newsroom(life_days=2.0, days=40, seed=0):
    """Return four articles a day; people choose among those that are younger than a limit."""
    rng = np.random.default_rng(seed)
    created = START + np.repeat(np.arange(days), 4) * DAY
    at = START + rng.random(4_000) * days * DAY
    item = [
        rng.choice(np.flatnonzero((created <= t) & (t - created < life_days * DAY))) for t in at
    ]
    items = Items(Vocabulary(f"a{n:03d}" for n in range(4 * days)), (), created)
    return Dataset(items, Events.of(rng.integers(0, 500, 4_000), item, at), 500)


def test_old_articles_score_far_below_young_ones():
    data = newsroom()
    scores = AgeModel().fit(data).score(ask(data, []), data.items)[0]
    assert scores[-4:].min() - scores[:40].max() > 3


def test_among_articles_that_nobody_reads_any_more_newer_ones_come_first():
    data = newsroom()
    scores = AgeModel().fit(data).score(ask(data, []), data.items)[0]
    assert (np.diff(scores[:60:4]) > 0).all()


def test_an_item_is_as_old_as_its_creation_or_its_first_event():
    events = Events.of([0, 1, 2], [0, 0, 1], [START, START + DAY, START + DAY])
    created = np.array([START - DAY, np.nan, 0.0, START])
    items = Items(Vocabulary("abcd"), (), created)
    found = item_births(Dataset(items, events, 3)) - START
    np.testing.assert_array_equal(found, [-DAY, DAY, np.nan, 0])


def test_new_items_are_scored_by_their_creation():
    data = newsroom()
    new = Items(Vocabulary(["x", "y", "z"]), (), np.array([START + 40 * DAY, START, np.nan]))
    young, old, unknown = AgeModel().fit(data).score(ask(data, []), new)[0]
    assert young - old > 3
    assert old < unknown < young


def test_time_goes_on_without_a_training():
    data = newsroom()
    model = AgeModel().fit(data)
    later = Dataset(data.items, Events.of([0], [0], [START + 60 * DAY]), 500)
    before, after = (
        m.score(ask(data, []), data.items)[0, -1] for m in (model, model.recounted(later))
    )
    assert after < before - 3


def test_without_times_there_is_no_age():
    data = dataset([[0], [0, 1]], 2)
    assert np.isnan(AgeModel().fit(data).score(ask(data, []), data.items)).all()


def test_the_half_life_is_that_of_the_items():
    assert half_life(newsroom(life_days=1).events) <= 1.3 * DAY
    rng = np.random.default_rng(0)
    item = np.minimum(rng.geometric(0.05, 4_000), 99)
    steady = Events.of(rng.integers(0, 500, 4_000), item, START + rng.random(4_000) * 40 * DAY)
    assert half_life(steady) > 10 * DAY


def test_a_learned_half_life_fades_events():
    data = newsroom()
    model = PopularModel(learns_half_life=True, logarithm=False).fit(data)
    counts = np.exp2(-(data.events.at.max() - data.events.at) / model.state.half_life_s)
    item = data.events.item[-1]
    share = 100 * counts[data.events.item == item].sum() / counts.sum()
    found = model.score(ask(data, []), data.items)[0, item]
    np.testing.assert_allclose(found, share, rtol=1e-4)


def test_counting_again_keeps_the_half_life():
    data = newsroom()
    model = PopularModel(learns_half_life=True).fit(data)
    assert model.recounted(data).state.half_life_s == model.state.half_life_s
    np.testing.assert_allclose(model.recounted(data).state.values, model.state.values)


def test_items_that_hardly_anybody_chooses_any_more_are_past():
    data = newsroom()
    model = AgeModel().fit(data)
    assert 1.8 * DAY < model.state.past_age <= 2 * DAY
    past = model.is_past(data.items, data.items)
    assert past[: 4 * 37].all()
    assert not past[-4:].any()
    ages = np.array([START, START + 40 * DAY, np.nan])
    new = Items(Vocabulary(["old", "young", "unknown"]), (), ages)
    assert model.is_past(data.items, new).tolist() == [True, False, False]


def test_a_few_readers_of_the_archive_do_not_keep_articles_from_being_past():
    data = newsroom()
    item = np.where(np.arange(len(data.events)) % 400 == 0, 0, data.events.item)
    read = Events.of(data.events.user, item, data.events.at)
    model = AgeModel().fit(Dataset(data.items, read, 500))
    assert 1.5 * DAY < model.state.past_age <= 2 * DAY


def test_an_old_article_that_several_people_have_just_read_is_not_past():
    """Three reads within a quarter of the age of the past show it, two do not."""
    data = newsroom()
    now = data.events.at.max()
    for n_reads, is_past in ((2, True), (3, False)):
        events = Events.of(
            np.append(data.events.user, np.arange(n_reads)),
            np.append(data.events.item, np.full(n_reads, 140)),
            np.append(data.events.at, np.full(n_reads, now - 3_600)),
        )
        model = AgeModel().fit(Dataset(data.items, events, 500))
        assert model.is_past(data.items, data.items)[140] == is_past
        earlier = AgeModel().fit(data)
        assert earlier.is_past(data.items, data.items)[140]
        recounted = earlier.recounted(Dataset(data.items, events, 500))
        assert recounted.is_past(data.items, data.items)[140] == is_past
    quiet = Dataset(data.items, Events.of([0], [159], [now + DAY]), 500)
    assert recounted.recounted(quiet).is_past(data.items, data.items)[140]


def test_where_old_items_are_chosen_none_is_past():
    model = AgeModel().fit(newsroom(life_days=100))
    assert model.state.past_age == 0
    items = newsroom().items
    assert not model.is_past(items, items).any()


def test_what_is_published_again_is_as_old_as_its_new_date():
    data = newsroom()
    model = AgeModel().fit(data)
    created = data.items.created_at.copy()
    created[0] = START + 40 * DAY
    again = Items(data.items.ids, (), created)
    before, after = (model.score(ask(data, []), items)[0] for items in (data.items, again))
    assert after[0] - before[0] > 3
    np.testing.assert_array_equal(after[1:], before[1:])


def test_the_present_is_that_of_all_items():
    data = newsroom()
    model = AgeModel().fit(data)
    later = model.at_present(START + 60 * DAY)
    assert later.is_past(data.items, data.items).all()
    assert later.at_present(START).state.now == later.state.now
