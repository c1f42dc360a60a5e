"""Enrichment and imagined buyers in a process of their own, as tasks of a service."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.errors import ConfigError, DaybreakError
from daybreak.language_models import MeteredLanguageModel, TokenPrice
from daybreak.service.enrichment import enrich_store
from daybreak.service.imagined_buyers import (
    BuyerImaginer,
    GuessWeight,
    fit_proposer,
    learn_on_known_items,
    titles_chosen,
)
from daybreak.service.language import open_language_model
from daybreak.service.release_training import set_process_variables
from daybreak.service.training.task_process import (
    LeaseLostError,
    check_lease,
    report_progress,
)
from daybreak.service.training.task_records import TrainingOutcome
from daybreak.store import Store, open_store

LANGUAGE_JOB_RECORDS = "language_job"
"""Kind of the documents: the latest result of each job, by its kind."""
ENRICHMENT_KIND = "enrichment"
BUYERS_KIND = "buyers"

JobFn = Callable[["OpenedStore", MeteredLanguageModel, Mapping[str, Any]], dict[str, Any]]


class OpenedStore:
    """The store of a job, with its tables.

    Args:
        store: Store.
        settings: Settings with the language model.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self._tables: Tables | None = None

    @property
    def tables(self) -> Tables:
        """All tables; they are read once."""
        if self._tables is None:
            self._tables = self.store.tables()
        return self._tables

    def forget_tables(self) -> None:
        """Read the tables again when they are needed."""
        self._tables = None


def enrich_items(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Write about items with thin text, and record the result.

    Args:
        settings: Fields of :class:`daybreak.config.Settings`.
        options: ``language``, ``thin_words`` and ``use`` of
            :func:`~daybreak.service.enrichment.enrich_store`.

    Returns:
        Fields of :class:`TrainingOutcome`; the note says whether the texts are used.
    """
    return _run(ENRICHMENT_KIND, _enrich, settings, options)


def imagine_buyers(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Learn the weight of guesses about users of new items, and record the result.

    Args:
        settings: Fields of :class:`daybreak.config.Settings`.
        options: ``title``, ``language``, ``n_items``, ``n_users``, ``seed``; ``items``: ids of
            items whose buyers are imagined afterwards.

    Returns:
        Fields of :class:`TrainingOutcome`; the note is the weight and its gain.
    """
    return _run(BUYERS_KIND, _imagine, settings, options)


def _run(
    kind: str, job: JobFn, settings: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Run a job with the language model of the settings; record and return its outcome."""
    chosen = Settings(**settings)
    set_process_variables(chosen)
    try:
        with open_store(chosen.store) as store:
            model = open_language_model(chosen, store)
            if model is None:
                raise ConfigError("no language model is set")
            try:
                result = job(OpenedStore(store, chosen), model, options)
            finally:
                model.close()
            check_lease()
            price = TokenPrice.parse(chosen.language_model_price)
            result |= {"ended_at": time.time(), "usage": model.usage.to_dict(price)}
            store.put_documents(LANGUAGE_JOB_RECORDS, {kind: result})
    except LeaseLostError:
        raise
    except DaybreakError as error:
        return asdict(TrainingOutcome("failed", note=str(error)))
    return asdict(TrainingOutcome("done", note=str(result["sentence"])))


def _enrich(
    opened: OpenedStore, model: MeteredLanguageModel, options: Mapping[str, Any]
) -> dict[str, Any]:
    result = enrich_store(opened, model, **options, progress=_report_step)
    gain = None if result.gain is None else list(result.gain[:3])
    return {**result.to_dict(), "gain": gain, "sentence": result.describe_use()}


def _imagine(
    opened: OpenedStore, model: MeteredLanguageModel, options: Mapping[str, Any]
) -> dict[str, Any]:
    chosen = dict(options)
    title, items = chosen.pop("title"), chosen.pop("items")
    tables = opened.tables
    if title not in tables.items.columns:
        known = ", ".join(tables.items.columns)
        raise ConfigError(f"items have no column {title!r}; they have {known}")
    learned = learn_on_known_items(tables, title, model, **chosen, progress=_report_step)
    found = _imagined_users(tables, title, model, learned.weight, chosen, items)
    shares = {
        name: None if math.isnan(value) else value
        for name, value in asdict(learned).items()
        if name.startswith(("yes", "no"))
    }
    return {
        **asdict(learned),
        **shares,
        "gain": list(learned.gain[:3]),
        "users": found,
        "sentence": describe_weight(learned),
    }


def _imagined_users(
    tables: Tables,
    title: str,
    model: MeteredLanguageModel,
    weight: float,
    options: Mapping[str, Any],
    items: Sequence[str],
) -> dict[str, list[str]]:
    """Return the users of some items, the likeliest first; with weight 0 nobody is asked."""
    if not items:
        return {}
    proposer, n_users = fit_proposer(tables), options["n_users"]
    if weight == 0:
        users = {item: proposer.audience(item, k=n_users)["user_id"] for item in items}
        return {item: [str(user) for user in found.to_list()] for item, found in users.items()}
    histories = titles_chosen(tables, title)
    imaginer = BuyerImaginer(proposer, histories, model, options["language"])
    named = tables.items.select("item_id", pl.col(title).cast(pl.String))
    names, ranked = dict(named.drop_nulls().iter_rows()), {}
    for number, item in enumerate(items, 1):
        _report_step(f"imagining buyers of item {number} of {len(items)}")
        ranked[item] = imaginer.imagine(item, names.get(item, item), n_users).ranking(weight)
    return ranked


def describe_weight(learned: GuessWeight) -> str:
    """Return what was learned about guesses, as a sentence."""
    gain = learned.gain
    return (
        f"weight {learned.weight:g} of the guesses: NDCG@10 {gain.difference:+.4f} "
        f"[{gain.low:+.4f}, {gain.high:+.4f}] on {learned.n_items} known items"
    )


def _report_step(step: str) -> None:
    """Record the step; the task ends here if somebody has asked for it."""
    check_lease()
    report_progress(0, 1, step)
