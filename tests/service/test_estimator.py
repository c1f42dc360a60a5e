"""A recommender behaves as people who work in notebooks expect of an estimator."""

import copy
import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from daybreak import EventRules, Recommender
from daybreak.data import Rejects, Tables, read_tables
from daybreak.errors import ConfigError
from daybreak.evaluation import Report
from daybreak.service.inputs.histories import EventRows, Histories
from daybreak.service.releases.gate import GateResult
from daybreak.service.snapshot import HistoriesSnapshot

SETTINGS = {
    "strategies": ["popular", "item_knn"],
    "encoder": "none",
    "rules": EventRules(positive="rating>=4"),
    "fields": {"title": "text"},
    "seed": 7,
    "budget_s": 60.0,
    "search": True,
    "memory": "2GB",
    "objective": "next",
    "popularity": 0.25,
    "unknown_items": "recommend",
    "output": "polars",
}
LOG = pl.DataFrame(
    {
        "user_id": ["ann", "ann", "bob", "cid", "cid", "dan"],
        "item_id": ["b1", "b2", "b1", "b3", "b1", "b3"],
        "event_type": ["loan", "return", "loan", "loan", "dislike", "loan"],
        "timestamp": [1.0, 2.0, 3.0, 4.0, 5.0, None],
    }
)
BOOKS = pl.DataFrame(
    {"item_id": ["b1", "b2", "b3", "b4"], "title": ["sea", "old sea", "hill", "hill road"]}
)
READERS = pl.DataFrame({"user_id": ["ann", "eve"], "town": ["Rome", "Oslo"]})


@pytest.fixture
def library():
    model = Recommender(encoder="none", strategies=["popular", "content/match", "item_knn"])
    model.fit(LOG, BOOKS, READERS)
    model.add_events([{"user_id": "eve", "item_id": "b2"}])
    model.add_items([{"item_id": "b5", "title": "sea road"}])
    model.add_users([{"user_id": "fay", "text": "the hills"}])
    return model.remove_items(["b4"])


def answers(model):
    users = ["ann", "bob", "cid", "dan", "eve", "fay", "gus"]
    lists = model.recommend(users, k=9, exclude_seen=False, explain=True)
    return lists, model.audience("b1", k=9), model.similar_items(["b1"])


def same(first, second):
    pairs = zip(answers(first), answers(second), strict=True)
    return all(one.equals(other) for one, other in pairs)


def test_parameters_are_those_of_the_constructor():
    model = Recommender(**SETTINGS)
    assert model.get_params() == SETTINGS
    assert Recommender(**model.get_params()).get_params() == SETTINGS
    assert Recommender().get_params()["strategies"] == "auto"


def test_parameters_are_changed_and_checked():
    model = Recommender(encoder="none")
    assert model.set_params(seed=3, strategies=["popular"]) is model
    assert (model.seed, [one.name for one in model.strategies]) == (3, ["popular"])
    assert model.encoder == "none"
    with pytest.raises(ConfigError, match=r"did you mean 'budget_s'.*strategies, encoder"):
        model.set_params(budget=5)
    with pytest.raises(ConfigError, match="budget_s must be above 0"):
        model.set_params(budget_s=-1)
    assert model.budget_s is None


def test_scikit_learn_clones_the_parameters(library):
    other = clone(library)
    assert other.get_params() == library.get_params()
    assert repr(other) == repr(clone(other))
    assert clone(Recommender(**SETTINGS)).get_params() == SETTINGS


def test_a_display_is_one_line(library):
    assert repr(Recommender()) == "Recommender()"
    assert repr(Recommender(encoder="none", seed=1)) == "Recommender(encoder='none', seed=1)"
    assert repr(library).endswith("fitted: 4 items, 6 users, 3 strategies")
    assert "\n" not in repr(Recommender(fields={"a\nb" * 99: "text"}))


def test_a_notebook_shows_a_table_without_markup_of_the_data():
    model = Recommender(fields={"<script>": "text"})
    assert "<th>seed</th><td>0</td>" in model._repr_html_()
    assert "not fitted" in model._repr_html_()
    assert "<script>" not in model._repr_html_()


def test_a_fitted_recommender_shows_its_strategies_and_notes(library):
    shown = library._repr_html_()
    assert "popular" in shown
    assert f"<li>{library.notes[0]}</li>" in shown


@pytest.mark.parametrize(
    "value",
    [
        Tables.of(LOG, BOOKS),
        read_tables(LOG, BOOKS),
        Rejects(),
        Report(k=10, slices=(), cells=()),
        GateResult(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_results_are_displayed_in_one_line(value):
    assert repr(value).startswith(f"{type(value).__name__}(")
    assert "\n" not in repr(value)
    assert len(repr(value)) < 160


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_answers_the_same_and_is_independent(library, twin):
    other = twin(library)
    assert same(library, other)
    assert other.get_params() == library.get_params()
    assert other.notes == library.notes
    other.add_events([{"user_id": "gus", "item_id": "b3"}])
    assert library.recommend(["gus"])["user_temperature"][0] == "cold"
    assert other.recommend(["gus"])["user_temperature"][0] == "hot"
    with pytest.warns(UserWarning, match="b4"):
        assert other.similar_items(["b4"]).height == 0


def test_an_unfitted_recommender_is_pickled():
    other = pickle.loads(pickle.dumps(Recommender(**SETTINGS)))
    assert other.get_params() == SETTINGS


def test_a_pickled_recommender_contains_a_release_and_no_pickled_models(library):
    data = pickle.dumps(library)
    assert b"release/release.json" in data
    for name in (b"daybreak.models", b"numpy", b"polars.", b"scipy"):
        assert name not in data


TYPES = [("loan", 1), ("loan", 0), ("dislike", -1), (None, 1)]
TIMES = [1.0, 5.0, float("inf")]
events = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.sampled_from(TIMES),
        st.sampled_from(TYPES),
    )
)


@given(events, events)
def test_histories_survive_a_snapshot(stored, added):
    def event_rows(listed):
        users, items, times, kinds = zip(*listed, strict=True) if listed else ((), (), (), ())
        return EventRows(
            list(users), np.array(items, dtype=np.int64), np.array(times), list(kinds)
        )

    histories = Histories.empty().with_events(event_rows(stored)).compacted()
    histories.with_events(event_rows(added))
    snapshot = HistoriesSnapshot.of(histories)
    restored = snapshot.restore()
    assert HistoriesSnapshot.of(restored) == snapshot
    users, log = histories.user_ids(), histories.log_of(histories.user_ids())
    for first, second in zip(log.opinions(), restored.log.opinions(), strict=True):
        assert first.user.tolist() == second.user.tolist()
        assert first.item.tolist() == second.item.tolist()
        assert first.at.tolist() == second.at.tolist()
    pairs = (
        set(zip(*h.seen_without_liking(users), strict=True)) for h in (histories, restored)
    )
    assert len(set(map(frozenset, pairs))) == 1
