"""Train a recommender on a store and put its release into service.

Start with :func:`train_release`, which the command line calls. :func:`retrain` is the same with
JSON values; the service runs it in a process of its own.
"""

import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from daybreak.config import Settings
from daybreak.data import EventRules, Tables
from daybreak.engines import use_named_engine
from daybreak.errors import ConfigError, DataError, DaybreakError, GateRefusedError, NextStep
from daybreak.service.recommender import Recommender
from daybreak.service.releases.derived import derive_arrays
from daybreak.service.releases.gate import GateResult
from daybreak.service.releases.map_file import read_map, write_map
from daybreak.service.releases.release import (
    find_intact_release,
    find_release,
    release_folder,
    releases_root,
)
from daybreak.service.releases.remote import COPY_KEY, push_release
from daybreak.service.state.item_map import ItemMap, layout_items
from daybreak.service.training.encoder_choice import choose_encoder
from daybreak.service.training.fit import TrainingBudget
from daybreak.service.training.plan import TrainingPlan
from daybreak.service.training.task_process import (
    LeaseLostError,
    TaskCancelledError,
    check_lease,
    report_progress,
)
from daybreak.service.training.task_records import TrainingOutcome
from daybreak.service.training.tuned_encoders import used_encoder
from daybreak.service.training_sources import TrainingSources, remember_sources
from daybreak.store import Release, Store, open_store

log = logging.getLogger(__name__)

RELEASES_FOLDER = "releases"
"""Folder of the releases, next to the store."""
RULES_SETTING = "rules"
"""Setting of the store that holds the event rules given at import."""


