"""Sources of the trainings of a store; it remembers them, so that later trainings use them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daybreak.data import EventRules, Tables
from daybreak.errors import ConfigError, NextStep, NotFoundError
from daybreak.service.inputs.sources import SourceTables, event_domains, source_lists
from daybreak.service.recommender import Recommender
from daybreak.service.releases.release import store_path
from daybreak.service.source_inputs import (
    DOMAIN_PREFIX,
    default_source_names,
    domain_of,
    is_domain,
    read_sources,
)
from daybreak.store import Store
from daybreak.store.opening import hide_password

SOURCES_SETTING = "sources"
"""Setting of the store that holds the sources of its trainings."""


@dataclass(frozen=True, eq=False)
class TrainingSources:
    """What a training of a store learns from: the store, and its sources."""

    named: tuple[str, ...]
    """Sources, as :func:`full_source` spells them"""
    target: Tables
    """The store without the domains that are sources"""
    found: tuple[SourceTables, ...]
    """The sources, in the order of ``named``"""

    @classmethod
    def read(
        cls, store: Store, tables: Tables, given: Sequence[str] | None, rules: EventRules
    ) -> "TrainingSources":
        """Read the sources of a training.

        Args:
            store: The store that is trained on.
            tables: Its contents.
            given: Sources; None: those that the store remembers.
            rules: Event rules of the store.

        Raises:
            NotFoundError: A file or folder is gone.
            DataError: A source cannot be read, or the store does not have the domain.
        """
        named = remembered_sources(store)
        if given is not None:
            domains = set(event_domains(tables).drop_nulls().unique().to_list())
            named = tuple(full_source(one, domains) for one in given)
            check_named(named)
        else:
            check_sources(named)
        return cls(named, *read_sources(tables, list(named), rules))

    def used(self, recommender: Recommender) -> tuple[str, ...]:
        """Return the sources that help in simulated cold starts, or that none could measure.

        Args:
            recommender: Recommender that was trained with the sources.
        """
        slices = recommender.report.get("sources", ())
        measured = {one["source"] for one in slices}
        helps = {one["source"] for one in slices if one["used"]}
        pairs = zip(self.named, recommender.source_names, strict=True)
        return tuple(one for one, name in pairs if name in helps or name not in measured)

    def facts(self, used: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Return what a release says of its sources; nothing if there are none.

        Args:
            used: Those that it uses.
        """
        pairs = zip(self.named, self.found, strict=True)
        listed = [
            {"name": source.name, "source": hide_password(one), "used": one in used}
            for one, source in pairs
        ]
        return {"sources": listed} if listed else {}

    def store_histories(self, store: Store, used: Sequence[str]) -> None:
        """Give the users of a store what they chose in sources other than its own domains.

        Args:
            store: The store.
            used: Sources that the release uses.
        """
        pairs = zip(self.named, self.found, strict=True)
        users = source_lists([s for one, s in pairs if one in used and not s.domain])
        if users.height:
            store.write(Tables.of(users=users))


def remembered_sources(store: Store) -> tuple[str, ...]:
    """Return the sources of later trainings: files, folders, URLs and domains.

    Args:
        store: The store that is trained on.
    """
    return tuple(store.settings().get(SOURCES_SETTING, ()))


def remember_sources(store: Store, sources: Sequence[str]) -> None:
    """Store the sources of later trainings; none forgets those of earlier ones.

    Args:
        store: The store that is trained on.
        sources: Sources, as :func:`full_source` spells them.
    """
    if tuple(sources) != remembered_sources(store):
        store.settings({SOURCES_SETTING: list(sources)})


def requested_sources(store: Store, names: Sequence[str]) -> tuple[str, ...]:
    """Return the sources that a request over HTTP names.

    A request names no files: it chooses among what the store remembers and its own domains.

    Args:
        store: The store.
        names: Names of remembered sources, as the metadata of a release have them, or
            ``domain=NAME``.

    Raises:
        ConfigError: A name is neither.
        NotFoundError: The file or folder of a source is gone.
    """
    remembered = remembered_sources(store)
    known = dict(zip(default_source_names(remembered), remembered, strict=True))
    for name in names:
        if name not in known and not name.startswith(DOMAIN_PREFIX):
            raise ConfigError(
                f"no source {name!r:.80}; expected domain=NAME, or one that the store "
                f"remembers: {', '.join(known) or 'none'}"
            )
    chosen = tuple(dict.fromkeys(known.get(name, name) for name in names))
    check_sources(chosen)
    return chosen


def full_source(source: str, domains: Collection[str]) -> str:
    """Return a source as it is remembered: an absolute path, a URL, or ``domain=NAME``.

    A service runs in another folder than the command that named the source.

    Args:
        source: Store, folder, file, release or domain.
        domains: Values of ``domain`` in the data of the target.

    Example:
        >>> full_source("web", {"web", "app"}), full_source("postgresql://db/shop", ())
        ('domain=web', 'postgresql://db/shop')
    """
    if is_domain(source, domains):
        return DOMAIN_PREFIX + domain_of(source, domains)
    path = store_path(source)
    if path is None:
        return source
    absolute = str(path.absolute())
    return f"sqlite:///{absolute}" if "://" in source else absolute


def check_named(sources: Sequence[str]) -> None:
    """Check that the files and folders of sources exist that somebody names.

    Args:
        sources: Sources, as :func:`full_source` spells them.

    Raises:
        NotFoundError: One of them does not.
    """
    for path in _missing(sources):
        raise NotFoundError(
            f"there is no source {str(path)!r}; expected a store, folder, file or release, "
            f"or {DOMAIN_PREFIX}NAME for a domain of the target"
        )


def check_sources(sources: Sequence[str]) -> None:
    """Check that the files and folders of remembered sources exist.

    Args:
        sources: Sources, as :func:`full_source` spells them.

    Raises:
        NotFoundError: One of them does not.
    """
    for path in _missing(sources):
        raise NotFoundError(
            f"the source {path.stem!r} of the training is gone: there is nothing at "
            f"{str(path)!r}; put it back, or train with other sources or without any",
            next_step=NextStep.CHOOSE_SOURCES,
        )


def _missing(sources: Sequence[str]) -> Iterator[Path]:
    """Yield the paths that do not exist; opening a store there would make an empty one."""
    for source in sources:
        path = None if source.startswith(DOMAIN_PREFIX) else store_path(source)
        if path is not None and not path.exists():
            yield path
