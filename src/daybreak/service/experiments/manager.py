"""All experiments of a store: planned, run, stopped, and who is part of which."""

import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Self

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
from daybreak.store import Store

EXPERIMENT_RECORDS = "experiments"
"""Of the records in the store."""
MAX_RELEASES = 3
"""Releases that running experiments may name together; all are kept in memory."""
CHANGEABLE_FIELDS: dict[ExperimentStatus, frozenset[str]] = {
    "draft": frozenset(ExperimentPlan.__dataclass_fields__)
    - {"id", "salt", "status", "created_at", "started_at", "stopped_at"},
    "running": frozenset({"share", "note"}),
    "stopped": frozenset({"note"}),
}
"""What may still be changed."""


class ExperimentManager:
    """The experiments of one store; thread-safe, and no read of the store for a request.

    Args:
        store: Where experiments, answers and reactions are kept.
        releases: Ids of the releases there are; None: what variants name is not checked.
        known: What is known of the items; default: nothing.
        check: Refuses rules that the catalogue cannot follow; None: nobody looks.
        clock: What time it is, epoch [s].
    """

    def __init__(
        self,
        store: Store,
        *,
        releases: Callable[[], Collection[str]] | None = None,
        item_facts: Callable[[], ItemFacts] = ItemFacts,
        check_rules: Callable[[Rules], object] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._releases = releases
        self._item_facts = item_facts
        self._check_catalogue_rules = check_rules
        self._clock = clock
        self._lock = threading.Lock()
        self._running: tuple[ExperimentPlan, ...] = ()
        self._click_rates = ClickRates(store)
        self.refresh()

    @classmethod
    def for_store(
        cls,
        store: Store,
        item_facts: Callable[[], ItemFacts],
        check_rules: Callable[[Rules], object],
    ) -> Self:
        """Return the experiments of a store whose releases variants can name.

        Args:
            store: The store.
            item_facts: Returns facts of the items for reports.
            check_rules: Raises if the catalogue cannot follow rules.
        """
        return cls(
            store,
            releases=lambda: [release.id for release in store.releases()],
            item_facts=item_facts,
            check_rules=check_rules,
        )

    def refresh(self) -> None:
        """Read again what runs, since another process may have changed it."""
        running = [plan for plan in self.list() if plan.status == "running"]
        self._running = tuple(sorted(running, key=lambda plan: (plan.started_at or 0, plan.id)))

    @property
    def running(self) -> tuple[ExperimentPlan, ...]:
        """Those that take requests, the longest running first."""
        return self._running

    def assign(
        self, user: str | None, session: str | None = None, scenario: str | None = None
    ) -> Assignment | None:
        """Return what a request is part of; None: of nothing. See :func:`.assigning.assign`."""
        return assign(self._running, user, session, scenario)

    def list(self) -> tuple[ExperimentPlan, ...]:
        """Return all, the oldest first."""
        found = map(
            ExperimentPlan.from_dict, self._store.documents(EXPERIMENT_RECORDS).values()
        )
        return tuple(sorted(found, key=lambda plan: (plan.created_at, plan.id)))

    def get(self, id: str) -> ExperimentPlan:
        """Return one.

        Raises:
            NotFoundError: There is none of this id.
        """
        rows = self._store.documents(EXPERIMENT_RECORDS)
        if id not in rows:
            raise NotFoundError(
                f"no experiment {id!r:.80}; known: {', '.join(rows) or 'none'}",
                next_step=NextStep.CREATE_EXPERIMENT,
            )
        return ExperimentPlan.from_dict(rows[id])

    def create(self, plan: ExperimentPlan | Mapping[str, Any]) -> ExperimentPlan:
        """Write down a plan as a draft.

        Raises:
            ConfigError: A name is unknown, a value out of range, or the id is taken.
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
                raise ConfigError(
                    f"there is an experiment {draft.id!r} already; choose a new id"
                )
            return self._put(draft)

    def change(self, id: str, changes: Mapping[str, Any]) -> ExperimentPlan:
        """Change a plan: all of a draft, the share and the note while it runs, then the note.

        Raises:
            NotFoundError: There is none of this id.
            ConfigError: It cannot be changed any more, or a value is out of range.
        """
        with self._lock:
            plan = self.get(id)
            fixed = sorted(map(str, set(changes) - CHANGEABLE_FIELDS[plan.status]))
            if fixed:
                raise ConfigError(
                    f"{', '.join(fixed)} of experiment {id!r} cannot be changed: it is "
                    f"{plan.status}, so open are: {', '.join(sorted(CHANGEABLE_FIELDS[plan.status]))}"
                )
            return self._put(ExperimentPlan.from_dict(plan.to_dict() | dict(changes)))

    def start(self, id: str) -> ExperimentPlan:
        """Let it take requests from now on; what is compared is fixed then.

        Raises:
            NotFoundError: There is none of this id, or a release of a variant is gone.
            ConfigError: It was started before, or too many releases would be in memory.
            FilterError: The catalogue cannot follow the rules of a variant.
        """
        with self._lock:
            plan = self._get_in_status(
                id, "draft", "only a draft can be started; make a new one"
            )
            self._check_releases(plan)
            self._check_rules(plan)
            return self._put(plan.with_changes(status="running", started_at=self._clock()))

    def stop(self, id: str) -> ExperimentPlan:
        """Let it take no more requests, for good; reactions still count in their window.

        Raises:
            NotFoundError: There is none of this id.
            ConfigError: It does not run.
        """
        with self._lock:
            plan = self._get_in_status(id, "running", "only a running one can be stopped")
            return self._put(plan.with_changes(status="stopped", stopped_at=self._clock()))

    def delete(self, id: str) -> None:
        """Forget an experiment that does not run; its answers stay in the store.

        Raises:
            NotFoundError: There is none of this id.
            ConfigError: It runs.
        """
        with self._lock:
            if self.get(id).status == "running":
                raise ConfigError(f"experiment {id!r} is running; stop it first")
            self._store.put_documents(EXPERIMENT_RECORDS, {id: None})

    def report(self, id: str) -> ExperimentReport:
        """Return what an experiment has found until now; for whoever looks how often.

        Raises:
            NotFoundError: There is none of this id.
        """
        return build_report(self.get(id), self._store, self._item_facts(), self._clock())

    def online(
        self, since: float, *, until: float | None = None, every_h: float = 24.0
    ) -> OnlineReport:
        """Return how the service did since then; see :func:`.online_report`.

        Raises:
            ConfigError: The time is empty, or would have more than 10,000 periods.
        """
        end = self._clock() if until is None else until
        known = self._item_facts()
        return online_report(self._store, since, until=end, every_h=every_h, item_facts=known)

    def click_rates(self) -> dict[str, float]:
        """Return click rates of the last hour by ``experiment/variant``; see ClickRates."""
        return self._click_rates.rates(self._running, self._clock())

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
        """Find out now what would else be wrong with every answer of a variant."""
        for variant in plan.variants:
            if self._check_catalogue_rules is not None and variant.ask.get("rules"):
                self._check_catalogue_rules(variant.apply_rules(Rules()))

    def _check_releases(self, plan: ExperimentPlan) -> None:
        together = plan.releases.union(*(other.releases for other in self._running))
        if len(together) > MAX_RELEASES:
            raise ConfigError(
                f"running experiments may name {MAX_RELEASES} releases together, as all are kept "
                f"in memory; with {plan.id!r} it would be {len(together)}: "
                f"{', '.join(sorted(together))}"
            )
        known = None if self._releases is None else self._releases()
        for variant in plan.variants:
            if known is not None and variant.release not in {None, *known}:
                raise NotFoundError(
                    f"variant {variant.name!r} names the release {variant.release!r:.80}, "
                    f"which is not there; known: {', '.join(known) or 'none'}"
                )
