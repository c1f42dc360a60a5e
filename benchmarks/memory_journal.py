"""The parts of a journal that exploration needs, in memory: a replay writes a lot."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from daybreak.store.base import Journal, LoggedRecommendation


class MemoryJournal(Journal):
    """Answers and records; nothing else is asked in a replay."""

    def __init__(self) -> None:
        self._answers: list[LoggedRecommendation] = []
        self._records: dict[str, dict[str, Any]] = {}

    def put_recommendations(self, recommendations: Sequence[LoggedRecommendation]) -> None:
        """Keep answers; they come in the order of time."""
        self._answers.extend(recommendations)

    def recommendations(self, **conditions: Any) -> list[LoggedRecommendation]:
        """Return the answers of a span of time."""
        low, high = conditions["since"], conditions["until"]
        found = []
        for answer in reversed(self._answers):
            if answer.at < low:
                break
            if answer.at < high:
                found.append(answer)
        return found[::-1]

    def put_documents(
        self, kind: str, documents: Mapping[str, Mapping[str, Any] | None]
    ) -> None:
        """Keep documents."""
        self._records.setdefault(kind, {}).update(cast(Any, documents))

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return documents."""
        return dict(self._records.get(kind, {}))

    def changes(self, since: int) -> Any:
        """Never asked."""
        raise NotImplementedError

    def reactions(self, **conditions: Any) -> Any:
        """Never asked."""
        raise NotImplementedError

    def recommendation_summaries(self, **conditions: Any) -> Any:
        """Never asked."""
        raise NotImplementedError

    def event_page(self, **conditions: Any) -> Any:
        """Never asked."""
        raise NotImplementedError

    def erase(self, **what: Any) -> Any:
        """Never asked."""
        raise NotImplementedError

    def merge_users(self, old: str, new: str) -> int:
        """Never asked."""
        raise NotImplementedError
