import numpy as np
import pytest

from daybreak.models.popular import PopularModel
from tests.models.tiny import ask, dataset


def test_the_score_is_the_logarithm_of_a_share_of_ten_thousand():
    # Three of four events: 7,500 of 10,000.
    data = dataset([[0], [0, 1], [0]], 3)
    scores = PopularModel().fit(data).score(ask(data, []), data.items)
    np.testing.assert_allclose(scores, [[np.log(7501), np.log(2501), np.nan]], rtol=1e-6)


def test_without_the_logarithm_the_score_is_the_share_in_per_cent():
    data = dataset([[0], [0, 1], [0]], 2)
    scores = PopularModel(logarithm=False).fit(data).score(ask(data, []), data.items)
    np.testing.assert_allclose(scores, [[75, 25]])


def test_a_window_fades_events_by_their_age():
    # Ages are 0 to 11; an eleventh of the way is age 1, so each event fades by e^(-age/2),
    # but for a thousandth, which fades by 1 / (1 + age/2)^2.
    data = dataset([[0]] + [[1]] * 11, 2, at=range(11, -1, -1))
    model = PopularModel(window=1 / 11, logarithm=False).fit(data)
    halves = np.arange(12) / 2
    faded = 0.999 * np.exp(-halves) + 0.001 / (1 + halves) ** 2
    share = 100 * faded[0] / faded.sum()
    np.testing.assert_allclose(
        model.score(ask(data, []), data.items), [[share, 100 - share]], rtol=1e-5
    )


def test_old_news_that_has_faded_away_is_still_ordered_by_its_age():
    at = [0.0, 1_000.0, 2_000.0, *np.linspace(9_000, 9_100, 60)]
    data = dataset([[2], [0], [1], *[[3]] * 60], 4, at=at)
    scores = PopularModel(window=0.02).fit(data).score(ask(data, []), data.items)[0]
    assert scores[2] < scores[0] < scores[1] < scores[3] - 3


@pytest.mark.parametrize("at", [[0, 0, 0], [5, 5, 9]])
def test_a_window_without_an_order_in_time_cannot_say(at):
    data = dataset([[0], [1], [0]], 2, at=at)
    scores = PopularModel(window=0.1).fit(data).score(ask(data, []), data.items)
    assert np.isnan(scores).all()


def test_a_window_with_events_of_one_user_is_doubled_until_it_has_more_users():
    # Six people bought items 0 and 1 long ago, one buys 2 and 3 now; a hundredth of the ages is
    # 0.13 s. By their effective number, a window of 145 s has events of 1.01 users, the next
    # of 1.4; a quarter of the usual five is asked for.
    at = np.array([*np.arange(12) / 10, 1_000, 1_001])
    data = dataset([[0, 1]] * 6 + [[2, 3]], 4, at=at)
    model = PopularModel(window=0.01, logarithm=False).fit(data)
    ages = (1_001.0 - at) / (2**8 * 1.13)
    faded = 0.999 * np.exp(-ages) + 0.001 / (1 + ages) ** 2
    share = 100 * faded[:12:2].sum() / faded.sum()
    np.testing.assert_allclose(model.score(ask(data, []), data.items)[0, 0], share, rtol=1e-5)


def test_with_two_users_the_window_stays_as_it_is():
    at = [*range(6), *range(1_000, 1_006)]
    data = dataset([range(6), range(6, 12)], 12, at=at)
    scores = (
        PopularModel(window=0.02, logarithm=False).fit(data).score(ask(data, []), data.items)
    )
    assert scores[0, :6].max() < 0.01 < scores[0, 6:].min()
