"""What a live service may be asked to do besides answering.

What makes answers better in the long run: questions, exploration, experiments.

The live service: one object a process, thread-safe, from store to answer.

Whole files into a running service: one transaction, promises as for rows.
"""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from daybreak.closing import ClosesOnExit
from daybreak.config import Settings
from daybreak.data import EVENT_COLUMNS, ImportResult, Tables
from daybreak.errors import ConfigError, DaybreakError
from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.exploration.thompson import ExplorationConfig
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.experiments import ExperimentManager, ItemFacts
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.ingest.rows import user_key
from daybreak.service.ingest.values import IngestResult
from daybreak.service.inputs.frames import check_k
from daybreak.service.privacy import (
    ErasureReport,
    Pseudonyms,
    Retention,
    erase_user,
    export_user,
)
from daybreak.service.release_training import TrainOptions, retrain
from daybreak.service.releases.release import releases_root
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.background import BackgroundJobs, RetrainMonitor
from daybreak.service.serving.browse import ReadApi, RowPage
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.erasure_targets import erasure_targets
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import (
    RecommendationReason,
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)
from daybreak.service.serving.status import StatusReporter
from daybreak.service.serving.writer import Ingestor
from daybreak.service.state.onboarding import OnboardingAnswers, next_questions
from daybreak.service.training.retraining import RetrainPolicy, RetrainRunner
from daybreak.store import Release, WriteResult, open_store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceOptions:
    """What a service may be asked to do besides answering."""

    pseudonyms: Pseudonyms | None = None
    """Replaces ids of users by keyed hashes before anything is kept."""
    retention: Retention | None = None
    """How long events and answers are kept; None: for good."""
    retrain: RetrainPolicy | None = None
    """When to train again; None: when somebody asks for it."""
    training: TrainOptions = field(default_factory=TrainOptions)
    """How trainings start, and when their releases replace the active one."""
    explore: bool = False
    """Whether new items are tried out on askers who do not say; any request may ask for it."""
    exposure: ExposureBudget = field(default_factory=ExposureBudget)
    """What every new item is promised."""
    exploring: ExplorationConfig = field(default_factory=ExplorationConfig)
    """Which places of a list it may take, and how boldly."""


class OnboardingAndExploration:
    """The part of a live service that learns on purpose."""

    _releases: ReleaseManager
    _explorer: Explorer
    _experiments: ExperimentManager

    def onboarding(
        self,
        n: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        attributes: bool = False,
    ) -> pl.DataFrame:
        """Return what to ask somebody new; see :meth:`daybreak.Recommender.onboarding`."""
        check_k(n)
        scene, said = self._releases.current, OnboardingAnswers(tuple(yes), tuple(asked))
        return next_questions(scene.state, scene.histories, n, said, attributes=attributes)

    @property
    def explorer(self) -> Explorer:
        """Puts new items into answers, where it is asked to."""
        return self._explorer

    @property
    def experiments(self) -> ExperimentManager:
        """Who sees what, and what came of it."""
        return self._experiments


EVENT_IDENTITY_COLUMNS = ("user_id", "item_id", "event_type", "value", "timestamp")
"""What makes an event without an id the one it is."""


