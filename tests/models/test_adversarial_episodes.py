import numpy as np

from daybreak.models.adversarial import build_cold_item_episodes
from daybreak.models.shared_fold_in import FoldInConfig, factorise_interactions, fold_in
from tests.models.tiny import ask, random_dataset


def cases_of(data, n_parts=4):
    config = FoldInConfig(dim=6)
    known = factorise_interactions(data, config, np.random.default_rng(0))
    return (
        known,
        config,
        build_cold_item_episodes(data, (known, config), n_parts, np.random.default_rng(1)),
    )


def test_what_is_asked_lies_in_the_hidden_part_and_is_complete():
    data = random_dataset()
    _, _, cases = cases_of(data)
    case, item = cases.positives.nonzero()
    np.testing.assert_array_equal(cases.item_part[item], cases.query_part[case])
    assert cases.positives.sum() == data.interactions.sum()


def test_people_do_not_know_what_they_are_asked():
    """One person: the vector is that of the history without the part."""
    data = random_dataset(n_users=1)
    known, config, cases = cases_of(data)
    for part, found in zip(cases.query_part, cases.users, strict=True):
        kept = np.flatnonzero((cases.item_part != part) & (data.interactions.toarray()[0] > 0))
        wanted = fold_in(known, config, ask(data, kept))
        np.testing.assert_allclose(found, wanted[0], atol=1e-5)


def test_in_large_data_everybody_is_asked_once(monkeypatch):
    monkeypatch.setattr("daybreak.models.adversarial.MAX_EPISODES", 10)
    data = random_dataset(n_users=60)
    _, _, cases = cases_of(data)
    assert len(cases.query_part) <= 60
    assert set(cases.query_part) == {0, 1, 2, 3}
