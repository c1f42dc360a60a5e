"""The experiments of a store: create, change, start, stop, delete, report.

Start with :class:`ExperimentManager`.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from daybreak.errors import ConfigError, NextStep, NotFoundError
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.experiments.checks import check_json
from daybreak.service.experiments.experiment import (
    Assignment,
    ExperimentPlan,
    ExperimentStatus,
    assign,
)
from daybreak.service.experiments.metrics import ItemFacts
from daybreak.service.experiments.online import ClickRates, OnlineReport, online_report
from daybreak.service.experiments.report import ExperimentReport
from daybreak.service.experiments.report_builder import build_report
from daybreak.store import Store

EXPERIMENT_RECORDS = "experiments"
"""Kind of the documents that hold experiments."""
MAX_RELEASES = 3
"""Releases that all running experiments can name together; they are kept in memory."""
CHANGEABLE_FIELDS: dict[ExperimentStatus, frozenset[str]] = {
    "draft": frozenset(ExperimentPlan.__dataclass_fields__)
    - {"id", "salt", "status", "created_at", "started_at", "stopped_at"},
    "running": frozenset({"share", "note"}),
    "stopped": frozenset({"note"}),
}
"""Fields that can be changed, by status."""


class ExperimentManager:
    """The experiments of one store. Thread-safe; an assignment does not read the store.

    Args:
        store: Store of experiments, recommendations, events and releases.
        item_facts: Returns facts of the items for reports; default: no facts.
        check_rules: Raises if the catalogue cannot follow rules; None: rules are not checked.
        clock: Returns the present time, epoch [s].
    """

    def __init__(
        self,
        store: Store,
        *,
        item_facts: Callable[[], ItemFacts] = ItemFacts,
        check_rules: Callable[[Rules], object] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._item_facts = item_facts
        self._check_catalogue_rules = check_rules
        self._clock = clock
        self._lock = threading.Lock()
        self._running: tuple[ExperimentPlan, ...] = ()
        self._click_rates = ClickRates(store)
        self.refresh()

    def refresh(self) -> None:
        """Read the running experiments again; other processes may have changed them."""
        running = [plan for plan in self.list() if plan.status == "running"]
        self._running = tuple(sorted(running, key=lambda plan: (plan.started_at or 0, plan.id)))

    @property
    def running(self) -> tuple[ExperimentPlan, ...]:
        """Running experiments, ordered by start."""
        return self._running

    def assign(
        self, user: str | None, session: str | None = None, scenario: str | None = None
    ) -> Assignment | None:
        """Assign a request to a variant; see :func:`.experiment.assign`."""
        return assign(self._running, user, session, scenario)

    def list(self) -> tuple[ExperimentPlan, ...]:
        """Return all experiments, the oldest first."""
        experiments = map(
            ExperimentPlan.from_dict, self._store.documents(EXPERIMENT_RECORDS).values()
        )
        return tuple(sorted(experiments, key=lambda plan: (plan.created_at, plan.id)))

    def get(self, id: str) -> ExperimentPlan:
        """Return an experiment.

        Raises:
            NotFoundError: There is no experiment with this id.
        """
        rows = self._store.documents(EXPERIMENT_RECORDS)
        if id not in rows:
            raise NotFoundError(
                f"no experiment {id!r:.80}; known: {', '.join(rows) or 'none'}",
                next_step=NextStep.CREATE_EXPERIMENT,
            )
        return ExperimentPlan.from_dict(rows[id])

    def create(self, plan: ExperimentPlan | Mapping[str, Any]) -> ExperimentPlan:
        """Create an experiment as a draft.

        Args:
            plan: The plan, or its fields as JSON values.

        Raises:
            ConfigError: A name is unknown, a value is out of range, or the id exists.
        """
        draft = plan if isinstance(plan, ExperimentPlan) else ExperimentPlan.from_dict(plan)
        draft = draft.with_changes(
            salt=draft.salt or secrets.token_hex(8),
            status="draft",
            created_at=self._clock(),
            started_at=None,
            stopped_at=None,
        )
        with self._lock:
            if draft.id in self._store.documents(EXPERIMENT_RECORDS):
                raise ConfigError(f"experiment {draft.id!r} exists; choose another id")
            return self._put(draft)

    def change(self, id: str, changes: Mapping[str, Any]) -> ExperimentPlan:
        """Change an experiment.

        Args:
            id: Id of the experiment.
            changes: New values by field: any of a draft, the share and the note of a running
                experiment, the note of a stopped one.

        Raises:
            NotFoundError: There is no experiment with this id.
            ConfigError: A field cannot be changed any more, or a value is out of range.
        """
        with self._lock:
            plan = self.get(id)
            changeable = CHANGEABLE_FIELDS[plan.status]
            fixed = sorted(map(str, set(changes) - changeable))
            if fixed:
                raise ConfigError(
                    f"{', '.join(fixed)} of experiment {id!r} cannot be changed: it is "
                    f"{plan.status}; can be changed: {', '.join(sorted(changeable))}"
                )
            return self._put(ExperimentPlan.from_dict(plan.to_dict() | dict(changes)))

    def start(self, id: str) -> ExperimentPlan:
        """Start a draft; its variants are fixed from then on.

        Raises:
            NotFoundError: There is no experiment with this id, or no release of a variant.
            ConfigError: It is not a draft, or too many releases would be in memory.
            FilterError: The catalogue cannot follow the rules of a variant.
        """
        with self._lock:
            plan = self._get_in_status(id, "draft", "only a draft can be started")
            self._check_releases(plan)
            self._check_rules(plan)
            return self._put(plan.with_changes(status="running", started_at=self._clock()))

    def stop(self, id: str) -> ExperimentPlan:
        """Stop a running experiment for good; events still count within their window.

        Raises:
            NotFoundError: There is no experiment with this id.
            ConfigError: It is not running.
        """
        with self._lock:
            plan = self._get_in_status(
                id, "running", "only a running experiment can be stopped"
            )
            return self._put(plan.with_changes(status="stopped", stopped_at=self._clock()))

    def delete(self, id: str) -> None:
        """Delete an experiment that is not running; its logged recommendations stay.

        Raises:
            NotFoundError: There is no experiment with this id.
            ConfigError: It is running.
        """
        with self._lock:
            if self.get(id).status == "running":
                raise ConfigError(f"experiment {id!r} is running; stop it first")
            self._store.put_documents(EXPERIMENT_RECORDS, {id: None})

    def report(self, id: str, *, max_answers: int | None = None) -> ExperimentReport:
        """Return results so far; the intervals stay valid however often you look.

        Args:
            id: Id of the experiment.
            max_answers: Largest number of its recommendations; None: no limit.

        Raises:
            NotFoundError: There is no experiment with this id.
            ConfigError: There are more recommendations.
        """
        self._check_size(max_answers, experiment=self.get(id).id)
        return build_report(self.get(id), self._store, self._item_facts(), self._clock())

    def online(
        self,
        since: float,
        *,
        until: float | None = None,
        every_h: float = 24.0,
        max_answers: int | None = None,
    ) -> OnlineReport:
        """Return metrics of the service over time; see :func:`.online_report`.

        Args:
            since: Start of the report, epoch [s].
            until: End of the report, epoch [s]; default: now.
            every_h: Length of a period [hours].
            max_answers: Largest number of recommendations in this time; None: no limit.

        Raises:
            ConfigError: The time is empty, or has too many periods or recommendations.
        """
        end = self._clock() if until is None else until
        self._check_size(max_answers, since=since, until=end)
        facts = self._item_facts()
        return online_report(self._store, since, until=end, every_h=every_h, item_facts=facts)

    def click_rates(self) -> dict[str, float]:
        """Return click rates of the last hour by ``experiment/variant``."""
        return self._click_rates.rates(self._running, self._clock())

    def _check_size(self, max_answers: int | None, **conditions: Any) -> None:
        if max_answers is None:
            return
        at_most = max_answers + 1
        if self._store.count_recommendations(**conditions, at_most=at_most) == at_most:
            raise ConfigError(
                f"the report covers more than {max_answers:,} recommendations; choose a "
                "shorter time, or make the report with the command line"
            )

    def _put(self, plan: ExperimentPlan) -> ExperimentPlan:
        check_json(f"experiment {plan.id!r}", plan.to_dict())
        self._store.put_documents(EXPERIMENT_RECORDS, {plan.id: plan.to_dict()})
        self.refresh()
        return plan

    def _get_in_status(
        self, id: str, status: ExperimentStatus, otherwise: str
    ) -> ExperimentPlan:
        plan = self.get(id)
        if plan.status != status:
            raise ConfigError(f"experiment {id!r} is {plan.status}: {otherwise}")
        return plan

    def _check_rules(self, plan: ExperimentPlan) -> None:
        """Raise now what would else fail every request of a variant."""
        for variant in plan.variants:
            if self._check_catalogue_rules is not None and variant.ask.get("rules"):
                self._check_catalogue_rules(variant.apply_rules(Rules()))

    def _check_releases(self, plan: ExperimentPlan) -> None:
        together = plan.releases.union(*(other.releases for other in self._running))
        if len(together) > MAX_RELEASES:
            raise ConfigError(
                f"running experiments can name at most {MAX_RELEASES} releases together, as "
                f"all are kept in memory; with {plan.id!r} there would be {len(together)}: "
                f"{', '.join(sorted(together))}"
            )
        known = [release.id for release in self._store.releases()] if plan.releases else []
        for variant in plan.variants:
            if variant.release not in {None, *known}:
                raise NotFoundError(
                    f"variant {variant.name!r} names the unknown release "
                    f"{variant.release!r:.80}; known: {', '.join(known) or 'none'}"
                )
