"""What ``sources=`` accepts: stores, folders, files, releases, recommenders, domains."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EventRules, Tables, read_folder
from daybreak.errors import ConfigError, DataError, NextStep
from daybreak.models.ease import EaseModel
from daybreak.models.item_knn import ItemKnnModel
from daybreak.models.popular import PopularModel
from daybreak.service.inputs.frames import as_tables
from daybreak.service.inputs.sources import (
    SourceTables,
    connect_items,
    event_domains,
    split_domains,
)
from daybreak.service.releases.release import has_release, read_release
from daybreak.service.training.fit import TrainedModel
from daybreak.types import Floats, Sparse

if TYPE_CHECKING:
    from daybreak.service.state.serving_state import ServingState


DOMAIN_PREFIX = "domain="
"""Begin of a source that is a value of the column ``domain`` in the data of the target."""


def read_sources(
    tables: Tables, sources: Any, rules: EventRules
) -> tuple[Tables, tuple[SourceTables, ...]]:
    """Return the target without the domains that are sources, and all sources.

    Items that the target has as well have its ids there (:func:`connect_items`).

    Args:
        tables: The data of the target; perhaps with the domains of sources.
        sources: One source, several, or a mapping from names to sources.
        rules: Rules that say which events are positive.

    Raises:
        ConfigError: Two sources have the same name.
        DataError: A source cannot be read.
    """
    named = _named(sources)
    if not named:
        return tables, ()
    tables = tables.with_text_ids()
    domains = set(event_domains(tables).drop_nulls().unique().to_list())
    inside = {
        name: domain_of(value, domains) for name, value in named if is_domain(value, domains)
    }
    found: dict[str, SourceTables] = {}
    if inside:
        tables, parts = split_domains(tables, list(inside.values()), rules)
        pairs = zip(inside, parts, strict=True)
        found = {name: replace(one, name=name) for name, one in pairs}
    for name, value in named:
        if name not in found:
            found[name] = connect_items(tables.items, read_source(name, value))
    return tables, tuple(found[name] for name, _ in named)


def is_domain(value: Any, domains: Collection[str]) -> bool:
    """Return whether a source is a domain of the data of the target.

    Args:
        value: Whatever stands for the source.
        domains: Values of the column ``domain``.
    """
    return isinstance(value, str) and (value.startswith(DOMAIN_PREFIX) or value in domains)


def domain_of(value: str, domains: Collection[str]) -> str:
    """Return the value of ``domain`` that a source names.

    Args:
        value: ``domain=web``, or ``web``.
        domains: Values of the column ``domain``.

    Example:
        >>> domain_of("domain=web", {"web", "app"}), domain_of("web", {"web", "app"})
        ('web', 'web')
    """
    return value if value in domains else value.removeprefix(DOMAIN_PREFIX)


def read_source(name: str, value: Any) -> SourceTables:
    """Return one source.

    Args:
        name: Name of the source in reports.
        value: Store, folder, file, release, recommender, frame or tables.
    """
    if isinstance(value, SourceTables):
        return value
    state: ServingState | None = getattr(value, "state", None)
    if state is not None:
        return _from_state(name, state)
    if isinstance(value, str | Path):
        text = str(value)
        if "://" in text or text.endswith(".db"):
            from daybreak.store import open_store  # noqa: PLC0415 - the library needs no store

            with open_store(text) as store:
                return SourceTables.from_tables(name, store.tables(), EventRules())
        if Path(text).is_dir() and has_release(Path(text)):
            trained, catalogue, _ = read_release(Path(text))
            return release_source(name, trained, catalogue.frame)
    with columns_by_import(value):
        checked = as_tables(read_if_folder(value), None, None, None)
    return SourceTables.from_tables(name, checked.tables, checked.rules)


def read_if_folder(value: Any) -> Any:
    """Return the tables of a folder as an import result; any other value unchanged.

    Args:
        value: Whatever stands for the data of a shop.
    """
    if isinstance(value, str | Path) and Path(str(value)).is_dir():
        return read_folder(Path(str(value)))
    return value


@contextmanager
def columns_by_import(value: Any) -> Iterator[None]:
    """Name the files whose columns are not recognised, and an import as the next step.

    Args:
        value: Whatever stands for the data of a shop; its tables are read in the block.
    """
    try:
        yield
    except DataError as error:
        if error.next_step is not NextStep.MAP_COLUMN or not isinstance(value, str | Path):
            raise
        raise DataError(
            f"{value}: {error}",
            next_step=NextStep.IMPORT_SOURCE,
            source=str(value),
            **error.parameters,
        ) from error


def release_source(name: str, trained: TrainedModel, items: pl.DataFrame) -> SourceTables:
    """Return what a release knows: item weights and popularity, and no data of users.

    Args:
        name: Name of the source in reports.
        trained: Models of the release.
        items: Its catalogue.
    """
    weights, counts = None, np.zeros(items.height, dtype=np.float32)
    rows = trained.items.ids.rows(trained.fitted.train_items.ids)
    for model in trained.fitted.models:
        if isinstance(model, EaseModel | ItemKnnModel) and weights is None:
            scorer = model.linear_scorer(trained.fitted.train_items, trained.fitted.train_items)
            weights = _spread_weights(
                scorer.weights.full_dense(), scorer.weights.sparse, rows, items
            )
        if isinstance(model, PopularModel) and not counts.any():
            scorer = model.linear_scorer(trained.fitted.train_items, trained.fitted.train_items)
            counts[rows] = np.expm1(np.clip(scorer.bias - scorer.bias.min(), 0, 20)) + 1
    none = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})
    return SourceTables(name, items, none, weights, counts)


def source_messages(report: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence on each source: whether it is used, and what it gains.

    Args:
        report: Report of a blend.
        names: Names of the sources.

    Example:
        >>> slice_ = {"source": "food", "bridge": "users", "events": 0, "without": 0.1,
        ...           "with": 0.15, "used": True, "verdict": "helps"}
        >>> source_messages({"sources": [slice_]}, ["food"])[0]
        'source food helps: users at 0 events (NDCG@10 .100 to .150)'
    """
    return tuple(_message(report.get("sources", ()), name) for name in names)


