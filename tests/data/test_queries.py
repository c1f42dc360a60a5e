import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.data.vocabulary import Vocabulary

ITEMS = Items(Vocabulary(["tea", "rum", "gin", "ale"]))
EVENTS = Events.of([0, 0, 0, 0, 2], [0, 1, 2, 3, 1], [1, 2, 3, 4, 9])
DATA = Dataset(ITEMS, EVENTS, 3, sp.csr_array(np.eye(3, 2, dtype=np.float32)))


def test_a_query_knows_its_events_scaled_faded_and_its_profile():
    queries = Queries.for_users(DATA, EVENTS, np.array([0, 1]))
    assert queries.n_events.tolist() == [4, 0]
    np.testing.assert_allclose(queries.history.toarray(), [[0.5] * 4, [0] * 4])
    np.testing.assert_allclose(
        queries.recent_history.toarray()[0], [0.512, 0.64, 0.8, 1], rtol=1e-6
    )
    assert queries.profile.toarray().tolist() == [[1, 0], [0, 1]]


def test_queries_follow_the_order_of_users():
    one, other = (
        Queries.for_users(DATA, EVENTS, np.array(users)) for users in ([0, 2], [2, 0])
    )
    for name in ("history", "recent_history", "profile"):
        wanted = getattr(one, name).toarray()[::-1]
        np.testing.assert_array_equal(getattr(other, name).toarray(), wanted)


def test_a_query_is_the_same_alone_and_in_company():
    whole = Queries.for_users(DATA, EVENTS, np.array([0, 1, 2]))
    for row in range(3):
        alone, taken = (
            Queries.for_users(DATA, EVENTS, np.array([row])),
            whole.take(np.array([row])),
        )
        assert len(alone) == 1
        for name in ("history", "recent_history", "profile"):
            np.testing.assert_array_equal(
                getattr(alone, name).toarray(), getattr(taken, name).toarray()
            )
        np.testing.assert_array_equal(alone.n_events, taken.n_events)


def test_only_the_events_that_are_given_are_known():
    hidden = EVENTS.filter(EVENTS.item < 2)
    assert Queries.for_users(DATA, hidden, np.array([0, 2])).n_events.tolist() == [2, 1]


def test_shares_of_events_are_scaled_by_their_sum():
    plain = sp.csr_array(np.array([[0.5, 0.5, 0, 2.0]], dtype=np.float32))
    queries = Queries.from_history(ITEMS, plain, plain, sp.csr_array((1, 0)))
    assert queries.n_events.tolist() == [3]
    np.testing.assert_allclose(queries.history.toarray(), plain.toarray() / np.sqrt(3))
