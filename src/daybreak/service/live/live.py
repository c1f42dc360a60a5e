"""The live service: one object a process, thread-safe, from store to answer."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import polars as pl

from daybreak.closing import Closing
from daybreak.config import Settings
from daybreak.data import EVENT_COLUMNS
from daybreak.errors import ConfigError, DaybreakError
from daybreak.ranking.rules import Rules
from daybreak.service.experiments import Experiments, Knowledge
from daybreak.service.exploring import Explorer
from daybreak.service.inputs import check_k
from daybreak.service.live.accepted import Accepted
from daybreak.service.live.answer_log import AnswerLog
from daybreak.service.live.answered import Answered, Reason, Recommended
from daybreak.service.live.answering import Answering
from daybreak.service.live.ask import Ask
from daybreak.service.live.browsing import Browsing, Page
from daybreak.service.live.duties import Duties
from daybreak.service.live.growing import Growing
from daybreak.service.live.incoming import asker_of
from daybreak.service.live.keeping_fresh import KeepingFresh
from daybreak.service.live.options import LiveOptions
from daybreak.service.live.remembering import memories
from daybreak.service.live.stages import Stages
from daybreak.service.live.watching import Watching
from daybreak.service.live.writing import Writing
from daybreak.service.privacy import Proof, erase, export
from daybreak.service.retraining import Trainer
from daybreak.service.shop import release_home
from daybreak.store import Release, open_store

log = logging.getLogger(__name__)


_SAME = ("user_id", "item_id", "event_type", "value", "timestamp")
"""What makes an event without an id the one it is."""


class Live(Growing, Closing):
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
        options: LiveOptions | None = None,
    ) -> None:
        options = options or LiveOptions()
        pseudonyms = options.pseudonyms
        self.settings = settings
        self.store = open_store(settings.store)
        self.journal = self.store.journal
        self._stages = Stages(self.store, release_home(settings.store))
        self._log = AnswerLog(self.journal)
        self._writing = Writing(self.store, pseudonyms)
        self._answering = Answering(self._stages, self._log, pseudonyms)
        self._experiments = self._answering.experiments = Experiments(
            self.journal,
            releases=lambda: [release.id for release in self.store.releases()],
            known=self._knowledge,
            check=self._check,
        )
        self._explorer = self._answering.explorer = Explorer(
            self.journal, budget=options.exposure, options=options.exploring, seed=settings.seed
        )
        self._explorer.rest = math.inf  # the duties look for new items
        self._answering.explores = options.explore
        self._browsing = Browsing(self.store, self._stages)
        self._trainer = Trainer(settings, self.journal, options=options.train_options)
        self._fresh = KeepingFresh(self.store, self._stages, self._trainer, options.retrain)
        self._pseudonyms = self.pseudonyms = pseudonyms
        self._closed = False
        self._watching = Watching(
            self.store,
            self._stages,
            self._log,
            self._trainer,
            lambda: self._answering.batcher.waiting,
            lambda: self._fresh.drift,
        )
        self._duties = Duties(
            self.journal, self._stages, self._answering, self._fresh, options.retention
        )
        self._duties.experiments()
        self._duties.exposure()
        self._duties.start(poll_s)

    def add_events(self, rows: Sequence[Mapping[str, Any]]) -> Accepted:
        """Add events; bad rows are listed, the others are stored.

        Args:
            rows: ``item_id`` and ``user_id`` or ``session_id``; if known ``event_id,
                event_type, value, timestamp, domain, recommendation_id, context``.

        Raises:
            StoreError: Nothing could be stored.
        """
        return self._seen(self._writing.events(rows))

    def put_items(
        self, rows: Sequence[Mapping[str, Any]], *, partial: bool = False
    ) -> Accepted:
        """Add items, or replace what is known of them.

        Args:
            rows: ``item_id`` and any attributes.
            partial: Whether attributes that a row does not name stay as they are.

        Raises:
            StoreError: Not everything could be stored.
        """
        items = self._stages.known.items
        return self._seen(self._writing.side(rows, items, partial=partial))

    def put_users(
        self, rows: Sequence[Mapping[str, Any]], *, partial: bool = False
    ) -> Accepted:
        """Add profiles, or replace what is known; see :meth:`put_items`."""
        users = self._stages.known.users
        return self._seen(self._writing.side(rows, users, partial=partial))

    def recommend(self, ask: Ask) -> Answered:
        """Return the best items; concurrent calls are answered together.

        Raises:
            DataError: The profile or an event of the ask cannot be used.
        """
        return self.submit(ask).result()

    def submit(self, ask: Ask) -> "Future[Answered]":
        """Do :meth:`recommend` without waiting for the answer."""
        return self._answering.batcher.submit(self._answering.wish(ask))

    def recommend_many(self, asks: Sequence[Ask]) -> list[Answered | DaybreakError]:
        """Answer many asks at once; what is wrong with one costs the others nothing."""
        found: list[Any] = [None] * len(asks)
        wishes = []
        for place, ask in enumerate(asks):
            try:
                wishes.append((place, self._answering.wish(ask)))
            except DaybreakError as error:
                found[place] = error
        answers = self._answering.answer([wish for _, wish in wishes])
        for (place, _), answer in zip(wishes, answers, strict=True):
            found[place] = answer
        return found

    def more(self, recommendation_id: str, n: int = 10) -> Answered:
        """Continue an answer: the next items, none of them shown before.

        Raises:
            NotFoundError: Nobody knows such an answer.
        """
        return self._answering.more(recommendation_id, n)

    def rank(self, ask: Ask, items: Sequence[str]) -> Answered:
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

    def explain(self, user_id: str, item_id: str) -> tuple[Reason, ...]:
        """Return every piece of evidence of one score; the values add up to it.

        Raises:
            NotFoundError: Nobody knows the item.
        """
        self._browsing.one(self._stages.known.items, item_id)
        return self._answering.explain(Ask(user_id=user_id), item_id)

    def similar(
        self,
        item_id: str | None = None,
        text: str | None = None,
        n: int = 10,
        where: str = "",
    ) -> tuple[Recommended, ...]:
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
        return self._browsing.similar(item_id, text, n, rules)

    def popular(self, n: int = 10, rules: Rules | None = None) -> tuple[Recommended, ...]:
        """Return the items of most users; events count within seconds."""
        return self._browsing.chart("popular", n, rules)

    def trending(self, n: int = 10, rules: Rules | None = None) -> tuple[Recommended, ...]:
        """Return the items of most users of late."""
        return self._browsing.chart("trending", n, rules)

    def latest(self, n: int = 10, rules: Rules | None = None) -> tuple[Recommended, ...]:
        """Return the newest items."""
        return self._browsing.chart("latest", n, rules)

    def embed(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return ``vectors`` of texts by the release's text model, ``dimension`` and ``model``.

        Raises:
            NotFittedError: The release has none.
        """
        return self._browsing.embed(texts)

    def item(self, item_id: str) -> dict[str, Any]:
        """Return an item with its attributes.

        Raises:
            NotFoundError: Nobody knows it.
        """
        return self._browsing.one(self._stages.known.items, item_id)

    def user(self, user_id: str) -> dict[str, Any]:
        """Return a user with the attributes that are known.

        Raises:
            NotFoundError: Nobody knows the user.
        """
        found = self._browsing.one(self._stages.known.users, self._inside(user_id))
        return {**found, "user_id": user_id}

    def items(self, cursor: str | None = None, n: int = 100) -> Page:
        """Return a page of the catalogue, in the order in which items came."""
        return self._browsing.page(self._stages.known.items, cursor, n)

    def users(self, cursor: str | None = None, n: int = 100) -> Page:
        """Return a page of users, in the order in which they came."""
        return self._browsing.page(self._stages.known.users, cursor, n)

    def events(
        self,
        user: str | None = None,
        item: str | None = None,
        cursor: str | None = None,
        n: int = 100,
    ) -> Page:
        """Return a page of events, in the order in which they came."""
        return self._browsing.events(
            None if user is None else self._inside(user), item, cursor, n
        )

    def delete_item(self, item_id: str) -> bool:
        """Delete an item with its events; say whether it was there."""
        erased = self.journal.erase(items=[item_id])
        self._explorer.forget([item_id])
        self._stages.follow()
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
        gone = self.journal.erase(events=list(event_ids)).events if event_ids else 0
        named = {"user_id": None if user is None else self._inside(user), "item_id": item}
        given = {name: [value] for name, value in named.items() if value is not None}
        if given:
            given |= {} if kind is None else {"event_type": [kind]}
            gone += self.journal.erase(events=pl.DataFrame(given)).events
        if equal_to:
            rows = [{name: row.get(name) for name in _SAME} for row in equal_to]
            schema = dict(EVENT_COLUMNS)
            frame = pl.DataFrame(rows, schema={name: schema[name] for name in _SAME})
            gone += self.journal.erase(events=frame).events
        self._stages.follow()
        return gone

    def erase_user(self, user_id: str) -> Proof:
        """Erase a user everywhere, and prove it by looking again."""
        places = memories(self._stages, self._log, self._answering)
        return erase(self.store, self._inside(user_id), time.time(), places)

    def export_user(self, user_id: str) -> dict[str, Any]:
        """Return everything that is kept of a user: attributes, events, answers."""
        self._log.flush()
        return {**export(self.store, self._inside(user_id)), "user_id": user_id}

    def merge(self, anonymous: str, user: str) -> int:
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
        known, visitor = asker_of(anonymous, anonymous, self._pseudonyms)
        moved = 0
        self._log.flush()
        for name in (visitor, known):
            if name is not None and name in self._stages.known.users:
                moved += self.journal.merge(name, self._inside(user))
        self._stages.follow()
        return moved

    def releases(self) -> list[Release]:
        """Return all releases, the newest first; ``active`` is the one that answers here."""
        mine = self._stages.now.release
        return [replace(one, active=one.id == mine) for one in self.store.releases()]

    def activate(self, id: str) -> str:
        """Put a release into use, in every process; requests go on being answered.

        Raises:
            NotFoundError: There is no such release.
            DataError: It is damaged; the one in use stays.
        """
        return self._stages.activate(id).release

    def rollback(self) -> str:
        """Put the release of before into use again.

        Raises:
            NotFoundError: There is none.
        """
        return self._stages.rollback().release

    def retrain(self, *, wait: bool = False, reason: str = "asked for") -> str:
        """Start a training in a process of its own; its release goes through the gate.

        Args:
            wait: Whether to return only when it has ended, and its release is in use.
            reason: Why, for whoever reads :meth:`tasks`.

        Returns:
            The id of the task; of the one that is running if there is one.
        """
        task = self._trainer.start(reason)
        if wait:
            self._trainer.wait(task)
            self._stages.watch()
        return task

    def tasks(self) -> list[dict[str, Any]]:
        """Return trainings, the latest first."""
        return [task.to_dict() for task in self._trainer.tasks()]

    def status(self) -> dict[str, Any]:
        """Return what is in use, how much is known, and what is not as it should be."""
        exposure = vars(self._explorer.outlook())
        rates = self._experiments.rates()
        return self._watching.status() | {"experiment_ctr": rates, "exposure": exposure}

    def close(self) -> None:
        """Answer what was asked, write the log, close the store."""
        if not self._closed:
            self._closed = True
            self._answering.close()
            self._duties.close()
            self._log.close()
            self.store.close()

    def _knowledge(self) -> Knowledge:
        """Return what is known of items, for reports."""
        return Knowledge.of(self.store.tables(), self._stages.now.shelf.catalogue.items)

    def _check(self, rules: Rules) -> object:
        """Refuse rules that the catalogue in use cannot follow."""
        return self._stages.now.shelf.answers.rulebook.ruling(rules)

    def _inside(self, user: str) -> str:
        """Return under which id a user is stored."""
        return user if self._pseudonyms is None else self._pseudonyms.of(user)

    def _seen(self, accepted: Accepted) -> Accepted:
        """Let what was written count in the next answer."""
        try:
            self._stages.follow()
        except DaybreakError as error:  # it is stored; the follower tries again
            log.warning("what was written will be seen later: %s", error)
        return accepted
