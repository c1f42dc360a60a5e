"""Tasks of a running service that need a language model: enrichment and imagined buyers."""

from typing import Any

from daybreak.config import Settings
from daybreak.errors import ConfigError
from daybreak.language_models.loading import NO_MODEL
from daybreak.service.language.enrichment import WRITTEN_COLUMN, read_enrichments
from daybreak.service.language_jobs import (
    BUYERS_KIND,
    ENRICHMENT_KIND,
    LANGUAGE_JOB_RECORDS,
    enrich_items,
    imagine_buyers,
)
from daybreak.service.training.retraining import BackgroundJob, RetrainRunner
from daybreak.store import Store


class LanguageTasks:
    """Jobs with the language model of the settings, each in a process of its own.

    Args:
        settings: Settings with the store and the language model.
        store: Store with the records.
        runner: Runs the tasks.
    """

    def __init__(self, settings: Settings, store: Store, runner: RetrainRunner) -> None:
        self._settings, self._store, self._runner = settings, store, runner

    def enrich(self, **options: Any) -> dict[str, Any]:
        """Start to write about items with thin text; return the task, as JSON values.

        What was written before is kept, so that a task that ended early goes on.

        Args:
            **options: ``language``, ``thin_words`` and ``use`` of
                :func:`daybreak.service.enrichment.enrich_store`.

        Raises:
            BusyError: A training or another job is running.
            ConfigError: There is no language model, or the store is in memory.
        """
        return self._start(BackgroundJob(ENRICHMENT_KIND, enrich_items, options))

    def imagine(self, **options: Any) -> dict[str, Any]:
        """Start to learn the weight of guesses about buyers; return the task, as JSON values.

        Args:
            **options: ``title``, ``language``, ``n_items``, ``n_users``, ``seed``, ``items``;
                see :func:`daybreak.service.language_jobs.imagine_buyers`.

        Raises:
            BusyError: A training or another job is running.
            ConfigError: There is no language model, or the store is in memory.
        """
        return self._start(BackgroundJob(BUYERS_KIND, imagine_buyers, options))

    def enrichment(self) -> dict[str, Any]:
        """Return the number of items with texts, whether they are used, and the last result."""
        written = read_enrichments(self._store).values()
        columns = self._store.catalogue_tables().items.columns
        return {
            "items": sum(bool(one.text) for one in written),
            "used": WRITTEN_COLUMN in columns,
            "latest": self._latest(ENRICHMENT_KIND),
        }

    def buyers(self) -> dict[str, Any]:
        """Return the result of the last task that imagined buyers."""
        return {"latest": self._latest(BUYERS_KIND)}

    def _start(self, job: BackgroundJob) -> dict[str, Any]:
        if self._settings.language_model in {NO_MODEL, ""}:
            raise ConfigError(
                "no language model is set; name a server, a file or a packaged model in the "
                "setting language_model"
            )
        task = self._runner.start_job(job)
        return next(one.to_dict() for one in self._runner.tasks() if one.id == task)

    def _latest(self, kind: str) -> dict[str, Any] | None:
        return self._store.documents(LANGUAGE_JOB_RECORDS).get(kind)
