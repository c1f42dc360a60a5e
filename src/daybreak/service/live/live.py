"""The live service: one object a process, thread-safe, from store to answer."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from daybreak.config import Settings
from daybreak.errors import DaybreakError
from daybreak.service.live.accepted import Accepted
from daybreak.service.live.answer_log import AnswerLog
from daybreak.service.live.answered import Answered
from daybreak.service.live.answering import Answering
from daybreak.service.live.ask import Ask
from daybreak.service.live.stages import Stages
from daybreak.service.live.writing import Writing
from daybreak.service.privacy import Pseudonyms
from daybreak.service.shop import store_file
from daybreak.store import open_store

log = logging.getLogger(__name__)


class Live:
    """Answers while events, items and releases come in.

    Every write is on the disk before the call returns, and counts in the next answer of this
    process; other processes follow within ``poll_s``.

    Args:
        settings: Which store.
        poll_s: How often the store is looked at for what other processes wrote [s].
        pseudonyms: Replaces ids of users by keyed hashes before anything is kept.

    Raises:
        StoreError: The store cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        poll_s: float = 1.0,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        file = store_file(settings.store)
        self.settings = settings
        self.store = open_store(settings.store)
        self.journal = self.store.journal
        self._stages = Stages(self.store, None if file is None else file.parent)
        self._log = AnswerLog(self.journal)
        self._writing = Writing(self.store, pseudonyms)
        self._answering = Answering(self._stages, self._log, pseudonyms)
        self._stop = Event()
        self._follower = Thread(
            target=self._follow, args=(poll_s,), name="follower", daemon=True
        )
        self._follower.start()

    def add_events(self, rows: Sequence[Mapping[str, Any]]) -> Accepted:
        """Add events; bad rows are listed, the others are stored.

        Args:
            rows: ``item_id`` and ``user_id`` or ``session_id``; if known ``event_id,
                event_type, value, timestamp, domain, recommendation_id``.

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

    def close(self) -> None:
        """Answer what was asked, write the log, close the store."""
        if not self._stop.is_set():
            self._stop.set()
            self._answering.batcher.close()
            self._follower.join()
            self._log.close()
            self.store.close()

    def _seen(self, accepted: Accepted) -> Accepted:
        """Let what was written count in the next answer."""
        try:
            self._stages.follow()
        except DaybreakError as error:  # it is stored; the follower tries again
            log.warning("what was written will be seen later: %s", error)
        return accepted

    def _follow(self, poll_s: float) -> None:
        while not self._stop.wait(poll_s):
            try:
                self._stages.follow()
                self._stages.watch()
                self._stages.refresh()
            except DaybreakError as error:
                log.warning("the store cannot be followed: %s", error)
            except Exception:  # the service goes on; the next round tries again
                log.exception("following the store failed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
