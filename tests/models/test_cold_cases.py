import numpy as np

from daybreak.models.cold_cases import cold_cases
from daybreak.models.folded import FoldedConfig, factorise, fold
from tests.models.tiny import ask, random_dataset


def cases_of(data, n_parts=4):
    config = FoldedConfig(dim=6)
    known = factorise(data, config, np.random.default_rng(0))
    return known, config, cold_cases(data, (known, config), n_parts, np.random.default_rng(1))


def test_what_is_asked_lies_in_the_hidden_part_and_is_complete():
    data = random_dataset()
    _, _, cases = cases_of(data)
    case, item = cases.chosen.nonzero()
    np.testing.assert_array_equal(cases.part[item], cases.asked[case])
    assert cases.chosen.sum() == data.interactions.sum()


def test_people_do_not_know_what_they_are_asked():
    """One person: the vector is that of the history without the part."""
    data = random_dataset(n_users=1)
    known, config, cases = cases_of(data)
    for part, found in zip(cases.asked, cases.people, strict=True):
        kept = np.flatnonzero((cases.part != part) & (data.interactions.toarray()[0] > 0))
        wanted = fold(known, config, ask(data, kept))
        np.testing.assert_allclose(found, wanted[0], atol=1e-5)


def test_in_large_data_everybody_is_asked_once(monkeypatch):
    monkeypatch.setattr("daybreak.models.cold_cases.MOST", 10)
    data = random_dataset(n_users=60)
    _, _, cases = cases_of(data)
    assert len(cases.asked) <= 60
    assert set(cases.asked) == {0, 1, 2, 3}