@dataclass(frozen=True)
class TrainOptions:
    """How a training starts, and when its release replaces the active one."""

    gate: bool = True
    """Whether the new release is compared with the active one before it replaces it."""
    force: bool = False
    """Whether it replaces the active one even if it is worse."""
    start: str | None = None
    """Release that the models continue from: its id, its folder, or ``active``."""
    keep_weights: bool = False
    """Whether the blending weights of ``start`` are kept."""
    budget: TrainingBudget = field(default_factory=TrainingBudget)
    """Time limit, and whether a part of it is spent on a search."""
    popularity: float | None = None
    """Default setting of the release, from 0 (taste) to 1 (best sellers); None: balanced."""
    objective: str = "cold_start"
    """What the weights are fitted for."""
    sources: tuple[str, ...] | None = None
    """Other shops and domains to learn from, see :meth:`Recommender.fit`; later trainings use
    those that help again. None: those that the store remembers; empty: none."""
    engine: str | None = None
    """Engine that computes sums over users, see :func:`.open_engine`; None: this process."""
    is_served: bool = False
    """Whether a server waits for the release: what it would compute from it is computed by the
    training, so that requests do not wait."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainOptions":
        """Return the options that ``dataclasses.asdict`` turned into JSON values.

        Example:
            >>> options = TrainOptions(budget=TrainingBudget(600.0))
            >>> TrainOptions.from_dict(asdict(options)) == options
            True
        """
        given = values.get("sources")
        sources = None if given is None else tuple(given)
        budget = TrainingBudget(**values["budget"])
        return cls(**{**values, "budget": budget, "sources": sources})


@dataclass(frozen=True)
class TrainingResult:
    """A finished training."""

    release: Release
    measured: Mapping[str, Any]
    """Results of the simulated cold starts; see :attr:`Recommender.report`."""
    notes: tuple[str, ...]
    seconds: float = field(compare=False)
    verdict: GateResult | None = None
    """Comparison with the release before; None: not compared."""
    source_names: tuple[str, ...] = ()
    """Names of the sources of the training."""
    used_sources: tuple[str, ...] = ()
    """Sources that later trainings use again: those that help, or that none could measure."""


def _new_release_id(created_at: float) -> str:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created_at))
    return f"{stamp}-{uuid4().hex[:4]}"


def train_release(
    store: Store,
    settings: Settings,
    options: TrainOptions | None = None,
    *,
    tables: Tables | None = None,
    strategies: str | Sequence[str] = "auto",
    progress: Any = None,
) -> TrainingResult:
    """Train a recommender, pass the gate, write the release and activate it.

    Args:
        store: The store that is trained on; it keeps the release.
        settings: Encoder, seed, and the URL of the store, next to which the release is written.
        options: How the training starts, and when its release replaces the active one.
        tables: Contents of the store if they have been read already.
        strategies: Names of strategies, or ``auto``.
        progress: Called with the name of each step.

    Raises:
        ConfigError: The store is in memory and has no folder for releases.
        DataError: The store has no items, or the folder of releases cannot be written.
        GateRefusedError: The release is worse than the active one, which stays active.
        LeaseLostError: This is the training of a service, which counts as lost meanwhile.
        NotFoundError: ``options.start`` is not a release, or a source is gone.
        ServiceError: The release cannot be copied to object storage.
    """
    root = releases_root(settings.store)
    if root is None:
        raise ConfigError("a store in memory has no folder for releases; use a file")
    _check_writable(root / RELEASES_FOLDER)
    started, options = time.perf_counter(), options or TrainOptions()
    tables = store.tables() if tables is None else tables
    recommender = _create_recommender(store, settings, tables, strategies, options)
    rules = stored_event_rules(store)
    sources = TrainingSources.read(store, tables, options.sources, rules)
    with use_named_engine(options.engine):
        recommender.fit(
            sources.target,
            start=None if options.start is None else find_release(store, root, options.start),
            keep_weights=options.keep_weights,
            sources=list(sources.found),
            progress=progress,
        )
    created_at = time.time()
    id_ = _new_release_id(created_at)
    folder = Path(RELEASES_FOLDER) / id_
    verdict = _write_release(recommender, store, root / folder, sources, options, progress)
    _write_item_map(root / folder, recommender, _active_map(store, root))
    if options.is_served:
        derive_arrays(root / folder)
    seconds = time.perf_counter() - started
    used = sources.used(recommender)
    metadata = _facts_of(sources.target, seconds, settings.seed, verdict) | sources.facts(used)
    metadata |= _push(root / folder, settings.releases, progress)
    release = Release(id_, created_at, folder.as_posix(), metadata, active=True)
    store.put_release(release)
    if options.sources is not None:
        remember_sources(store, used)
    sources.store_histories(store, used)
    return TrainingResult(
        release,
        recommender.report,
        recommender.notes,
        seconds,
        verdict,
        recommender.source_names,
        used,
    )


def plan_release(
    store: Store,
    settings: Settings,
    options: TrainOptions | None = None,
    *,
    tables: Tables | None = None,
    strategies: str | Sequence[str] = "auto",
) -> TrainingPlan:
    """Return what a training of a store would learn, and how much time and memory it takes.

    Sources, the comparison with the active release and a search are not part of it.

    Args:
        store: The store that would be trained on.
        settings: Encoder, seed and bound on memory.
        options: Time limit and objective.
        tables: Contents of the store if they have been read already.
        strategies: Names of strategies, or ``auto``.

    Raises:
        DataError: The store has no items.
        MemoryLimitError: No training keeps to the bound on memory.
    """
    tables = store.tables() if tables is None else tables
    options = options or TrainOptions()
    return _create_recommender(store, settings, tables, strategies, options).plan(tables)


def _write_release(
    recommender: Recommender,
    store: Store,
    folder: Path,
    sources: TrainingSources,
    options: TrainOptions,
    progress: Any,
) -> GateResult | None:
    """Write the release, if it passes the gate; return the comparison, None without a gate."""
    if not options.gate:
        recommender.save(folder)
        return None
    return recommender.release(
        folder,
        sources.target,
        over=find_intact_release(store, folder.parent.parent) or folder,
        force=options.force,
        sources=sources.found,
        progress=progress,
    )


def _push(folder: Path, address: str, progress: Any) -> dict[str, Any]:
    """Push a release if there is an address; return the metadata that tell of it.

    Raises:
        LeaseLostError: The training counts as lost meanwhile; the release is deleted.
        ServiceError: The release cannot be copied; it is deleted.
    """
    copy: dict[str, Any] = {}
    try:
        if address:
            if progress is not None:
                progress("copying the release to object storage")
            copy = {COPY_KEY: push_release(folder, address)}
        check_lease()
    except (LeaseLostError, TaskCancelledError, DaybreakError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return copy


def _active_map(store: Store, root: Path) -> ItemMap | None:
    """Return the map of the active release; None: there is none."""
    active = next((one for one in store.releases() if one.active), None)
    return None if active is None else read_map(release_folder(root, active))


def _write_item_map(folder: Path, recommender: Recommender, previous: ItemMap | None) -> None:
    """Lay out the catalogue of a release, close to an earlier map, and store the places.

    A release without a map is complete, so an error ends nothing.
    """
    items = recommender.state.catalogue.items
    try:
        write_map(folder, layout_items(items, recommender.seed, previous))
    except DaybreakError as error:
        log.warning("%s", error)


def _facts_of(
    tables: Tables, seconds: float, seed: int, verdict: GateResult | None
) -> dict[str, Any]:
    """Return what a store keeps of a training beside its release."""
    facts = {
        "events": tables.events.height,
        "items": tables.items.height,
        "users": tables.users.height,
        "seconds": round(seconds, 1),
        "seed": seed,
    }
    if verdict is None:
        return facts
    return facts | {"passed": verdict.passed, "forced": verdict.forced}


def _create_recommender(
    store: Store,
    settings: Settings,
    tables: Tables,
    strategies: str | Sequence[str],
    options: TrainOptions,
) -> Recommender:
    return new_recommender(
        store,
        settings,
        tables,
        strategies,
        options.budget,
        options.popularity,
        objective=options.objective,
    )


def _check_writable(folder: Path) -> None:
    """Raise an error now if the release could not be written after the training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be created: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise DataError(f"{folder} cannot be written: it is read-only for this user")


