"""What every model must keep; run these checks on one of your own.

Each check takes a model, fitted or not, and raises ``AssertionError`` with what went wrong. It
works on fresh copies with the same options and leaves the model alone.

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

from daybreak.data.dataset import Dataset
from daybreak.data.events import Events
from daybreak.data.items import Block, Items
from daybreak.data.queries import Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import NotFittedError
from daybreak.models import Embeds, LinearModel, Model
from daybreak.models.base import Continues
from daybreak.types import Floats, Mask

AnyModel: TypeAlias = Model[Any, Any]

N_ITEMS, N_USERS, N_ATTRIBUTES = 14, 40, 4


def catalogue(n_items: int, *, seed: int = 0, first: int = 0, blocks: bool = True) -> Items:
    """Return items ``i<first>``, ... with words and meaning; the first has neither."""
    rng = np.random.default_rng(seed)
    words = rng.random((n_items, 9)) * (rng.random((n_items, 9)) < 0.4)
    meaning = rng.standard_normal((n_items, 5))
    words[:1] = meaning[:1] = 0
    made = (
        Block("words", sp.csr_array(_unit(words))),
        Block("meaning", _unit(meaning)),
    )
    ids = Vocabulary(f"i{first + row}" for row in range(n_items))
    return Items(ids, made if blocks else ())


def shop(*, seed: int = 0) -> Dataset:
    """Return 40 users with profiles, 14 items (the last two without events), and times."""
    rng = np.random.default_rng(seed)
    item = np.minimum(rng.geometric(0.2, 200) - 1, N_ITEMS - 3)
    events = Events.of(rng.integers(0, N_USERS - 2, 200), item, rng.integers(1, 90, 200))
    profiles = sp.csr_array((rng.random((N_USERS, N_ATTRIBUTES)) < 0.4).astype(np.float32))
    return Dataset(catalogue(N_ITEMS), events, N_USERS, profiles)


def odd_shops() -> Iterator[tuple[str, Dataset]]:
    """Yield data sets with a name that lack what models are used to."""
    whole = shop()
    items, events = whole.items, whole.events
    nobody = Events.of([], [], [])
    one = Events.of([3], [2], [7.0])
    undated = Events.of(events.user, events.item, np.zeros(len(events)))
    yield "an empty catalogue", Dataset(catalogue(0), nobody, N_USERS, whole.profiles)
    yield "nothing at all", Dataset(catalogue(0, blocks=False), nobody, 0)
    yield "items without events", Dataset(items, nobody, N_USERS, whole.profiles)
    yield "one event", Dataset(items, one, N_USERS, whole.profiles)
    yield "events without times", Dataset(items, undated, N_USERS, whole.profiles)
    yield "users without profiles", Dataset(items, events, N_USERS)
    bare = catalogue(N_ITEMS, blocks=False)
    yield "items without content", Dataset(bare, events, N_USERS, whole.profiles)
    yield "one item", Dataset(catalogue(1), Events.of([0, 1], [0, 0], [1, 2]), N_USERS)


def questions(data: Dataset) -> Queries:
    """Return four queries: nothing, profile only, history only, both."""
    first, second = (data.active[0], data.active[-1]) if len(data.active) else (0, 0)
    if not data.n_users:
        none = sp.csr_array((4, len(data.anchors)), dtype=np.float32)
        return Queries.from_history(data.anchors, none, none, sp.csr_array((4, 0)))
    asked = Queries.of(data, data.events, np.array([first, second]))
    order = np.array([0, 0, 0, 1])
    history = sp.diags_array(np.array([0, 0, 1, 1], dtype=np.float32))
    profile = sp.diags_array(np.array([0, 1, 0, 1], dtype=np.float32))
    return Queries(
        data.anchors,
        sp.csr_array(history @ asked.history[order]),
        sp.csr_array(history @ asked.recent[order]),
        sp.csr_array(profile @ asked.profile[order]),
        np.array([0, 0, 1, 1], dtype=np.float32) * asked.n_events[order],
    )


def askable(data: Dataset) -> Iterator[tuple[str, Items]]:
    """Yield lists of items with a name: what may be asked of a model fitted on ``data``."""
    blocks = bool(data.items.blocks)
    yield "the catalogue", data.items
    yield "items with events", data.anchors
    yield "strangers", catalogue(3, seed=9, first=100, blocks=blocks)
    yield "no items", data.items.take(np.empty(0, dtype=np.int64))


def check_asks_for_fit(model: AnyModel) -> None:
    """A model that has not learned says so."""
    data = shop()
    try:
        _fresh(model).score(questions(data), data.items)
    except NotFittedError:
        return
    raise AssertionError("it answered before it learned")


def check_shape_and_type(model: AnyModel) -> None:
    """One float32 row a query, one column an item, for all kinds of both; never infinite."""
    data = shop()
    fitted = _fresh(model).fit(data)
    for name, items in askable(data):
        _sound(fitted.score(questions(data), items), 4, len(items), name)


def check_no_queries(model: AnyModel) -> None:
    """No queries, no rows."""
    data = shop()
    nobody = questions(data).take(np.empty(0, dtype=np.int64))
    _sound(_fresh(model).fit(data).score(nobody, data.items), 0, N_ITEMS, "nobody")


def check_cannot_say_is_nan(model: AnyModel) -> None:
    """NaN is for items of which nothing is known, never for some queries only, and never 0."""
    data = shop()
    fitted = _fresh(model).fit(data)
    for name, items in askable(data):
        unknown: Mask = np.isnan(fitted.score(questions(data), items))
        assert (unknown.all(axis=0) == unknown.any(axis=0)).all(), f"NaN by query: {name}"
        new = data.anchors.ids.rows(items.ids) < 0
        silent = np.asarray(unknown.all(axis=0))[new]
        assert not silent.any() if fitted.content else silent.all(), f"new items among {name}"
    some = fitted.score(questions(data), data.items)
    assert not np.isnan(some).all(), "it can say nothing of the catalogue it learned from"


def check_learns_from_little(model: AnyModel) -> None:
    """Whatever is missing, it learns and answers."""
    for name, data in odd_shops():
        fitted = _fresh(model).fit(data)
        for what, items in askable(data):
            scores = fitted.score(questions(data), items)
            _sound(scores, 4, len(items), f"{what}, learned from {name}")


def check_order_of_items_does_not_matter(model: AnyModel) -> None:
    """An item has one score, wherever it stands in the list and whoever stands beside it."""
    data = shop()
    fitted, asked = _fresh(model).fit(data), questions(data)
    scores = fitted.score(asked, data.items)
    order = np.random.default_rng(1).permutation(N_ITEMS)[: N_ITEMS - 2]
    _near(fitted.score(asked, data.items.take(order)), scores[:, order], "order of items")


def check_company_of_queries_does_not_matter(model: AnyModel) -> None:
    """A query has the same scores alone and in a batch."""
    data = shop()
    fitted, asked = _fresh(model).fit(data), questions(data)
    together = fitted.score(asked, data.items)
    for row in range(len(asked)):
        alone = fitted.score(asked.take(np.array([row])), data.items)
        _near(alone, together[row : row + 1], f"query {row} alone")


def check_learns_the_same_twice(model: AnyModel) -> None:
    """One seed, one result, bit by bit; the data stay as they were."""
    data, untouched = shop(), shop()
    first = _fresh(model).fit(data, seed=5).score(questions(data), data.items)
    again = _fresh(model).fit(shop(), seed=5).score(questions(data), data.items)
    np.testing.assert_array_equal(first, again, err_msg="two fits differ")
    for was, now in zip(_arrays(untouched), _arrays(data), strict=True):
        np.testing.assert_array_equal(was, now, err_msg="the data were changed")


def check_survives_saving(model: AnyModel) -> None:
    """Loaded from its folder it has the same options and the same scores, bit by bit."""
    for data in (shop(), *(odd for _, odd in odd_shops())):
        fitted = _fresh(model).fit(data)
        with TemporaryDirectory() as folder:
            fitted.save(Path(folder) / "model")
            names = sorted(path.name for path in (Path(folder) / "model").iterdir())
            back = type(model).load(Path(folder) / "model")
        assert names == ["model.json", "state.safetensors"], f"it wrote {names}"
        assert back.config == fitted.config, f"options came back as {back.config}"
        asked = questions(data)
        wanted, found = fitted.score(asked, data.items), back.score(asked, data.items)
        np.testing.assert_array_equal(wanted, found, err_msg="scores changed by saving")


def check_state_is_plain(model: AnyModel) -> None:
    """A state holds arrays, sparse matrices, vocabularies and plain values only."""
    state = _fresh(model).fit(shop()).state
    plain = (np.ndarray, Vocabulary, bool, int, float, str)
    for field in fields(state):
        value = getattr(state, field.name)
        assert isinstance(value, plain) or sp.issparse(value), f"{field.name}: {type(value)}"


def check_written_out_equals_score(model: AnyModel) -> None:
    """A linear model's ``bias + evidence @ weights`` is its score; NaN where not known."""
    if not isinstance(model, LinearModel):
        return
    data = shop()
    fitted, asked = _fresh(model).fit(data), questions(data)
    for name, items in askable(data):
        form = fitted.linear(asked.anchors, items)  # type: ignore[attr-defined]
        product = form.weights.apply(fitted.evidence_in(asked))  # type: ignore[attr-defined]
        total = form.bias + (0 if product is None else product)
        scores = fitted.score(asked, items)
        _near(scores[:, form.known], np.broadcast_to(total, scores.shape)[:, form.known], name)
        assert np.isnan(scores[:, ~form.known]).all(), f"a score where it cannot say: {name}"


