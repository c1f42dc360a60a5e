"""Fine-tuned encoders of a running service: make one, read its card, and use it."""

import time
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from daybreak.config import Settings
from daybreak.errors import ConfigError, NotFoundError
from daybreak.service.encoder_jobs import tune_encoder
from daybreak.service.finetuning.methods import FinetuningOptions
from daybreak.service.releases.release import releases_root
from daybreak.service.training.retraining import BackgroundJob, RetrainRunner
from daybreak.service.training.tuned_encoders import (
    ENCODER_RECORDS,
    ENCODERS_FOLDER,
    USED_ENCODER_SETTING,
)
from daybreak.store import Store

ORIGINAL = "original"
"""Id that stands for the encoder of the settings."""
FINETUNE_KIND = "finetune"
"""Kind of the tasks that make an encoder."""
SUMMARY_FIELDS = (
    "id",
    "created_at",
    "ended_at",
    "method",
    "objective",
    "base",
    "verdict",
    "gain",
    "used",
)
"""Fields of an encoder in the list of all."""


class EncodersResource:
    """Fine-tuned encoders of a service; each is made by a task in a process of its own.

    Args:
        settings: Settings with the store and the encoder that is fine-tuned.
        store: Store with the records.
        runner: Runs the tasks.
    """

    def __init__(self, settings: Settings, store: Store, runner: RetrainRunner) -> None:
        self._settings, self._store, self._runner = settings, store, runner

    def tune(
        self, options: FinetuningOptions | None = None, resume: str | None = None
    ) -> dict[str, Any]:
        """Start to fine-tune the encoder of the settings on the data of the store.

        Args:
            options: Method, objective, steps and seed; default: the closed form.
            resume: Id of an encoder whose task ended before it was finished: the task goes on
                from its last checkpoint, with its options.

        Returns:
            The task, as JSON values.

        Raises:
            BusyError: A training or another job is running.
            ConfigError: The encoder is finished, or the store is in memory.
            NotFoundError: There is no such encoder.
        """
        id_ = resume or f"encoder-{uuid4().hex[:12]}"
        if resume is None:
            chosen = asdict(options or FinetuningOptions(seed=self._settings.seed))
        else:
            chosen = self._unfinished_options(resume)
        job = BackgroundJob(FINETUNE_KIND, tune_encoder, {**chosen, "encoder": id_}, id_)
        task = self._runner.start_job(job)
        if resume is None:
            row = {"id": id_, "created_at": time.time(), "options": chosen}
            stored = self._store.documents(ENCODER_RECORDS).get(id_, {})
            self._store.put_documents(ENCODER_RECORDS, {id_: {**row, **stored}})
        return next(one.to_dict() for one in self._runner.tasks() if one.id == task)

    def all(self) -> list[dict[str, Any]]:
        """Return all encoders in short, the newest first; see :meth:`get`."""
        rows = self._store.documents(ENCODER_RECORDS)
        found = [self._described(id_, row) for id_, row in rows.items()]
        found.sort(key=lambda row: -row["created_at"])
        return [{name: row[name] for name in SUMMARY_FIELDS} for row in found]

    def get(self, id_: str) -> dict[str, Any]:
        """Return an encoder: its verdict, the gain of each slice, the facts and the card.

        Args:
            id_: Id of the encoder.

        Raises:
            NotFoundError: There is no such encoder.
        """
        return self._described(id_, self._row(id_))

    def use(self, id_: str) -> dict[str, Any]:
        """Let the trainings of the service use an encoder from now on.

        Nothing changes before the next training, whose release has to pass the gate.

        Args:
            id_: Id of a finished encoder, or ``original``: that of the settings.

        Returns:
            The encoder; only its id for ``original``.

        Raises:
            ConfigError: The encoder is not finished, or its folder is gone.
            NotFoundError: There is no such encoder.
        """
        if id_ == ORIGINAL:
            self._store.settings({USED_ENCODER_SETTING: None})
            return {"id": ORIGINAL, "created_at": 0.0, "used": True}
        row = self._row(id_)
        root = releases_root(self._settings.store)
        if not row.get("verdict"):
            raise ConfigError(f"the encoder {id_!r} is not finished")
        if root is None or not (root / ENCODERS_FOLDER / id_).is_dir():
            raise ConfigError(f"the folder of the encoder {id_!r} is gone")
        self._store.settings({USED_ENCODER_SETTING: id_})
        return self._described(id_, row)

    def _row(self, id_: str) -> dict[str, Any]:
        row = self._store.documents(ENCODER_RECORDS).get(id_)
        if row is None:
            raise NotFoundError(f"no encoder {id_!r}")
        return row

    def _unfinished_options(self, id_: str) -> dict[str, Any]:
        row = self._row(id_)
        if row.get("verdict"):
            raise ConfigError(f"the encoder {id_!r} is finished; there is nothing to resume")
        return dict(row["options"])

    def _described(self, id_: str, row: dict[str, Any]) -> dict[str, Any]:
        """Return a record with all fields."""
        options, slices = row.get("options", {}), row.get("slices") or []
        return {
            "id": id_,
            "created_at": row.get("created_at", row.get("ended_at", 0.0)),
            "ended_at": row.get("ended_at"),
            "method": options.get("method", ""),
            "objective": options.get("objective", ""),
            "base": row.get("base", ""),
            "verdict": row.get("verdict"),
            "gain": slices[0]["gain"] if slices else None,
            "sentence": row.get("sentence", ""),
            "slices": slices,
            "facts": row.get("facts", {}),
            "card": row.get("card", ""),
            "seconds": row.get("seconds"),
            "used": self._store.settings().get(USED_ENCODER_SETTING) == id_,
        }
