"""The running service: one thread-safe object per process, from the store to the response.

Start reading at :class:`RecommenderService`, which builds the parts and exposes them.
"""

import math
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from daybreak.closing import ClosesOnExit
from daybreak.config import Settings
from daybreak.data import ImportResult, Tables
from daybreak.deprecation import warn_deprecated
from daybreak.errors import DaybreakError
from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.exploration.thompson import ExplorationConfig
from daybreak.ranking.reranking.rules import Rules, check_unknown_items
from daybreak.service.experiments import ExperimentManager, ItemFacts
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.ingest.catalogue import tables_to_store
from daybreak.service.inputs.frames import check_k
from daybreak.service.interview.turns import InterviewRequest
from daybreak.service.measuring import (
    EVALUATION_KIND,
    SHOP_CURVE_KIND,
    run_evaluation,
    run_shop_curve,
)
from daybreak.service.privacy import Pseudonyms, Retention
from daybreak.service.release_training import TrainOptions, plan_release, retrain
from daybreak.service.releases.release import releases_root
from daybreak.service.serving.activity import ActivityReport, report_activity
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.background import BackgroundJobs, RetrainMonitor
from daybreak.service.serving.encoders import EncodersResource
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.interest_maps import InterestsResource
from daybreak.service.serving.interviews import InterviewHolder, InterviewResponse
from daybreak.service.serving.item_insights import ItemInsights
from daybreak.service.serving.language_tasks import LanguageTasks
from daybreak.service.serving.list_explainer import ListExplainer
from daybreak.service.serving.policy import PolicyManager
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import RecommendRequest, RecommendResponse
from daybreak.service.serving.resources import (
    EventsResource,
    ItemsResource,
    UsersResource,
    apply_write,
)
from daybreak.service.serving.served_model import ServedLanguageModel
from daybreak.service.serving.shared_lists import SharedLists
from daybreak.service.serving.status import StatusReporter
from daybreak.service.serving.writer import Ingestor
from daybreak.service.state.explain import RecommendationReason
from daybreak.service.state.onboarding import OnboardingAnswers, next_questions
from daybreak.service.state.placement import ItemPlacement
from daybreak.service.training.retraining import BackgroundJob, RetrainPolicy, RetrainRunner
from daybreak.service.training_sources import requested_sources
from daybreak.store import Store, WriteResult, open_store

MAX_SYNCED_ROWS = 20_000
"""Largest number of rows of an import that are applied before it is answered; those of larger
ones are applied in the background, as by the process that follows the store."""
TRAINING_LOG_FOLDER = "trainings"
"""Folder next to the store with one log for each training."""
_DEPRECATED_METHODS = {
    "activate": "releases.activate",
    "add_events": "events.add",
    "delete_events": "events.delete",
    "delete_item": "catalogue.delete",
    "embed": "lists.embed",
    "erase_user": "users.erase",
    "export_user": "users.export",
    "item": "catalogue.get",
    "items": "catalogue.page",
    "latest": "lists.latest",
    "merge": "users.merge",
    "more": "next_page",
    "popular": "lists.popular",
    "put_items": "catalogue.put",
    "put_users": "users.put",
    "rollback": "releases.rollback",
    "similar": "lists.similar",
    "trending": "lists.trending",
    "user": "users.get",
}
"""Former methods, and the methods of parts that replace them."""


@dataclass(frozen=True)
class ServiceOptions:
    """Optional behaviour of a service."""

    pseudonyms: Pseudonyms | None = None
    """Replaces ids of users by keyed hashes before anything is stored."""
    retention: Retention | None = None
    """How long events and responses are kept; None: forever."""
    retrain: RetrainPolicy | None = None
    """When to retrain; None: only on request."""
    training: TrainOptions = field(default_factory=TrainOptions)
    """How trainings start, and when their releases replace the active one."""
    explore: bool = False
    """Whether the lists of requests without ``explore`` are explored."""
    exposure: ExposureBudget = field(default_factory=ExposureBudget)
    """Impressions promised to every new item."""
    exploring: ExplorationConfig = field(default_factory=ExplorationConfig)
    """Ranks that new items may take, and how often."""
    popularity: float | None = None
    """Setting of the requests that have none, from 0 (taste) to 1 (best sellers); None: the
    default of the release."""
    derived_folder: Path | None = None
    """Folder in which the workers of one server share what they compute from a release whose
    own folder cannot be written."""


