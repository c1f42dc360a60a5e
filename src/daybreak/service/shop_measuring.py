"""The warm-up curve of a shop, measured on its store, also as a task of a service."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from daybreak.config import Settings
from daybreak.errors import ConfigError, DaybreakError
from daybreak.service.benchmarking.shop_curve import ShopCurve, measure_shop_curve
from daybreak.service.release_training import (
    new_recommender,
    set_process_variables,
    stored_event_rules,
)
from daybreak.service.releases.release import find_release, releases_root
from daybreak.service.releases.shop_curve_file import write_shop_curve
from daybreak.service.training.task_process import (
    LeaseLostError,
    check_lease,
    report_progress,
)
from daybreak.service.training.task_records import TrainingOutcome
from daybreak.service.training.tuned_encoders import used_encoder
from daybreak.store import Store, open_store

SHOP_CURVE_KIND = "shop_curve"
"""Kind of the tasks that measure a shop."""


def measure_shop(
    store: Store, settings: Settings, release: str, progress: Any = None
) -> ShopCurve:
    """Measure the warm-up curve of a shop, and store it with a release.

    Recommenders with the settings of a training are trained on the first users of the shop;
    the release itself is neither used nor changed.

    Args:
        store: Store with the data and the release.
        settings: Encoder and seed, and the URL of the store.
        release: Id of the release, or ``active``.
        progress: Called with the number of finished steps, of all steps, and the next step.

    Raises:
        ConfigError: The store is in memory and has no folder for releases.
        DataError: The shop has too few users, or the curve cannot be written.
        NotFoundError: There is no such release.
    """
    root = releases_root(settings.store)
    if root is None:
        raise ConfigError("a store in memory has no folder for releases; use a file")
    folder = find_release(store, root, release)
    tables = store.tables()
    rules = stored_event_rules(store)
    model = new_recommender(store, settings, tables)
    curve = measure_shop_curve(model, tables, rules, progress)
    check_lease()
    write_shop_curve(folder, curve)
    return curve


def measure_release(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Run :func:`measure_shop` with JSON values, in a process of its own.

    Args:
        settings: Fields of :class:`daybreak.config.Settings`.
        options: ``release``: id of the release.

    Returns:
        Fields of :class:`TrainingOutcome`.
    """
    chosen = Settings(**settings)
    set_process_variables(chosen)
    try:
        with open_store(chosen.store) as store:
            root = releases_root(chosen.store) or Path()
            chosen = replace(chosen, encoder=used_encoder(store, root, chosen.encoder))
            measure_shop(
                store,
                chosen,
                options["release"],
                lambda done, total, _: report_progress(done, total, "measuring the shop"),
            )
    except LeaseLostError:
        raise
    except DaybreakError as error:
        return asdict(TrainingOutcome("failed", note=str(error)))
    return asdict(TrainingOutcome("done", release=options["release"]))