def new_recommender(  # noqa: PLR0913 - what a training of a store depends on
    store: Store,
    settings: Settings,
    tables: Tables,
    strategies: str | Sequence[str] = "auto",
    budget: TrainingBudget | None = None,
    popularity: float | None = None,
    *,
    objective: str = "cold_start",
) -> Recommender:
    """Return an unfitted recommender for a store; text vectors are cached in the store.

    Args:
        store: The store; its event rules are used.
        settings: Encoder and seed.
        tables: Contents of the store.
        strategies: Names of strategies, or ``auto``.
        budget: Time limit; default: none.
        popularity: Default setting of the release; None: balanced.
        objective: What the weights are fitted for.

    Raises:
        DataError: There are no items.
    """
    if not tables.items.height:
        raise DataError("the store has no items", next_step=NextStep.IMPORT_DATA)
    budget = budget or TrainingBudget()
    return Recommender(
        strategies=strategies,
        encoder=choose_encoder(settings.encoder, tables.items, store),
        rules=stored_event_rules(store),
        seed=settings.seed,
        budget_s=budget.budget_s,
        search=budget.search,
        memory=budget.memory_bytes or settings.memory or None,
        popularity=popularity,
        objective=objective,
    )


def stored_event_rules(store: Store) -> EventRules:
    """Return the event rules given at import; empty rules let the data decide."""
    return EventRules(**store.settings().get(RULES_SETTING, {}))


def store_event_rules(store: Store, rules: EventRules) -> None:
    """Store event rules for later trainings; empty rules change nothing."""
    if rules != EventRules():
        store.settings({RULES_SETTING: asdict(rules)})


def set_process_variables(settings: Settings) -> None:
    """Set threads, cache folder and picture model of this process by environment variables.

    Args:
        settings: Settings of a task in a process of its own.
    """
    variables = {
        "DAYBREAK_THREADS": str(settings.threads or ""),
        "DAYBREAK_CACHE": settings.cache,
        "DAYBREAK_PICTURE_ENCODER": settings.picture_encoder,
    }
    os.environ.update({name: value for name, value in variables.items() if value})


def retrain(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Run :func:`train_release` with JSON values, with the encoder that the service uses.

    Threads, cache folder and picture model of the settings become environment variables, so the
    function is for a process of its own.

    Args:
        settings: Fields of :class:`daybreak.config.Settings`.
        options: Fields of :class:`TrainOptions`.

    Returns:
        Fields of :class:`TrainingOutcome`.
    """
    chosen = Settings(**settings)
    set_process_variables(chosen)
    try:
        with open_store(chosen.store) as store:
            root = releases_root(chosen.store) or Path()
            chosen = replace(chosen, encoder=used_encoder(store, root, chosen.encoder))
            result = train_release(
                store,
                chosen,
                replace(TrainOptions.from_dict(options), is_served=True),
                progress=lambda step: report_progress(0, 1, step),
            )
    except LeaseLostError:
        raise
    except GateRefusedError as error:
        return asdict(TrainingOutcome("refused", note=str(error)))
    except DaybreakError as error:
        return asdict(TrainingOutcome("failed", note=str(error)))
    return asdict(TrainingOutcome("done", release=result.release.id))
