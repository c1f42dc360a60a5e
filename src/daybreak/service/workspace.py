"""A store and the recommender that was learned from it: one shop, from import to answer."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

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
from daybreak.encoders.content import ContentEncoder
from daybreak.errors import ConfigError, DataError, NextStep, NotFoundError
from daybreak.evaluation import Report
from daybreak.service.experiments import ExperimentManager, ItemFacts
from daybreak.service.recommender import Recommender
from daybreak.service.releases.gate import GateResult
from daybreak.service.releases.release import releases_root, store_path
from daybreak.service.state.profiles import AdHocProfile
from daybreak.service.state.rules import RuleCompiler
from daybreak.service.training.encoder_choice import choose_encoder
from daybreak.service.training.fit import TrainingBudget
from daybreak.store import Release, Store, WriteResult, open_store

RULES_SETTING = "rules"
"""Setting of the store under which the rules for events are kept."""


@dataclass(frozen=True)
class TrainingResult:
    """What one training made."""

    release: Release
    measured: Mapping[str, Any]
    """What the simulated cold starts measured; see :attr:`Recommender.report`."""
    notes: tuple[str, ...]
    seconds: float = field(compare=False)
    verdict: GateResult | None = None
    """Against the release before; None: not asked for."""


@dataclass(frozen=True)
class TrainOptions:
    """On what terms a training begins, and takes the place of the release in use."""

    gate: bool = True
    """Whether the two are compared first."""
    force: bool = False
    """Whether it takes the place whatever they are found to be."""
    start: str | None = None
    """A release to go on from: its id, its folder, or ``active``."""
    keep_weights: bool = False
    """Whether the weights of the start are taken as they are."""
    budget: TrainingBudget = field(default_factory=TrainingBudget)
    """How much it may take."""


class Workspace(ClosesOnExit):
    """Everything that commands do with one store.

    Args:
        settings: Which store, which encoder, which seed.
        create: Whether a store that is not there yet is made; else that is an error.

    Raises:
        NotFoundError: There is no such store.
        StoreError: It cannot be used.
    """

    def __init__(self, settings: Settings, *, create: bool = False) -> None:
        file = store_path(settings.store)
        if file is not None and not create and not file.exists():
            raise NotFoundError(
                f"there is no store at {str(file)!r}", next_step=NextStep.IMPORT_DATA
            )
        self.settings = settings
        self.store: Store = open_store(settings.store)
        self._folder = releases_root(settings.store)

    def write_import(self, result: ImportResult) -> WriteResult:
        """Add what was read; rules that a person gave are kept for the next training."""
        written = self.store.write(result.tables, event_ids=result.event_ids)
        if result.rules != EventRules():
            self.store.settings({RULES_SETTING: asdict(result.rules)})
        self.__dict__.pop("tables", None)
        return written

    @cached_property
    def tables(self) -> Tables:
        """Everything in the store."""
        return self.store.tables()

    @property
    def rules(self) -> EventRules:
        """The rules given at import; none given: the data choose."""
        return EventRules(**self.store.settings().get(RULES_SETTING, {}))

    def check_data(self, rules: EventRules | None = None) -> list[Finding]:
        """Check everything in the store, with other rules for events if they are given."""
        return validate(ImportResult(self.tables, Rejects(), {}, (), rules or self.rules))

    def new_recommender(
        self, strategies: str | Sequence[str] = "auto", budget: TrainingBudget | None = None
    ) -> Recommender:
        """Return an unfitted recommender with the settings; it keeps its vectors in the store.

        Raises:
            DataError: The store has no items.
        """
        if not self.tables.items.height:
            raise DataError("the store has no items", next_step=NextStep.IMPORT_DATA)
        return Recommender(
            strategies=strategies,
            encoder=choose_encoder(self.settings.encoder, self.tables.items, self.store),
            rules=self.rules,
            seed=self.settings.seed,
            budget_s=budget.budget_s if budget else None,
            search=bool(budget and budget.search),
        )

    def encode_catalogue(self) -> None:
        """Encode the catalogue now; trainings find its vectors in the store."""
        encoder = choose_encoder(self.settings.encoder, self.tables.items, self.store).encoder
        ContentEncoder.fit_transform(self.tables.items, encoder)

    def train(
        self,
        strategies: str | Sequence[str] = "auto",
        progress: Any = None,
        options: TrainOptions | None = None,
    ) -> TrainingResult:
        """Learn from the store, and put the release into use.

        Args:
            strategies: Who competes.
            progress: Told what is being done.
            terms: With what it begins, and when the release may take its place.

        Raises:
            ConfigError: The store is in memory, so a release has no place.
            DataError: The store has no items.
            GateRefusedError: It is worse than the release in use, which stays.
        """
        if self._folder is None:
            raise ConfigError("a store in memory has no place for releases; use a file")
        start = time.perf_counter()
        options = options or TrainOptions()
        model = self.new_recommender(strategies, options.budget).fit(
            self.tables,
            start=None if options.start is None else self.find_release(options.start),
            keep_weights=options.keep_weights,
            progress=progress,
        )
        now = time.time()
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{uuid4().hex[:4]}"
        place = Path("releases") / name
        verdict = self._save_release(model, self._folder / place, options, progress)
        seconds = time.perf_counter() - start
        facts = {
            "events": self.tables.events.height,
            "items": self.tables.items.height,
            "users": self.tables.users.height,
            "seconds": round(seconds, 1),
            "seed": self.settings.seed,
        }
        if verdict is not None:
            facts |= {"passed": verdict.passed, "forced": verdict.forced}
        release = Release(name, now, place.as_posix(), facts, active=True)
        self.store.put_release(release)
        return TrainingResult(release, model.report, model.notes, seconds, verdict)

    def _save_release(
        self, model: Recommender, folder: Path, options: TrainOptions, progress: Any
    ) -> GateResult | None:
        """Save a training; through the gate unless that is not wanted."""
        if not options.gate:
            model.save(folder)
            return None
        active = next((found for found in self.store.releases() if found.active), None)
        over = folder if active is None else self.release_folder(active)
        return model.release(
            folder, self.tables, over=over, force=options.force, progress=progress
        )

    def compare_releases(self, new: str, old: str, progress: Any = None) -> GateResult:
        """Return how a release would do in the place of another; see :meth:`find_release`."""
        model = Recommender.load(self.find_release(new))
        return model.compare(self.find_release(old), self.tables, progress=progress)

    def find_release(self, name: str) -> Path:
        """Return the folder of a release: its id, ``active``, or the folder itself.

        Raises:
            NotFoundError: There is no such release.
        """
        if name == "active":
            return self.release_folder(self.active_release)
        known = {release.id: release for release in self.store.releases()}
        if name in known:
            return self.release_folder(known[name])
        if not Path(name).is_dir():
            listed = ", ".join(known) or "none"
            raise NotFoundError(
                f"no release {name!r}; give a folder, active, or an id; known: {listed}"
            )
        return Path(name)

    @property
    def active_release(self) -> Release:
        """The release in use.

        Raises:
            NotFoundError: Nothing has been trained, or its folder is gone.
        """
        active = next((found for found in self.store.releases() if found.active), None)
        if active is None:
            raise NotFoundError("nothing has been trained yet", next_step=NextStep.TRAIN)
        if not self.release_folder(active).is_dir():
            raise NotFoundError(
                f"the folder {active.folder!r} of the active release {active.id} is missing",
                next_step=NextStep.TRAIN,
            )
        return active

    def release_folder(self, release: Release) -> Path:
        """Return where a release lies: beside the store, so that both can be moved."""
        return (self._folder or Path()) / release.folder

    def load_recommender(self) -> Recommender:
        """Return the release in use, with all that came, changed or went since.

        Raises:
            NotFoundError: Nothing has been trained.
        """
        model = Recommender.load(
            self.release_folder(self.active_release), users=self.tables.users
        )
        known = set(self.tables.items["item_id"])
        gone = [item for item in model.items["item_id"] if item not in known]
        model.remove_items(gone).update_items(self.tables.items)
        return model.add_events(self.tables.events)

    def evaluate(self, strategies: Sequence[str] = (), **options: Any) -> Report:
        """Judge the default recommender, each named strategy alone, random and popular.

        Args:
            strategies: Names out of the line-up.
            **options: ``k``, ``slices``, ``cold_items``, ``progress``; see
                :meth:`Recommender.evaluate`.
        """
        model = self.new_recommender()
        options = {"k": self.settings.k, **options}
        report: Report = model.evaluate(self.tables, also=strategies, **options)
        return report

    def recommend(
        self, users: Sequence[str], profile: AdHocProfile | None = None, **options: Any
    ) -> Any:
        """Return the answer of the release in use, with titles; see ``Recommender.recommend``.

        Args:
            users: Known or not.
            said: What the request brings about them.
            **options: Of :meth:`Recommender.recommend`.
        """
        profile = profile or AdHocProfile()
        model = self.load_recommender()
        self._check_items(profile.items, model)
        answer = model.recommend(
            users,
            profiles=profile.profiles(users),
            histories=profile.histories(users),
            **{"k": self.settings.k, **options},
        )
        return add_titles(answer, self.tables.items)

    def similar_items(self, item: str | None, text: str | None) -> pl.DataFrame:
        """Return the items most like an item or a text, with titles.

        Raises:
            ConfigError: Not exactly one of the two was given.
            NotFoundError: The item is not in the catalogue.
        """
        _check_one_given(item, text)
        model = self.load_recommender()
        self._check_items([item] if item else [], model)
        answer = model.similar_items(
            [item] if item else None, texts=[text] if text else None, k=self.settings.k
        )
        return add_titles(answer, self.tables.items)

    def find_audience(self, item: str | None, text: str | None) -> pl.DataFrame:
        """Return the users who would like an item best, with what is known of them.

        Raises:
            ConfigError: Not exactly one of the two was given.
            NotFoundError: The item is not in the catalogue.
        """
        _check_one_given(item, text)
        answer = self.load_recommender().audience(item, text=text, k=self.settings.k)
        return answer.join(self.tables.users, on="user_id", how="left", maintain_order="left")

    def explain(self, user: str, item: str) -> pl.DataFrame:
        """Return the evidence of one score: kind, name, title, value; the values add up to it.

        Raises:
            NotFoundError: The item is not in the catalogue.
        """
        model = self.load_recommender()
        self._check_items([item], model)
        return model.explain(user, item)

    def experiments(self) -> ExperimentManager:
        """Return the experiments of the store; reports read the content of the release."""
        return ExperimentManager(
            self.store.journal,
            releases=lambda: [release.id for release in self.store.releases()],
            item_facts=self._item_facts,
            check_rules=lambda rules: self._rule_compiler().compile(rules),
        )

    def _rule_compiler(self) -> RuleCompiler:
        """Return what turns rules into lists, for whoever wants to know whether it can."""
        items = self.tables.items
        known = Items(Vocabulary(items["item_id"]))
        return RuleCompiler(items, known, np.ones(len(known), dtype=bool))

    def _item_facts(self) -> ItemFacts:
        """Return what is known of items; their content once a training has encoded it."""
        items = self.tables.items
        if not self.store.releases():
            return ItemFacts.from_tables(self.tables)
        encoder = choose_encoder(self.settings.encoder, items, self.store).encoder
        _, blocks = ContentEncoder.fit_transform(items, encoder)
        return ItemFacts.from_tables(self.tables, Items(Vocabulary(items["item_id"]), blocks))

    def _check_items(self, items: Sequence[str], model: Recommender) -> None:
        """Refuse an item that a person has mistyped; a program may ask about any."""
        known = set(model.items["item_id"])
        for item in items:
            if item not in known:
                raise NotFoundError(
                    f"no item {item!r} in the catalogue of {len(known):,} items",
                    next_step=NextStep.DESCRIBE_ITEM,
                )

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def add_titles(frame: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Return an answer with the title of each item beside its id, where items have one.

    Example:
        >>> items = pl.DataFrame({"item_id": ["1"], "title": ["Green tea"]})
        >>> add_titles(pl.DataFrame({"item_id": ["1"], "rank": [1]}), items).row(0)
        ('1', 'Green tea', 1)
    """
    if "title" not in items.columns:
        return frame
    titles = items.select("item_id", "title")
    at = frame.columns.index("item_id") + 1
    joined = frame.join(titles, on="item_id", how="left", maintain_order="left")
    return joined.select(*frame.columns[:at], "title", *frame.columns[at:])


def _check_one_given(item: str | None, text: str | None) -> None:
    if (item is None) == (text is None):
        raise ConfigError("give either an item or a text", next_step=NextStep.DESCRIBE_ITEM)
