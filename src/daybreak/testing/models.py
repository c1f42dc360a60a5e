"""Checks of the model contract, and small data sets for tests; use them on your own models.

Each check takes a model, fitted or not, and raises ``AssertionError`` with a description of the
fault. Checks work on unfitted copies with the same options and do not change the model.

Example:
    >>> from daybreak.models import models
    >>> for check in MODEL_CHECKS:
    ...     check(models["popular"]())
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Dataset, Events, Items, Queries
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.data.vocabulary import Vocabulary
from daybreak.deprecation import deprecated_names
from daybreak.errors import NotFittedError
from daybreak.models import LinearModel, Model, SupportsEmbeddings
from daybreak.models.base import SupportsWarmStart
from daybreak.types import Floats, Mask

AnyModel: TypeAlias = Model[Any, Any]

N_ITEMS, N_USERS, N_ATTRIBUTES = 14, 40, 4


def example_items(n_items: int, *, seed: int = 0, first: int = 0, blocks: bool = True) -> Items:
    """Return items ``i<first>``, ``i<first + 1>``, ...; the first item has no content.

    Args:
        n_items: Number of items.
        seed: Seed of the content.
        first: Number in the first identifier.
        blocks: Whether items have content blocks (words and meaning).
    """
    rng = np.random.default_rng(seed)
    words = rng.random((n_items, 9)) * (rng.random((n_items, 9)) < 0.4)
    meaning = rng.standard_normal((n_items, 5))
    words[:1] = meaning[:1] = 0
    made = (
        ContentBlock("words", sp.csr_array(_normalise_rows(words))),
        ContentBlock("meaning", _normalise_rows(meaning)),
    )
    ids = Vocabulary(f"i{first + row}" for row in range(n_items))
    return Items(ids, made if blocks else ())


def example_dataset(*, seed: int = 0) -> Dataset:
    """Return 40 users with profiles and 200 events with times on 14 items, two of them new."""
    rng = np.random.default_rng(seed)
    item = np.minimum(rng.geometric(0.2, 200) - 1, N_ITEMS - 3)
    events = Events.of(rng.integers(0, N_USERS - 2, 200), item, rng.integers(1, 90, 200))
    profiles = sp.csr_array((rng.random((N_USERS, N_ATTRIBUTES)) < 0.4).astype(np.float32))
    items = example_items(N_ITEMS)
    return Dataset(items, events, N_USERS, profiles, sources=example_sources(items))


def example_sources(items: Items) -> SourceData:
    """Return one source of 12 items, of which six are among the given ones, and 30 users.

    Args:
        items: Catalogue of the target, whose first items the source has as well.
    """
    rng = np.random.default_rng(1)
    n_shared, n_columns = 6, 12
    told = sp.csr_array((rng.random((N_USERS, n_columns)) < 0.3).astype(np.float32))
    others = (rng.random((30, n_columns)) < 0.3).astype(np.float32)
    ids = Vocabulary([*items.ids.ids[:n_shared], *(f"s{n}" for n in range(n_shared))])
    content = sp.hstack([sp.csr_array(block.matrix[:n_columns]) for block in items.blocks])
    domain = SourceDomain(
        "example", np.arange(n_columns), sp.csr_array(others), popularity=others.sum(axis=0)
    )
    return SourceData(ids, items.ids.rows(ids.ids), told, (domain,), sp.csr_array(content))


def edge_case_datasets() -> Iterator[tuple[str, Dataset]]:
    """Yield data sets without events, times, profiles, content or items, each with a name."""
    whole = example_dataset()
    items, events = whole.items, whole.events
    nobody = Events.of([], [], [])
    one = Events.of([3], [2], [7.0])
    undated = Events.of(events.user, events.item, np.zeros(len(events)))
    yield "an empty catalogue", Dataset(example_items(0), nobody, N_USERS, whole.profiles)
    yield "nothing at all", Dataset(example_items(0, blocks=False), nobody, 0)
    yield "items without events", Dataset(items, nobody, N_USERS, whole.profiles)
    yield "one event", Dataset(items, one, N_USERS, whole.profiles)
    yield "events without times", Dataset(items, undated, N_USERS, whole.profiles)
    yield "users without profiles", Dataset(items, events, N_USERS)
    bare = example_items(N_ITEMS, blocks=False)
    yield "items without content", Dataset(bare, events, N_USERS, whole.profiles)
    yield "one item", Dataset(example_items(1), Events.of([0, 1], [0, 0], [1, 2]), N_USERS)


def example_queries(data: Dataset) -> Queries:
    """Return four queries: empty, with profile and wish, with a history, with all."""
    first, second = (
        (data.active_user_rows[0], data.active_user_rows[-1])
        if len(data.active_user_rows)
        else (0, 0)
    )
    if not data.n_users:
        none = sp.csr_array((4, len(data.train_items)), dtype=np.float32)
        return Queries.from_history(data.train_items, none, none, sp.csr_array((4, 0)))
    queries = Queries.for_users(data, data.events, np.array([first, second]))
    order = np.array([0, 0, 0, 1])
    history = sp.diags_array(np.array([0, 0, 1, 1], dtype=np.float32))
    profile = sp.diags_array(np.array([0, 1, 0, 1], dtype=np.float32))
    told = None if queries.source_history is None else queries.source_history[order]
    return Queries(
        data.train_items,
        sp.csr_array(history @ queries.history[order]),
        sp.csr_array(history @ queries.recent_history[order]),
        sp.csr_array(profile @ queries.profile[order]),
        np.array([0, 0, 1, 1], dtype=np.float32) * queries.n_events[order],
        _example_wishes(data.train_items),
        recency=data.recency,
        source_history=None if told is None else sp.csr_array(history @ told),
        memory=sp.csr_array(history @ queries.memory[order]),
        pause_s=np.array([np.nan, np.nan, 5.0, 1e7]),
    )


def _example_wishes(train_items: Items) -> tuple[Any, ...]:
    """Return wishes of the second and the last of four queries: the content of an item."""
    if not len(train_items):
        return ()
    said = sp.csr_array((np.ones(2, np.float32), ([1, 3], [0, len(train_items) - 1])))
    said.resize((4, len(train_items)))
    return tuple(said @ block.matrix for block in train_items.blocks)


def item_cases(data: Dataset) -> Iterator[tuple[str, Items]]:
    """Yield lists of items that a model fitted on ``data`` must handle, each with a name."""
    blocks = bool(data.items.blocks)
    yield "the catalogue", data.items
    yield "items with events", data.train_items
    yield "new items", example_items(3, seed=9, first=100, blocks=blocks)
    yield "no items", data.items.take(np.empty(0, dtype=np.int64))


def check_requires_fit(model: AnyModel) -> None:
    """An unfitted model raises ``NotFittedError``."""
    data = example_dataset()
    try:
        _unfitted_copy(model).score(example_queries(data), data.items)
    except NotFittedError:
        return
    raise AssertionError("an unfitted model returned scores")


def check_shape_and_type(model: AnyModel) -> None:
    """Scores are (n_queries, n_items) float32 and finite or NaN, for all kinds of both."""
    data = example_dataset()
    fitted = _unfitted_copy(model).fit(data)
    for name, items in item_cases(data):
        _assert_valid_scores(fitted.score(example_queries(data), items), 4, len(items), name)


def check_no_queries(model: AnyModel) -> None:
    """An empty batch of queries gives (0, n_items) scores."""
    data = example_dataset()
    nobody = example_queries(data).take(np.empty(0, dtype=np.int64))
    _assert_valid_scores(
        _unfitted_copy(model).fit(data).score(nobody, data.items), 0, N_ITEMS, "nobody"
    )


def check_unscored_is_nan(model: AnyModel) -> None:
    """Scores are NaN for the items that the model cannot score, for all queries alike."""
    data = example_dataset()
    fitted = _unfitted_copy(model).fit(data)
    for name, items in item_cases(data):
        unknown: Mask = np.isnan(fitted.score(example_queries(data), items))
        assert (unknown.all(axis=0) == unknown.any(axis=0)).all(), f"NaN by query: {name}"
        scorable = fitted.scorable(data.train_items, items)
        new = data.train_items.ids.rows(items.ids) < 0
        assert unknown[:, ~scorable].all(), f"a score of an item that is not scorable: {name}"
        assert not unknown[:, scorable & new].any(), f"new items without a score: {name}"
    some = fitted.score(example_queries(data), data.items)
    assert not np.isnan(some).all(), "no item of the training catalogue has a score"


def check_fits_tiny_data(model: AnyModel) -> None:
    """The model fits and scores data sets without events, times, profiles, content or items."""
    for name, data in edge_case_datasets():
        fitted = _unfitted_copy(model).fit(data)
        for what, items in item_cases(data):
            scores = fitted.score(example_queries(data), items)
            _assert_valid_scores(scores, 4, len(items), f"{what}, fitted on {name}")


def check_item_order_invariance(model: AnyModel) -> None:
    """The score of an item does not depend on its position or on the other items."""
    data = example_dataset()
    fitted, queries = _unfitted_copy(model).fit(data), example_queries(data)
    scores = fitted.score(queries, data.items)
    order = np.random.default_rng(1).permutation(N_ITEMS)[: N_ITEMS - 2]
    _assert_close(
        fitted.score(queries, data.items.take(order)), scores[:, order], "order of items"
    )


def check_batch_invariance(model: AnyModel) -> None:
    """The scores of a query do not depend on the other queries of the batch."""
    data = example_dataset()
    fitted, queries = _unfitted_copy(model).fit(data), example_queries(data)
    together = fitted.score(queries, data.items)
    for row in range(len(queries)):
        alone = fitted.score(queries.take(np.array([row])), data.items)
        _assert_close(alone, together[row : row + 1], f"query {row} alone")


def check_fit_is_deterministic(model: AnyModel) -> None:
    """Two fits with one seed give identical scores, and the data are not changed."""
    data, untouched = example_dataset(), example_dataset()
    first = _unfitted_copy(model).fit(data, seed=5).score(example_queries(data), data.items)
    again = (
        _unfitted_copy(model)
        .fit(example_dataset(), seed=5)
        .score(example_queries(data), data.items)
    )
    np.testing.assert_array_equal(first, again, err_msg="two fits differ")
    for was, now in zip(_arrays(untouched), _arrays(data), strict=True):
        np.testing.assert_array_equal(was, now, err_msg="the data were changed")


def check_save_and_load(model: AnyModel) -> None:
    """A loaded model has the same options and identical scores."""
    for data in (example_dataset(), *(odd for _, odd in edge_case_datasets())):
        fitted = _unfitted_copy(model).fit(data)
        with TemporaryDirectory() as folder:
            fitted.save(Path(folder) / "model")
            names = sorted(path.name for path in (Path(folder) / "model").iterdir())
            back = type(model).load(Path(folder) / "model")
        assert names == ["model.json", "state.safetensors"], f"it wrote {names}"
        assert back.config == fitted.config, f"options came back as {back.config}"
        queries = example_queries(data)
        wanted, found = fitted.score(queries, data.items), back.score(queries, data.items)
        np.testing.assert_array_equal(wanted, found, err_msg="scores changed by saving")


def check_state_is_plain(model: AnyModel) -> None:
    """The state holds only arrays, sparse matrices, vocabularies, plain values and None."""
    state = _unfitted_copy(model).fit(example_dataset()).state
    plain = (np.ndarray, Vocabulary, bool, int, float, str, type(None))
    for field in fields(state):
        value = getattr(state, field.name)
        assert isinstance(value, plain) or sp.issparse(value), f"{field.name}: {type(value)}"


def check_linear_scorer_equals_score(model: AnyModel) -> None:
    """The score of a linear model is that of its linear scorer; NaN where it has none."""
    if not isinstance(model, LinearModel):
        return
    data = example_dataset()
    fitted, queries = _unfitted_copy(model).fit(data), example_queries(data)
    for name, items in item_cases(data):
        scorer = fitted.linear_scorer(queries.train_items, items)  # type: ignore[attr-defined]
        product = scorer.weights.apply(fitted.query_features(queries))  # type: ignore[attr-defined]
        total = scorer.bias + (0 if product is None else product)
        scores = fitted.score(queries, items)
        _assert_close(
            scores[:, scorer.scored],
            np.broadcast_to(total, scores.shape)[:, scorer.scored],
            name,
        )
        assert np.isnan(scores[:, ~scorer.scored]).all(), f"a score of an unscored item: {name}"


def check_embeddings_equal_score(model: AnyModel) -> None:
    """The scores are the dot products of query and item vectors, if the model has vectors."""
    if not isinstance(model, SupportsEmbeddings):
        return
    data, queries = example_dataset(), example_queries(example_dataset())
    fitted: Any = _unfitted_copy(model).fit(data)
    for name, items in item_cases(data):
        product = fitted.query_vectors(queries) @ fitted.item_vectors(items).T
        _assert_close(fitted.score(queries, items), product, name)


def check_warm_start(model: AnyModel) -> None:
    """A warm start works from the state of any data set, and does not change that state."""
    if not isinstance(model, SupportsWarmStart):
        return
    data = example_dataset()
    for name, before in (("other data", example_dataset(seed=1)), *edge_case_datasets()):
        earlier = _unfitted_copy(model).fit(before)
        expected = earlier.score(example_queries(before), before.items)
        fitted = _unfitted_copy(model).fit(data, initial_state=earlier.state)
        scores = fitted.score(example_queries(data), data.items)
        _assert_valid_scores(scores, 4, N_ITEMS, f"warm start from {name}")
        again = _unfitted_copy(model).fit(example_dataset(), initial_state=earlier.state)
        assert np.array_equal(
            again.score(example_queries(data), data.items), scores, equal_nan=True
        ), f"two warm starts from {name} differ"
        _assert_close(
            earlier.score(example_queries(before), before.items),
            expected,
            f"{name} was changed",
        )


ModelCheck: TypeAlias = Callable[[AnyModel], None]

MODEL_CHECKS: tuple[ModelCheck, ...] = (
    check_requires_fit,
    check_shape_and_type,
    check_no_queries,
    check_unscored_is_nan,
    check_fits_tiny_data,
    check_item_order_invariance,
    check_batch_invariance,
    check_fit_is_deterministic,
    check_save_and_load,
    check_state_is_plain,
    check_linear_scorer_equals_score,
    check_embeddings_equal_score,
    check_warm_start,
)
"""All checks of this module."""


def _unfitted_copy(model: AnyModel) -> AnyModel:
    return type(model)(**asdict(model.config))


def _normalise_rows(rows: Any) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths, lengths, 1), dtype=np.float32)


def _assert_valid_scores(scores: Floats, n_queries: int, n_items: int, where: str) -> None:
    assert scores.shape == (n_queries, n_items), f"shape {scores.shape}: {where}"
    assert scores.dtype == np.float32, f"type {scores.dtype}: {where}"
    assert not np.isinf(scores).any(), f"infinite scores: {where}"


def _assert_close(found: Floats, wanted: Floats, where: str) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5, err_msg=where)


def _arrays(data: Dataset) -> Iterator[Any]:
    yield from (data.events.user, data.events.item, data.events.at)
    yield data.profiles.toarray()
    yield from (sp.csr_array(block.matrix).toarray() for block in data.items.blocks)


__getattr__ = deprecated_names(
    __name__,
    {
        old: f"{__name__}.{new}"
        for old, new in {
            "askable": "item_cases",
            "catalogue": "example_items",
            "check_asks_for_fit": "check_requires_fit",
            "check_cannot_say_is_nan": "check_unscored_is_nan",
            "check_company_of_queries_does_not_matter": "check_batch_invariance",
            "check_embeds_equals_score": "check_embeddings_equal_score",
            "check_goes_on_from_any_state": "check_warm_start",
            "check_learns_from_little": "check_fits_tiny_data",
            "check_learns_the_same_twice": "check_fit_is_deterministic",
            "check_order_of_items_does_not_matter": "check_item_order_invariance",
            "check_survives_saving": "check_save_and_load",
            "check_written_out_equals_score": "check_linear_scorer_equals_score",
            "odd_shops": "edge_case_datasets",
            "questions": "example_queries",
            "shop": "example_dataset",
        }.items()
    },
)