def check_embeds_equals_score(model: AnyModel) -> None:
    """The dot products of an embedding model's vectors are its scores."""
    if not isinstance(model, Embeds):
        return
    data, asked = shop(), questions(shop())
    fitted: Any = _fresh(model).fit(data)
    for name, items in askable(data):
        product = fitted.query_vectors(asked) @ fitted.item_vectors(items).T
        _near(fitted.score(asked, items), product, name)


def check_goes_on_from_any_state(model: AnyModel) -> None:
    """A model that can go on does so from what any shop taught, and leaves that as it was."""
    if not isinstance(model, Continues):
        return
    data = shop()
    for name, before in (("another day", shop(seed=1)), *odd_shops()):
        earlier = _fresh(model).fit(before)
        said = earlier.score(questions(before), before.items)
        fitted = _fresh(model).fit(data, start=earlier.state)
        scores = fitted.score(questions(data), data.items)
        _sound(scores, 4, N_ITEMS, f"went on from {name}")
        again = _fresh(model).fit(shop(), start=earlier.state)
        assert np.array_equal(
            again.score(questions(data), data.items), scores, equal_nan=True
        ), f"differs when it goes on from {name} again"
        _near(earlier.score(questions(before), before.items), said, f"{name} was changed")


ModelCheck: TypeAlias = Callable[[AnyModel], None]

