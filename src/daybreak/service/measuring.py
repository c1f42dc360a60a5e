"""Measurements of a release on its store, also as tasks of a service.

They train the settings of the release again on parts of the data: for the warm-up curve of the
shop, and for an evaluation by slice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from daybreak.config import Settings
from daybreak.data import EventRules, Tables
from daybreak.errors import ConfigError, DaybreakError
from daybreak.service.benchmarking.shop_curve import ShopCurve, measure_shop_curve
from daybreak.service.benchmarking.slice_results import ReleaseEvaluation, evaluate_settings
from daybreak.service.recommender import Recommender
from daybreak.service.release_training import (
    new_recommender,
    set_process_variables,
    stored_event_rules,
)
from daybreak.service.releases.measurement_files import write_evaluation, write_shop_curve
from daybreak.service.releases.release import find_release, releases_root
from daybreak.service.training.drift import DriftReading
from daybreak.service.training.task_process import (
    LeaseLostError,
    check_lease,
    report_progress,
)
from daybreak.service.training.task_records import TrainingOutcome
from daybreak.service.training.tuned_encoders import used_encoder
from daybreak.service.training_sources import TrainingSources
from daybreak.store import Store, open_store

SHOP_CURVE_KIND = "shop_curve"
"""Kind of the tasks that measure a shop."""
EVALUATION_KIND = "evaluation"
"""Kind of the tasks that evaluate a release by slice."""


def measure_shop(
    store: Store,
    settings: Settings,
    release: str,
    progress: Any = None,
    sources: Sequence[str] | None = None,
) -> ShopCurve:
    """Measure the warm-up curve of a shop, and store it with a release.

    Recommenders with the settings of a training are trained on the first users of the shop;
    the release itself is neither used nor changed.

    Args:
        store: Store with the data and the release.
        settings: Encoder and seed, and the URL of the store.
        release: Id of the release, or ``active``.
        progress: Called with the number of finished steps, of all steps, and the next step.
        sources: Other shops and domains to learn from; the same settings without them are
            measured as well. None: those that the store remembers; empty: none.

    Raises:
        ConfigError: The store is in memory and has no folder for releases.
        DataError: The shop has too few users, a source cannot be read, or the curve cannot be
            written.
        NotFoundError: There is no such release, or a source is gone.
    """
    folder = _folder_of(store, settings, release)
    model, tables, rules = _inputs_of(store, settings)
    read = TrainingSources.read(store, tables, sources, rules)
    curve = measure_shop_curve(model, read.target, rules, progress, read.found)
    check_lease()
    write_shop_curve(folder, curve)
    return curve


def evaluate_release(
    store: Store,
    settings: Settings,
    release: str,
    progress: Any = None,
    sources: Sequence[str] | None = None,
) -> ReleaseEvaluation:
    """Evaluate the settings of a training by slice, and store the results with a release.

    Args:
        store: Store with the data and the release.
        settings: Encoder and seed, and the URL of the store.
        release: Id of the release, or ``active``.
        progress: Called with the number of finished steps, of all steps, and the next step.
        sources: Other shops and domains to learn from; the same settings without them are
            measured as well. None: those that the store remembers; empty: none.

    Raises:
        ConfigError: The store is in memory and has no folder for releases.
        DataError: The data are too few, a source cannot be read, or the results cannot be
            written.
        NotFoundError: There is no such release, or a source is gone.
    """
    folder = _folder_of(store, settings, release)
    model, tables, rules = _inputs_of(store, settings)
    read = TrainingSources.read(store, tables, sources, rules)
    drift = drift_of_release(store, folder, read.target)
    evaluation = evaluate_settings(model, read.target, rules, progress, read.found)
    evaluation = replace(evaluation, drift=drift)
    check_lease()
    write_evaluation(folder, evaluation)
    return evaluation


def drift_of_release(store: Store, folder: Path, tables: Tables) -> tuple[DriftReading, ...]:
    """Return how far a shop has drifted since the training of a release.

    Args:
        store: Store with the release.
        folder: Folder of the release.
        tables: All data of the shop.
    """
    trained_at = {one.id: one.created_at for one in store.releases()}.get(folder.name)
    if trained_at is None:
        return ()
    recommender = Recommender.load(folder)
    recommender.load_tables(tables)
    return recommender.drift(trained_at)


def run_shop_curve(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Run :func:`measure_shop` with JSON values, in a process of its own.

    Args:
        settings: Fields of :class:`daybreak.config.Settings`.
        options: ``release``: id of the release; ``sources``: as for :func:`measure_shop`,
            where they are named.

    Returns:
        Fields of :class:`TrainingOutcome`.
    """
    return _run(measure_shop, settings, options, "measuring the shop")


def run_evaluation(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Run :func:`evaluate_release` with JSON values, in a process of its own.

    Args:
        settings: Fields of :class:`daybreak.config.Settings`.
        options: ``release``: id of the release; ``sources``: as for
            :func:`evaluate_release`, where they are named.

    Returns:
        Fields of :class:`TrainingOutcome`.
    """
    return _run(evaluate_release, settings, options, "evaluating")


def _run(
    measure: Callable[..., object],
    settings: Mapping[str, Any],
    options: Mapping[str, Any],
    step: str,
) -> dict[str, Any]:
    chosen = Settings(**settings)
    named = dict(options)
    release = named.pop("release")
    set_process_variables(chosen)
    try:
        with open_store(chosen.store) as store:
            root = releases_root(chosen.store) or Path()
            chosen = replace(chosen, encoder=used_encoder(store, root, chosen.encoder))
            measure(
                store,
                chosen,
                release,
                lambda done, n, _: report_progress(done, n, step),
                **named,
            )
    except LeaseLostError:
        raise
    except DaybreakError as error:
        return asdict(TrainingOutcome("failed", note=str(error)))
    return asdict(TrainingOutcome("done", release=release))


def _inputs_of(store: Store, settings: Settings) -> tuple[Recommender, Tables, EventRules]:
    """Return a new recommender with the settings, and the data and rules of a store."""
    tables = store.tables()
    return new_recommender(store, settings, tables), tables, stored_event_rules(store)


def _folder_of(store: Store, settings: Settings, release: str) -> Path:
    root = releases_root(settings.store)
    if root is None:
        raise ConfigError("a store in memory has no folder for releases; use a file")
    return find_release(store, root, release)
