"""Workspace: one store and the recommender trained on it, from import to recommendation."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from daybreak.closing import ClosesOnExit
from daybreak.config import Settings
from daybreak.data import (
    EventRules,
    Finding,
    ImportResult,
    Rejects,
    Tables,
    Vocabulary,
    validate,
)
from daybreak.data.dataset import Items
from daybreak.data.importing import MAX_LOST_SHARE
from daybreak.encoders.content import ContentEncoder
from daybreak.errors import (
    ConfigError,
    DaybreakError,
    NextStep,
    NotFoundError,
    StoreError,
    UnknownIdWarning,
    UnreadTextWarning,
    UnusedAttributeWarning,
)
from daybreak.evaluation import Report
from daybreak.ranking.reranking.rules import Rules, check_unknown_items
from daybreak.service.benchmarking.shop_curve import ShopCurve
from daybreak.service.benchmarking.slice_results import ReleaseEvaluation
from daybreak.service.deletion import delete_events, delete_items, delete_users
from daybreak.service.experiments import ExperimentManager, ItemFacts
from daybreak.service.ingest.catalogue import tables_to_store
from daybreak.service.inputs.frames import add_titles
from daybreak.service.inputs.sources import SourceTables
from daybreak.service.interviewing import Interview
from daybreak.service.language import open_language_model
from daybreak.service.measuring import drift_of_release, evaluate_release, measure_shop
from daybreak.service.privacy import Pseudonyms
from daybreak.service.recommender import Recommender
from daybreak.service.release_training import (
    TrainingResult,
    TrainOptions,
    new_recommender,
    plan_release,
    store_event_rules,
    stored_event_rules,
    train_release,
)
from daybreak.service.releases.gate import GateResult
from daybreak.service.releases.release import (
    existing_folder,
    find_release,
    in_serving_order,
    releases_root,
    store_path,
)
from daybreak.service.serving.policy import PolicyManager
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.state.catalogue import Catalogue
from daybreak.service.state.profiles import AdHocProfile
from daybreak.service.state.rules import RuleCompiler
from daybreak.service.state.unknown_items import (
    EXCLUDED,
    notes_on_unknown_items,
    require_item,
    unknown_items,
    unknown_items_note,
)
from daybreak.service.training.encoder_choice import choose_encoder
from daybreak.service.training.plan import TrainingPlan
from daybreak.service.training_sources import TrainingSources
from daybreak.store import Store, WriteResult, open_store


class Workspace(ClosesOnExit):
    """A store with its settings, and the commands on it.

    Args:
        settings: URL of the store, text encoder, seed and length of lists.
        create: Whether a missing store is created; else it is an error.

    Raises:
        NotFoundError: The store does not exist.
        StoreError: The store cannot be used.
    """

    def __init__(self, settings: Settings, *, create: bool = False) -> None:
        if not create:
            check_store_file(settings.store, create=False)
        self.settings = settings
        self.store: Store = open_store(settings.store)
        self._root = releases_root(settings.store)
        self.notes: tuple[str, ...] = ()
        """Notes on the last answer, as sentences."""

    def write_import(
        self,
        result: ImportResult,
        max_rejected: float = MAX_LOST_SHARE,
        *,
        replace_items: bool = False,
    ) -> WriteResult:
        """Add imported tables to the store; event rules given with them are kept.

        Args:
            result: Result of reading the inputs.
            max_rejected: Largest share of the rows of a table that may be lost, in [0, 1].
            replace_items: Whether its items are the whole catalogue: all others leave it.

        Raises:
            TooManyRejectsError: More rows of a table are lost; nothing is stored.
            DataError: ``replace_items`` is given, but no items were read.
        """
        result.check_rejects(max_rejected)
        written = self.store.write(
            tables_to_store(result, replace_items=replace_items),
            event_ids=result.event_ids,
            complete_at=time.time() if replace_items else None,
        )
        store_event_rules(self.store, result.rules)
        self.forget_tables()
        return written

    def delete_items(self, ids: Sequence[str]) -> int:
        """Delete items with their events; return how many there were."""
        self.forget_tables()
        return delete_items(self.store, ids)

    def delete_users(self, ids: Sequence[str]) -> int:
        """Erase users with all that is stored about them; return how many there were."""
        self.forget_tables()
        return delete_users(self.store, ids, Pseudonyms.from_environment())

    def delete_events(
        self, ids: Sequence[str] = (), *, user: str | None = None, item: str | None = None
    ) -> int:
        """Delete events by id, and all of a user, of an item, or of both; return their number.

        Raises:
            ConfigError: Nothing is named.
        """
        self.forget_tables()
        return delete_events(self.store, ids, user, item, Pseudonyms.from_environment())

    @cached_property
    def tables(self) -> Tables:
        """All tables of the store."""
        return self.store.tables()

    def forget_tables(self) -> None:
        """Read the store again when the tables are next needed."""
        for name in ("tables", "items"):
            self.__dict__.pop(name, None)

    @cached_property
    def items(self) -> pl.DataFrame:
        """The items of the store, without its events."""
        return self.store.catalogue_tables().items

    def check_data(self, rules: EventRules | None = None) -> list[Finding]:
        """Validate the tables of the store.

        Args:
            rules: Event rules; default: those given at import.
        """
        chosen = rules or stored_event_rules(self.store)
        return validate(ImportResult(self.tables, Rejects(), {}, (), chosen))

    def encode_catalogue(self) -> None:
        """Encode the catalogue now, so that later trainings find its vectors in the store."""
        encoder = choose_encoder(self.settings.encoder, self.tables.items, self.store).encoder
        ContentEncoder.fit_transform(self.tables.items, encoder)

    def new_recommender(self, strategies: str | Sequence[str] = "auto") -> Recommender:
        """Return an unfitted recommender; see :func:`.release_training.new_recommender`."""
        return new_recommender(self.store, self.settings, self.tables, strategies)

    def train(
        self,
        strategies: str | Sequence[str] = "auto",
        progress: Any = None,
        options: TrainOptions | None = None,
    ) -> TrainingResult:
        """Train on the store and activate the release; see :func:`.train_release`.

        Args:
            strategies: Names of strategies, or ``auto``.
            progress: Called with the name of each step.
            options: How the training starts, and when its release replaces the active one.
        """
        return train_release(
            self.store,
            self.settings,
            options,
            tables=self.tables,
            strategies=strategies,
            progress=progress,
        )

    def plan(
        self, strategies: str | Sequence[str] = "auto", options: TrainOptions | None = None
    ) -> TrainingPlan:
        """Return what :meth:`train` would learn, and how much time and memory it takes.

        Args:
            strategies: Names of strategies, or ``auto``.
            options: Time limit and objective.

        Raises:
            MemoryLimitError: No training keeps to the bound of the settings.
        """
        return plan_release(
            self.store, self.settings, options, tables=self.tables, strategies=strategies
        )

    def compare_releases(self, new: str, old: str, progress: Any = None) -> GateResult:
        """Compare a release with another one on the data of the store.

        Args:
            new: Id or folder of the release, or ``active``.
            old: The same, of the release it is compared with.
            progress: Called with the name of each step.

        Raises:
            NotFoundError: A source of the release is gone.
        """
        recommender = Recommender.load(find_release(self.store, self._root, new))
        folder = find_release(self.store, self._root, old)
        tables: Tables = self.tables
        sources: tuple[SourceTables, ...] = ()
        if len(recommender.state.trained.profile.source_ids):
            rules = stored_event_rules(self.store)
            read = TrainingSources.read(self.store, tables, None, rules)
            tables, sources = read.target, read.found
        return recommender.compare(folder, tables, sources=sources, progress=progress)

    def load_recommender(self, users: Sequence[str] | None = None) -> Recommender:
        """Return the active release, updated with the current items, users and events.

        If it cannot be loaded, another one is used, in the order of a server, and
        :attr:`notes` says so.

        Args:
            users: Users whose events are needed; a large store is not read for the answers of a
                few. Default: all.

        Raises:
            NotFoundError: Nothing has been trained yet.
            DataError: No release can be loaded; the error is that of the active one.
        """
        recommender = self._load_usable_release(for_few_answers=users is not None)
        tables = self.tables if users is None else self.store.catalogue_tables(users)
        recommender.load_tables(tables)
        self.__dict__["items"] = tables.items
        recommender.unknown_items = check_unknown_items(self.settings.unknown_items)
        recommender.candidates_above = self.settings.candidates_above
        return recommender

    def _load_usable_release(self, *, for_few_answers: bool) -> Recommender:
        """Return the first release in serving order that can be loaded; notes name the others.

        Raises:
            NotFoundError: Nothing has been trained yet.
            DataError: None can be loaded.
        """
        if self.store.active_release() is None:
            raise NotFoundError("nothing has been trained yet", next_step=NextStep.TRAIN)
        errors: dict[str, DaybreakError] = {}
        for release in in_serving_order(self.store.releases()):
            try:
                folder = existing_folder(self._root, release)
                recommender = Recommender.load(folder, for_few_answers=for_few_answers)
            except DaybreakError as error:
                errors[release.id] = error
                continue
            self.notes = tuple(
                f"release {failed} cannot be used ({error}); {release.id} is in use instead"
                for failed, error in errors.items()
            )
            return recommender
        raise next(iter(errors.values()))

    def evaluate(
        self,
        strategies: Sequence[str] = (),
        sources: Sequence[str] | None = None,
        **options: Any,
    ) -> Report:
        """Evaluate the default recommender, single strategies, random and popular.

        The notes of the report say how far interests and content have drifted since the
        training of the active release.

        Args:
            strategies: Names of strategies, each evaluated alone.
            sources: Other shops and domains to learn from; None: those that the store
                remembers; empty: none.
            **options: ``k``, ``slices``, ``cold_items``, ``progress``; see
                :meth:`Recommender.evaluate`.

        Raises:
            NotFoundError: A source is gone.
        """
        options = {"k": self.settings.k, **options}
        rules = stored_event_rules(self.store)
        read = TrainingSources.read(self.store, self.tables, sources, rules)
        report: Report = self.new_recommender().evaluate(
            read.target, also=strategies, sources=list(read.found), **options
        )
        return replace(report, notes=(*report.notes, *self._drift_notes(read.target)))

    def _drift_notes(self, tables: Tables) -> tuple[str, ...]:
        """Return how far the shop has drifted since the training of the active release."""
        if self.store.active_release() is None:
            return ()
        try:
            folder = find_release(self.store, self._root, "active")
            found = drift_of_release(self.store, folder, tables)
        except DaybreakError as error:
            return (f"drift since the training cannot be measured: {error}",)
        return tuple(one.sentence for one in found)

    def measure_shop(
        self,
        release: str = "active",
        progress: Any = None,
        sources: Sequence[str] | None = None,
    ) -> ShopCurve:
        """Measure the warm-up curve of the shop, and store it with a release.

        Args:
            release: Id of the release, or ``active``.
            progress: Called with the number of finished steps, of all steps, and the next step.
            sources: As for :meth:`evaluate`.
        """
        return measure_shop(self.store, self.settings, release, progress, sources)

    def evaluate_release(
        self,
        release: str = "active",
        progress: Any = None,
        sources: Sequence[str] | None = None,
    ) -> ReleaseEvaluation:
        """Evaluate the settings by slice, and store the results with a release.

        Args:
            release: Id of the release, or ``active``.
            progress: Called with the number of finished steps, of all steps, and the next step.
            sources: As for :meth:`evaluate`.
        """
        return evaluate_release(self.store, self.settings, release, progress, sources)

    def recommend(
        self,
        users: Sequence[str],
        profile: AdHocProfile | None = None,
        *,
        items: Sequence[str] | None = None,
        **options: Any,
    ) -> Any:
        """Return recommendations of the active release, with titles.

        Args:
            users: Ids of users, known or unknown.
            profile: Text, attributes and items of the users, for this call only.
            items: Candidates; those that the catalogue does not have are left out, and
                :attr:`notes` names them. None: the whole catalogue.
            **options: See :meth:`Recommender.recommend`.

        Raises:
            NotFoundError: Nothing has been trained, or an item of the profile is unknown.
        """
        profile = profile or AdHocProfile()
        recommender = self.load_recommender(users)
        if options.get("explain") == "text":
            recommender.language_model = open_language_model(self.settings, self.store)
        catalogue = recommender.state.catalogue
        for item in profile.items:
            require_item(catalogue, item, next_step=None)
        self.notes += recommender.state.candidate_notes()
        candidates = self._known_items(catalogue, items)
        rules = options.get("rules")
        if isinstance(rules, Rules):
            self.notes += notes_on_unknown_items(catalogue, [(EXCLUDED, rules.exclude)])
        self.notes += recommender.state.profiles.unused_notes(profile.attributes)
        with warnings.catch_warnings():
            for told in (UnusedAttributeWarning, UnknownIdWarning):  # they are in the notes
                warnings.simplefilter("ignore", told)
            lists = self._noting_unread_texts(recommender.recommend)(
                users,
                profiles=profile.profiles(users),
                histories=profile.histories(users),
                items=candidates,
                **{"k": self.settings.k, **options},
            )
        return add_titles(lists, self.items)

    def start_interview(self, **options: Any) -> Interview:
        """Return an interview of a new user by the active release.

        Args:
            **options: As for :meth:`Recommender.interview`.

        Raises:
            NotFoundError: Nothing has been trained.
            ConfigError: An option is out of range.
        """
        recommender = self.load_recommender()
        if options.get("use_model"):
            recommender.language_model = open_language_model(self.settings, self.store)
        return recommender.start_interview(**{"k": self.settings.k, **options})

    def similar_items(
        self,
        item: str | None,
        text: str | None,
        image: Path | None = None,
        *,
        where: str = "",
        explain: bool = False,
    ) -> pl.DataFrame:
        """Return the items most similar to an item, a text or a picture, with titles.

        Raises:
            ConfigError: Not exactly one of the three is given.
            DataError: The picture is not used.
            NotFoundError: The item is not in the catalogue.
        """
        _check_one_given(item, text if image is None else str(image))
        if text is not None and image is not None:
            raise ConfigError("give either a text or a picture")
        recommender = self.load_recommender([])
        if item is not None:
            require_item(recommender.state.catalogue, item)
        similar = self._noting_unread_texts(recommender.similar_items)(
            None if item is None else [item],
            texts=None if text is None else [text],
            images=() if image is None else [image],
            k=self.settings.k,
            where=where,
            explain=explain,
        )
        return add_titles(similar, self.items)

    def _noting_unread_texts(
        self, call: Callable[..., pl.DataFrame]
    ) -> Callable[..., pl.DataFrame]:
        """Return a call whose warnings of texts that have no effect become notes."""

        def call_and_note(*args: Any, **options: Any) -> pl.DataFrame:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always", UnreadTextWarning)
                answer: pl.DataFrame = call(*args, **options)
            for one in told:
                if issubclass(one.category, UnreadTextWarning):
                    self.notes += (str(one.message),)
                else:
                    warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
            return answer

        return call_and_note

    def find_audience(
        self, item: str | None, text: str | None, *, explain: bool = False
    ) -> pl.DataFrame:
        """Return the users with the highest scores for an item, with their attributes.

        Raises:
            ConfigError: Both or none of the two are given.
            NotFoundError: The item is not in the catalogue.
        """
        _check_one_given(item, text)
        users = self.load_recommender().audience(
            item, text=text, k=self.settings.k, explain=explain
        )
        return users.join(self.tables.users, on="user_id", how="left", maintain_order="left")

    def explain(self, user: str, item: str) -> pl.DataFrame:
        """Return what a score consists of: kind, name, title, value; the values add up to it.

        Raises:
            NotFoundError: The item is not in the catalogue.
        """
        return self.load_recommender([user]).explain(user, item)

    def item_label(self, item_id: str) -> str:
        """Return an id with its title, for headings.

        Args:
            item_id: Item of the catalogue.
        """
        items = self.items
        if "title" not in items.columns:
            return item_id
        found = items.filter(pl.col("item_id") == item_id)["title"].drop_nulls()
        return f"{item_id} ({found[0]})" if len(found) else item_id

    def match_titles(self, text: str) -> pl.DataFrame:
        """Return the items of a list of titles; see :meth:`Recommender.match_titles`.

        Raises:
            NotFoundError: Nothing has been trained.
            DataError: There is no title.
        """
        matches: pl.DataFrame = self.load_recommender([]).match_titles(text)
        return matches

    def experiments(self) -> ExperimentManager:
        """Return the experiments of the store."""
        return ExperimentManager(
            self.store, item_facts=self._item_facts, check_rules=self._check_rules
        )

    def policy(self) -> PolicyManager:
        """Return the policy of the shop; servers on the store follow it within seconds."""
        return PolicyManager(self.store, lambda: self._releases.current)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    @cached_property
    def _releases(self) -> ReleaseManager:
        """The releases of the store; the active one is loaded."""
        folder = releases_root(self.settings.store)
        return ReleaseManager(
            self.store, folder, check_unknown_items(self.settings.unknown_items)
        )

    def _check_rules(self, rules: Any) -> None:
        """Raise if the catalogue lacks columns that recommendation rules need."""
        items = self.items
        encoded = Items(Vocabulary(items["item_id"]))
        RuleCompiler(items, encoded, np.ones(len(encoded), dtype=bool)).compile(rules)

    def _known_items(
        self, catalogue: Catalogue, items: Sequence[str] | None
    ) -> list[str] | None:
        """Return the candidates that the catalogue has; a note names the others."""
        if items is None:
            return None
        given = list(dict.fromkeys(items))
        unknown = unknown_items(catalogue, given)
        self.notes += (unknown_items_note(unknown, len(given)),) if unknown else ()
        return [item for item in given if item not in unknown]

    def _item_facts(self) -> ItemFacts:
        """Return facts of the items for reports; with content once there is a release."""
        items = self.tables.items
        if not self.store.releases():
            return ItemFacts.from_tables(self.tables)
        encoder = choose_encoder(self.settings.encoder, items, self.store).encoder
        _, blocks = ContentEncoder.fit_transform(items, encoder)
        return ItemFacts.from_tables(self.tables, Items(Vocabulary(items["item_id"]), blocks))


def check_store_file(url: str, *, create: bool) -> None:
    """Check that the file of a store may be opened.

    A file without a byte was truncated, or never filled. Opening it would make a new store of
    it, and hide that data is missing.

    Args:
        url: URL of the store.
        create: Whether the file may be missing.

    Raises:
        NotFoundError: There is no file.
        StoreError: The file has no bytes.
    """
    file = store_path(url)
    if file is None:
        return
    if not file.exists():
        if create:
            return
        raise NotFoundError(
            f"there is no store at {str(file)!r}", next_step=NextStep.IMPORT_DATA
        )
    if file.is_file() and not file.stat().st_size:
        raise StoreError(
            f"store {file} is empty (0 bytes): it was truncated, or never filled; restore a "
            "copy, or delete it to begin a new store"
        )


def _check_one_given(item: str | None, text: str | None) -> None:
    if (item is None) == (text is None):
        raise ConfigError("give either an item or a text", next_step=NextStep.DESCRIBE_ITEM)