MODEL_CHECKS: tuple[ModelCheck, ...] = (
    check_asks_for_fit,
    check_shape_and_type,
    check_no_queries,
    check_cannot_say_is_nan,
    check_learns_from_little,
    check_order_of_items_does_not_matter,
    check_company_of_queries_does_not_matter,
    check_learns_the_same_twice,
    check_survives_saving,
    check_state_is_plain,
    check_written_out_equals_score,
    check_embeds_equals_score,
    check_goes_on_from_any_state,
)
"""All checks of this module."""


def _fresh(model: AnyModel) -> AnyModel:
    return type(model)(**asdict(model.config))


def _unit(rows: Any) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths, lengths, 1), dtype=np.float32)


def _sound(scores: Floats, n_queries: int, n_items: int, where: str) -> None:
    assert scores.shape == (n_queries, n_items), f"shape {scores.shape}: {where}"
    assert scores.dtype == np.float32, f"type {scores.dtype}: {where}"
    assert not np.isinf(scores).any(), f"infinite scores: {where}"


def _near(found: Floats, wanted: Floats, where: str) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5, err_msg=where)


def _arrays(data: Dataset) -> Iterator[Any]:
    yield from (data.events.user, data.events.item, data.events.at)
    yield data.profiles.toarray()
    yield from (sp.csr_array(block.matrix).toarray() for block in data.items.blocks)