class RecommenderService(ClosesOnExit):
    """Answers requests while events, items and releases arrive.

    Every write is on disk before its call returns, and affects the next response of this
    process; other processes follow within ``poll_s``.

    Args:
        settings: Settings; they name the store.
        poll_s: Time between two checks for writes of other processes [s].
        options: Optional behaviour.

    Raises:
        StoreError: The store cannot be used.
    """

    releases: ReleaseManager
    """Loads, activates and rolls back releases."""
    experiments: ExperimentManager
    """Starts, stops and reports experiments."""
    explorer: Explorer
    """Puts new items into lists."""
    answer_log: AnswerLog
    """Writes responses to the store in the background."""
    policy: PolicyManager
    """Rules of all lists, retraining and retention."""
    engine: RecommendEngine
    """Answers requests for recommendations."""
    catalogue: ItemsResource
    """Items: get, page, put, delete."""
    users: UsersResource
    """Users: get, page, put, erase, export, merge."""
    events: EventsResource
    """Events: add, page, delete."""
    lists: SharedLists
    """Lists that are the same for all users, and vectors of texts."""
    interests: InterestsResource
    """Interests of users over time, and where the audience is moving."""
    insights: ItemInsights
    """Items in detail: reach, exposure, and the map of the catalogue."""
    training: RetrainRunner
    """Runs trainings in processes of their own."""
    encoders: EncodersResource
    """Fine-tuned encoders: make, get, use."""
    language_tasks: LanguageTasks
    """Enrichment and imagined buyers, by the language model of the settings."""
    retrain_monitor: RetrainMonitor
    """Starts a training when one is due."""
    jobs: BackgroundJobs
    """Runs periodic jobs in one thread."""

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
        self.pseudonyms = pseudonyms
        self.store: Store = open_store(settings.store)
        self.releases = self._open_releases(options.derived_folder)
        self.experiments = ExperimentManager(
            self.store, item_facts=self._item_facts, check_rules=self._check_rules
        )
        self.policy = PolicyManager(
            self.store, lambda: self.releases.current, options.retrain, options.retention
        )
        self.explorer = Explorer(
            self.store,
            budget=options.exposure,
            options=options.exploring,
            seed=settings.seed,
            refresh_interval_ratio=math.inf,  # background jobs find new items
        )
        self.answer_log = AnswerLog(self.store)
        self.engine = self._create_engine(options)
        ingestor = Ingestor(self.store, pseudonyms)
        self.catalogue = ItemsResource(self.store, self.releases, ingestor, self.explorer)
        self.users = UsersResource(
            self.store, self.releases, ingestor, self.engine, self.answer_log, pseudonyms
        )
        self.events = EventsResource(self.store, self.releases, ingestor, pseudonyms)
        self.lists = SharedLists(self.releases, self.policy)
        self.insights = ItemInsights(self.releases, self.explorer, settings.seed)
        self.interests = InterestsResource(self.releases, pseudonyms)
        self._training_options = options.training
        self.training = _create_runner(settings, self.store, options.training)
        self.encoders = EncodersResource(settings, self.store, self.training)
        self.language_tasks = LanguageTasks(settings, self.store, self.training)
        self.retrain_monitor = RetrainMonitor(
            self.store, self.releases, self.training, self.policy
        )
        self.jobs = self._create_jobs(options)
        self._closed = False
        self.jobs.sync_experiments()
        self.jobs.sync_exposure()
        self.jobs.start(poll_s)

    @cached_property
    def _status(self) -> StatusReporter:
        """Reports the state of the parts."""
        return StatusReporter(
            self.store,
            self.releases,
            self.answer_log,
            self.training,
            self.retrain_monitor,
            self.engine,
        )

    @cached_property
    def _language_model(self) -> ServedLanguageModel:
        """Language model of the settings, for one request at a time."""
        return ServedLanguageModel(self.settings)

    @cached_property
    def _explanations(self) -> ListExplainer:
        """Writes the sentences of lists."""
        return ListExplainer(self._language_model)

    @cached_property
    def _interviews(self) -> InterviewHolder:
        """Holds interviews."""
        return InterviewHolder(self.releases, self.engine, self._language_model)

    def recommend(self, request: RecommendRequest) -> RecommendResponse:
        """Return the best items; concurrent calls are answered in one batch.

        Raises:
            DataError: The profile or an event of the request is invalid.
            FilterError: A filter of the rules cannot be parsed.
        """
        return self.put_in_words(request, self.submit(request).result())

    def put_in_words(
        self, request: RecommendRequest, response: RecommendResponse
    ) -> RecommendResponse:
        """Return the response with one sentence for each item, if the request asks for them.

        A language model writes for one list at a time and for at most
        :data:`MAX_EXPLANATION_S` seconds; all other sentences are those of the template.
        """
        if request.explain != "text":
            return response
        return self._explanations.add_to(
            response, request.language, self.releases.current.ranker.title
        )

    def submit(self, request: RecommendRequest) -> "Future[RecommendResponse]":
        """Start :meth:`recommend` and return a future."""
        return self.engine.submit(request)

    def recommend_many(
        self, requests: Sequence[RecommendRequest]
    ) -> list[RecommendResponse | DaybreakError]:
        """Answer many requests; an invalid one gives an error in its place only."""
        return self.engine.recommend_many(requests)

    def next_page(self, recommendation_id: str, n: int = 10) -> RecommendResponse:
        """Return the next items of an earlier list, none of them twice.

        Raises:
            NotFoundError: There is no such response.
        """
        return self.engine.next_page(recommendation_id, n)

    def continue_page(self, recommendation_id: str, n: int) -> RecommendResponse | None:
        """Return :meth:`next_page` if this process has shown the list; otherwise None."""
        if self.engine.paginations.get(recommendation_id) is None:
            return None
        return self.next_page(recommendation_id, n)

    def rank(self, request: RecommendRequest, items: Sequence[str]) -> RecommendResponse:
        """Order given items for a user; see :meth:`RecommendEngine.rank`."""
        return self.put_in_words(request, self.engine.rank(request, items))

    def explain(self, user_id: str, item_id: str) -> tuple[RecommendationReason, ...]:
        """Return all evidence for one score; the values add up to it.

        Raises:
            NotFoundError: There is no such item.
        """
        return self.engine.explain(RecommendRequest(user_id=user_id), item_id)

    def place(self, request: RecommendRequest, item_id: str) -> ItemPlacement:
        """Return where an item is in the list of a request, and what keeps it out.

        Raises:
            NotFoundError: There is no such item.
        """
        return self.engine.place(request, item_id)

    def activity(self, max_periods: int = 60) -> ActivityReport:
        """Return events, users and items by period; see :func:`report_activity`."""
        return report_activity(self.releases.current.histories, max_periods)

    def onboarding(
        self,
        n: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        attributes: bool = False,
        text: str = "",
    ) -> pl.DataFrame:
        """Return questions to a new user; see :meth:`daybreak.Recommender.onboarding`."""
        check_k(n)
        answers = OnboardingAnswers(tuple(yes), tuple(asked), text=text)
        return next_questions(self.releases.current, n, answers, attributes=attributes)

    def interview(
        self, interview: InterviewRequest, request: RecommendRequest
    ) -> InterviewResponse:
        """Return the next question of an interview, and the list after the answers so far.

        Args:
            interview: The turns so far.
            request: Length and rules of the list.

        Raises:
            DataError: An answer is invalid.
        """
        return self._interviews.hold(interview, request)

    def retrain(self, *, wait: bool = False, reason: str = "requested") -> str:
        """Start a training in a process of its own; its release must pass the gate.

        Args:
            wait: Whether to return only when the training has ended and its release is active.
            reason: Reason that the list of tasks shows.

        Returns:
            Id of the task, or of the one that is running already.
        """
        task = self.training.start(reason)
        if wait:
            self.training.wait(task)
            self.releases.check_active_release()
        return task

    def plan_training(self) -> dict[str, Any]:
        """Return what :meth:`retrain` would learn, and how much time and memory it takes.

        Raises:
            MemoryLimitError: No training keeps to the bound of the settings.
        """
        return plan_release(self.store, self.settings, self._training_options).to_dict()

    def measure_shop(
        self, release: str, sources: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Start to measure the warm-up curve of the shop, and to store it with a release.

        Args:
            release: Id of the release.
            sources: As for :meth:`evaluate`.

        Returns:
            The task.

        Raises:
            BusyError: A training or another task is running.
            ConfigError: The store remembers no such source.
            NotFoundError: There is no such release, or a source is gone.
        """
        job = BackgroundJob(SHOP_CURVE_KIND, run_shop_curve)
        return self._start(job, release, sources)

    def evaluate(self, release: str, sources: Sequence[str] | None = None) -> dict[str, Any]:
        """Start to evaluate the settings by slice, and to store the results with a release.

        Args:
            release: Id of the release.
            sources: Names of sources that the store remembers, or ``domain=NAME``; None: all
                that it remembers; empty: none.

        Returns:
            The task.

        Raises:
            BusyError: A training or another task is running.
            ConfigError: The store remembers no such source.
            NotFoundError: There is no such release, or a source is gone.
        """
        return self._start(BackgroundJob(EVALUATION_KIND, run_evaluation), release, sources)

    def tasks(self) -> list[dict[str, Any]]:
        """Return the trainings and other long operations, the latest first."""
        return [task.to_dict() for task in self.training.tasks()]

    def status(self) -> dict[str, Any]:
        """Return the active release, counts, and problems, as plain values."""
        exposure = vars(self.explorer.exposure_status())
        return self._status.status() | {
            "experiment_ctr": self.experiments.click_rates(),
            "exposure": exposure,
            "language_model": self._language_model.is_set,
        }

    def ingest_import(
        self, imported: ImportResult, *, replace_items: bool = False
    ) -> WriteResult:
        """Store the tables of imported files, in one transaction.

        Equal events of one file are counted, so that reading it again adds nothing. The next
        list uses the rows; those of large files are applied in the background.

        Args:
            imported: The import.
            replace_items: Whether its items are the whole catalogue: all others leave it.

        Raises:
            DataError: ``replace_items`` is given, but no items were read.
            StoreError: Nothing could be stored.
        """
        tables = tables_to_store(imported, replace_items=replace_items)
        users, events = (
            _with_pseudonyms(frame, self.pseudonyms) for frame in (tables.users, tables.events)
        )
        written = self.store.write(
            Tables(tables.items, users, events),
            event_ids=imported.event_ids,
            complete_at=time.time() if replace_items else None,
        )
        if sum(imported.rows_read.values()) <= MAX_SYNCED_ROWS:
            apply_write(self.releases, written.cursor)
        return written

    def close(self) -> None:
        """Answer waiting requests, write the log, close the store."""
        if not self._closed:
            self._closed = True
            self.engine.close()
            self._language_model.close()
            self.jobs.close()
            self.answer_log.close()
            self.store.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return the replacement of a deprecated method."""
            if name not in _DEPRECATED_METHODS:
                raise AttributeError(
                    f"{type(self).__name__!r} object has no attribute {name!r}"
                )
            replacement = _DEPRECATED_METHODS[name]
            warn_deprecated(f"RecommenderService.{name}", f"RecommenderService.{replacement}")
            return attrgetter(replacement)(self)

    def _start(
        self, job: BackgroundJob, release: str, sources: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Start a measurement of a release; return its task."""
        self.releases.require(release)
        options: dict[str, Any] = {"release": release}
        if sources is not None:
            options["sources"] = list(requested_sources(self.store, sources))
        id_ = self.training.start_job(replace(job, options=options))
        return next(task.to_dict() for task in self.training.tasks() if task.id == id_)

    def _open_releases(self, derived_folder: Path | None) -> ReleaseManager:
        unknown_items = check_unknown_items(self.settings.unknown_items)
        folder = releases_root(self.settings.store)
        above = self.settings.candidates_above
        return ReleaseManager(self.store, folder, unknown_items, derived_folder, above)

    def _create_engine(self, options: ServiceOptions) -> RecommendEngine:
        return RecommendEngine(
            self.releases,
            self.answer_log,
            self.experiments,
            self.explorer,
            explores_by_default=options.explore,
            pseudonyms=options.pseudonyms,
            popularity=options.popularity,
            policy=self.policy,
        )

    def _create_jobs(self, options: ServiceOptions) -> BackgroundJobs:
        return BackgroundJobs(
            self.store,
            self.releases,
            self.experiments,
            self.explorer,
            self.retrain_monitor,
            explores_by_default=options.explore,
            policy=self.policy,
        )

    def _item_facts(self) -> ItemFacts:
        """Return facts about items for reports."""
        return ItemFacts.from_tables(self.store.tables(), self.releases.current.catalogue.items)

    def _check_rules(self, rules: Rules) -> object:
        """Raise for rules that the current catalogue cannot apply."""
        return self.releases.current.ranker.rule_compiler.compile(rules)


def _create_runner(settings: Settings, store: Store, options: TrainOptions) -> RetrainRunner:
    """Return the runner of trainings; their logs are next to the releases."""
    root = releases_root(settings.store)
    logs = None if root is None else root / TRAINING_LOG_FOLDER
    return RetrainRunner(settings, store, retrain, asdict(options), logs)


def _with_pseudonyms(frame: pl.DataFrame, pseudonyms: Pseudonyms | None) -> pl.DataFrame:
    if pseudonyms is None:
        return frame
    keys = {user: pseudonyms.of(user) for user in frame["user_id"].unique().to_list()}
    return frame.with_columns(pl.col("user_id").replace_strict(keys, return_dtype=pl.String))