def _message(slices: Sequence[Mapping[str, Any]], name: str) -> str:
    own = [one for one in slices if one["source"] == name]
    used = [one for one in own if one["used"]]
    if not own:
        return f"source {name} is used with weights that no simulated cold start has measured"
    if not used:
        verdict = "hurts" if any(one["verdict"] == "hurts" for one in own) else "does not help"
        return f"source {name} {verdict} and is not used"
    parts = [
        f"{one['bridge']} at {one['events']} events (NDCG@10 {one['without']:.3f} to "
        f"{one['with']:.3f})".replace("0.", ".")
        for one in used
    ]
    return f"source {name} helps: {', '.join(parts)}"


def _named(sources: Any) -> list[tuple[str, Any]]:
    """Return names and sources."""
    if isinstance(sources, Mapping):
        return [(str(name), value) for name, value in sources.items()]
    several = list(sources) if isinstance(sources, list | tuple) else [sources]
    several = [value for value in several if value is not None]
    return list(zip(default_source_names(several), several, strict=True))


def default_source_names(values: Sequence[Any]) -> list[str]:
    """Return a name for each source; files of one name are told apart by their folders.

    Args:
        values: Whatever stands for the sources.

    Raises:
        ConfigError: Two sources have the same name nevertheless.

    Example:
        >>> default_source_names(["canada/shop.db", "mexico/shop.db", "books"])
        ['canada/shop', 'mexico/shop', 'books']
    """
    names = [default_source_name(value, number) for number, value in enumerate(values, 1)]
    names = [
        f"{Path(str(value)).parent.name}/{name}"
        if names.count(name) > 1 and isinstance(value, str | Path)
        else name
        for name, value in zip(names, values, strict=True)
    ]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise ConfigError(
            f"two sources have the name {doubled!r}; name each source once, and sources of "
            "the same name by a mapping from names to sources"
        )
    return names


def default_source_name(value: Any, number: int = 1) -> str:
    """Return the name of a source for which no other one is given.

    Args:
        value: Whatever stands for the source.
        number: Its place in the list of sources.

    Example:
        >>> default_source_name("domain=web"), default_source_name("sqlite:///canada.db")
        ('web', 'canada')
    """
    if isinstance(value, SourceTables):
        return value.name
    if isinstance(value, str) and value.startswith(DOMAIN_PREFIX):
        return value.removeprefix(DOMAIN_PREFIX)
    if isinstance(value, str | Path):
        return Path(str(value)).stem or str(value)
    return f"source {number}"


def _from_state(name: str, state: "ServingState") -> SourceTables:
    """Return a recommender as a source, with the histories of its users if it has any."""
    events = state.histories.all_positive()
    source = release_source(name, state.trained, state.catalogue.frame)
    if not len(events):
        return source
    ids = np.array(state.catalogue.items.ids.ids)
    users = np.array(list(state.histories.user_ids()))
    frame = pl.DataFrame({"user_id": users[events.user], "item_id": ids[events.item]})
    return SourceTables(name, state.catalogue.frame, frame.unique(maintain_order=True))


def _spread_weights(
    dense: Floats | None, sparse: Sparse | None, rows: Any, items: pl.DataFrame
) -> Sparse | None:
    """Return weights over the whole catalogue of a release, as CSR."""
    own: Any = sp.csr_array(dense) if dense is not None else sparse
    if own is None:
        return None
    entries = own.tocoo()
    place = (rows[entries.row], rows[entries.col])
    return sp.csr_array((entries.data, place), shape=(items.height, items.height))