class RecommenderService(OnboardingAndExploration, ClosesOnExit):
    """Answers while events, items and releases come in.

    Every write is on the disk before the call returns, and counts in the next answer of this
    process; other processes follow within ``poll_s``.

    Args:
        settings: Which store.
        poll_s: How often the store is looked at for what other processes wrote [s].
        options: What is asked of it beyond that.

    Raises:
        StoreError: The store cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        poll_s: float = 1.0,
        options: ServiceOptions | None = None,
    ) -> None:
        options = options or ServiceOptions()
        pseudonyms = options.pseudonyms
        self.settings = settings
        self.store = open_store(settings.store)
        self._releases = ReleaseManager(self.store, releases_root(settings.store))
        self._log = AnswerLog(self.store)
        self._ingestor = Ingestor(self.store, pseudonyms)
        self._engine = RecommendEngine(self._releases, self._log, pseudonyms)
        self._experiments = self._engine.experiments = ExperimentManager(
            self.store, item_facts=self._item_facts, check_rules=self._check_rules
        )
        self._explorer = self._engine.explorer = Explorer(
            self.store, budget=options.exposure, options=options.exploring, seed=settings.seed
        )
        self._explorer.refresh_interval_ratio = math.inf  # the duties look for new items
        self._engine.explores_by_default = options.explore
        self._read_api = ReadApi(self.store, self._releases)
        self._retrain_runner = RetrainRunner(
            settings, self.store, retrain, asdict(options.training)
        )
        self._retrain_monitor = RetrainMonitor(
            self.store, self._releases, self._retrain_runner, options.retrain
        )
        self._pseudonyms = self.pseudonyms = pseudonyms
        self._closed = False
        self._status_reporter = StatusReporter(
            self.store,
            self._releases,
            self._log,
            self._retrain_runner,
            lambda: self._engine.batcher.waiting,
            lambda: self._retrain_monitor.drift,
        )
        self._background_jobs = BackgroundJobs(
            self.store, self._releases, self._engine, self._retrain_monitor, options.retention
        )
        self._background_jobs.sync_experiments()
        self._background_jobs.sync_exposure()
        self._background_jobs.start(poll_s)

    def add_events(self, rows: Sequence[Mapping[str, Any]]) -> IngestResult:
        """Add events; bad rows are listed, the others are stored.

        Args:
            rows: ``item_id`` and ``user_id`` or ``session_id``; if known ``event_id,
                event_type, value, timestamp, domain, recommendation_id, context``.

        Raises:
            StoreError: Nothing could be stored.
        """
        return self._sync_after_write(self._ingestor.add_events(rows))

    def put_items(
        self, rows: Sequence[Mapping[str, Any]], *, partial: bool = False
    ) -> IngestResult:
        """Add items, or replace what is known of them.

        Args:
            rows: ``item_id`` and any attributes.
            partial: Whether attributes that a row does not name stay as they are.

        Raises:
            StoreError: Not everything could be stored.
        """
        items = self._releases.row_caches.items
        return self._sync_after_write(self._ingestor.put_rows(rows, items, partial=partial))

    def put_users(
        self, rows: Sequence[Mapping[str, Any]], *, partial: bool = False
    ) -> IngestResult:
        """Add profiles, or replace what is known; see :meth:`put_items`."""
        users = self._releases.row_caches.users
        return self._sync_after_write(self._ingestor.put_rows(rows, users, partial=partial))

    def recommend(self, ask: RecommendRequest) -> RecommendResponse:
        """Return the best items; concurrent calls are answered together.

        Raises:
            DataError: The profile or an event of the ask cannot be used.
        """
        return self.submit(ask).result()

    def submit(self, ask: RecommendRequest) -> "Future[RecommendResponse]":
        """Do :meth:`recommend` without waiting for the answer."""
        return self._engine.batcher.submit(self._engine.prepare(ask))

    def recommend_many(
        self, asks: Sequence[RecommendRequest]
    ) -> list[RecommendResponse | DaybreakError]:
        """Answer many asks at once; what is wrong with one costs the others nothing."""
        found: list[Any] = [None] * len(asks)
        wishes = []
        for place, ask in enumerate(asks):
            try:
                wishes.append((place, self._engine.prepare(ask)))
            except DaybreakError as error:
                found[place] = error
        answers = self._engine.recommend([wish for _, wish in wishes])
        for (place, _), answer in zip(wishes, answers, strict=True):
            found[place] = answer
        return found

    def next_page(self, recommendation_id: str, n: int = 10) -> RecommendResponse:
        """Continue an answer: the next items, none of them shown before.

        Raises:
            NotFoundError: Nobody knows such an answer.
        """
        return self._engine.next_page(recommendation_id, n)

    def rank(self, ask: RecommendRequest, items: Sequence[str]) -> RecommendResponse:
        """Put given items into the best order for somebody.

        Items that nobody knows, or that may not be recommended, are left out, and a note says
        how many; what the user has seen is ranked as well.

        Raises:
            ConfigError: There are no items, or too many.
        """
        listed = tuple(dict.fromkeys(items))
        check_k(len(listed))
        rules = replace(ask.rules or Rules(), items=listed, exclude_seen=False)
        answered = self.recommend(replace(ask, n=len(listed), rules=rules, explore=False))
        left = len(listed) - len(answered.items)
        if not left:
            return answered
        note = f"{left} of {len(listed)} items are not known, or may not be recommended"
        return replace(answered, notes=(*answered.notes, note))

    def explain(self, user_id: str, item_id: str) -> tuple[RecommendationReason, ...]:
        """Return every piece of evidence of one score; the values add up to it.

        Raises:
            NotFoundError: Nobody knows the item.
        """
        self._read_api.get(self._releases.row_caches.items, item_id)
        return self._engine.explain(RecommendRequest(user_id=user_id), item_id)

    def similar(
        self,
        item_id: str | None = None,
        text: str | None = None,
        n: int = 10,
        where: str = "",
    ) -> tuple[RecommendedItem, ...]:
        """Return the items most like an item, or like a text.

        Args:
            item_id: An item of the catalogue.
            text: Words, instead.
            n: Items wanted.
            where: Filter over the columns of items.

        Raises:
            NotFoundError: Nobody knows the item.
            ConfigError: Not exactly one of the two was given.
            FilterError: The filter cannot be read.
        """
        rules = Rules(where=where) if where else None
        return self._read_api.similar(item_id, text, n, rules)

    def popular(self, n: int = 10, rules: Rules | None = None) -> tuple[RecommendedItem, ...]:
        """Return the items of most users; events count within seconds."""
        return self._read_api.top_list("popular", n, rules)

    def trending(self, n: int = 10, rules: Rules | None = None) -> tuple[RecommendedItem, ...]:
        """Return the items of most users of late."""
        return self._read_api.top_list("trending", n, rules)

    def latest(self, n: int = 10, rules: Rules | None = None) -> tuple[RecommendedItem, ...]:
        """Return the newest items."""
        return self._read_api.top_list("latest", n, rules)

    def embed(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return ``vectors`` of texts by the release's text model, ``dimension`` and ``model``.

        Raises:
            NotFittedError: The release has none.
        """
        return self._read_api.embed(texts)

    def item(self, item_id: str) -> dict[str, Any]:
        """Return an item with its attributes.

        Raises:
            NotFoundError: Nobody knows it.
        """
        return self._read_api.get(self._releases.row_caches.items, item_id)

    def user(self, user_id: str) -> dict[str, Any]:
        """Return a user with the attributes that are known.

        Raises:
            NotFoundError: Nobody knows the user.
        """
        found = self._read_api.get(self._releases.row_caches.users, self._user_key(user_id))
        return {**found, "user_id": user_id}

    def items(self, cursor: str | None = None, n: int = 100) -> RowPage:
        """Return a page of the catalogue, in the order in which items came."""
        return self._read_api.page(self._releases.row_caches.items, cursor, n)

    def users(self, cursor: str | None = None, n: int = 100) -> RowPage:
        """Return a page of users, in the order in which they came."""
        return self._read_api.page(self._releases.row_caches.users, cursor, n)

    def events(
        self,
        user: str | None = None,
        item: str | None = None,
        cursor: str | None = None,
        n: int = 100,
    ) -> RowPage:
        """Return a page of events, in the order in which they came."""
        return self._read_api.events(
            None if user is None else self._user_key(user), item, cursor, n
        )

    def delete_item(self, item_id: str) -> bool:
        """Delete an item with its events; say whether it was there."""
        erased = self.store.erase(items=[item_id])
        self._explorer.forget([item_id])
        self._releases.sync()
        return erased.items > 0

    def delete_events(
        self,
        event_ids: Sequence[str] = (),
        user: str | None = None,
        item: str | None = None,
        kind: str | None = None,
        equal_to: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Delete events: those of these ids, and those of a user, of an item, or of both.

        Args:
            event_ids: Ids under which events came.
            user: Whose.
            item: With which item.
            kind: Only those of this type, of the user or item.
            equal_to: And those like these rows, as :meth:`events` returns them.

        Returns:
            How many there were.
        """
        gone = self.store.erase(events=list(event_ids)).events if event_ids else 0
        named = {"user_id": None if user is None else self._user_key(user), "item_id": item}
        given = {name: [value] for name, value in named.items() if value is not None}
        if given:
            given |= {} if kind is None else {"event_type": [kind]}
            gone += self.store.erase(events=pl.DataFrame(given)).events
        if equal_to:
            rows = [
                {name: row.get(name) for name in EVENT_IDENTITY_COLUMNS} for row in equal_to
            ]
            schema = dict(EVENT_COLUMNS)
            frame = pl.DataFrame(
                rows, schema={name: schema[name] for name in EVENT_IDENTITY_COLUMNS}
            )
            gone += self.store.erase(events=frame).events
        self._releases.sync()
        return gone

    def erase_user(self, user_id: str) -> ErasureReport:
        """Erase a user everywhere, and prove it by looking again."""
        places = erasure_targets(self._releases, self._log, self._engine)
        return erase_user(self.store, self._user_key(user_id), time.time(), places)

    def export_user(self, user_id: str) -> dict[str, Any]:
        """Return everything that is kept of a user: attributes, events, answers."""
        self._log.flush()
        return {**export_user(self.store, self._user_key(user_id)), "user_id": user_id}

    def merge_users(self, anonymous: str, user: str) -> int:
        """Give what is known of a visitor to a user; the visitor is forgotten.

        Args:
            anonymous: Id of a session, or of a user who turned out to be another.
            user: Who it was.

        Returns:
            How many events changed owner; 0 when it is done a second time.

        Raises:
            ConfigError: Both are the same.
        """
        if anonymous == user:
            raise ConfigError(f"{user!r:.80} cannot be merged into itself")
        known, visitor = user_key(anonymous, anonymous, self._pseudonyms)
        moved = 0
        self._log.flush()
        for name in (visitor, known):
            if name is not None and name in self._releases.row_caches.users:
                moved += self.store.merge_users(name, self._user_key(user))
        self._releases.sync()
        return moved

    def releases(self) -> list[Release]:
        """Return all releases, the newest first; ``active`` is the one that answers here."""
        mine = self._releases.current.release
        return [replace(one, active=one.id == mine) for one in self.store.releases()]

    def activate(self, id: str) -> str:
        """Put a release into use, in every process; requests go on being answered.

        Raises:
            NotFoundError: There is no such release.
            DataError: It is damaged; the one in use stays.
        """
        return self._releases.activate(id).release

    def rollback(self) -> str:
        """Put the release of before into use again.

        Raises:
            NotFoundError: There is none.
        """
        return self._releases.rollback().release

    def retrain(self, *, wait: bool = False, reason: str = "requested") -> str:
        """Start a training in a process of its own; its release goes through the gate.

        Args:
            wait: Whether to return only when it has ended, and its release is in use.
            reason: Why, for whoever reads :meth:`tasks`.

        Returns:
            The id of the task; of the one that is running if there is one.
        """
        task = self._retrain_runner.start(reason)
        if wait:
            self._retrain_runner.wait(task)
            self._releases.check_active_release()
        return task

    def tasks(self) -> list[dict[str, Any]]:
        """Return trainings, the latest first."""
        return [task.to_dict() for task in self._retrain_runner.tasks()]

    def status(self) -> dict[str, Any]:
        """Return what is in use, how much is known, and what is not as it should be."""
        exposure = vars(self._explorer.exposure_status())
        rates = self._experiments.click_rates()
        return self._status_reporter.status() | {"experiment_ctr": rates, "exposure": exposure}

    def close(self) -> None:
        """Answer what was asked, write the log, close the store."""
        if not self._closed:
            self._closed = True
            self._engine.close()
            self._background_jobs.close()
            self._log.close()
            self.store.close()

    def _item_facts(self) -> ItemFacts:
        """Return what is known of items, for reports."""
        return ItemFacts.from_tables(
            self.store.tables(), self._releases.current.state.catalogue.items
        )

    def _check_rules(self, rules: Rules) -> object:
        """Refuse rules that the catalogue in use cannot follow."""
        return self._releases.current.state.ranker.rule_compiler.compile(rules)

    def _user_key(self, user: str) -> str:
        """Return under which id a user is stored."""
        return user if self._pseudonyms is None else self._pseudonyms.of(user)

    def _sync_after_write(self, accepted: IngestResult) -> IngestResult:
        """Let what was written count in the next answer."""
        try:
            self._releases.sync()
        except DaybreakError as error:  # it is stored; the follower tries again
            log.warning("what was written will be seen later: %s", error)
        return accepted


USER_COLUMN = "user_id"


def ingest_import(live: "RecommenderService", read: ImportResult) -> WriteResult:
    """Add what was read from files; it counts as soon as the service has looked at the store.

    Ids of users become pseudonyms where the service has them. Equal events of one file are
    counted, so reading it again adds nothing.

    Raises:
        StoreError: Nothing could be stored.
    """
    tables = read.tables
    named = Tables(
        tables.items,
        _with_pseudonyms(live, tables.users),
        _with_pseudonyms(live, tables.events),
    )
    return live.store.write(named, event_ids=read.event_ids)


def _with_pseudonyms(live: "RecommenderService", frame: pl.DataFrame) -> pl.DataFrame:
    if live.pseudonyms is None:
        return frame
    ids = {user: live.pseudonyms.of(user) for user in frame[USER_COLUMN].unique().to_list()}
    return frame.with_columns(pl.col(USER_COLUMN).replace_strict(ids, return_dtype=pl.String))
