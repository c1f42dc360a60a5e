"""The parts of a store that exploration needs, in memory: a replay writes many rows."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from daybreak.store import LoggedRecommendation


class MemoryStore:
    """Logged recommendations and documents."""

    def __init__(self) -> None:
        self._recommendations: list[LoggedRecommendation] = []
        self._documents: dict[str, dict[str, Any]] = {}

    def put_recommendations(self, recommendations: Sequence[LoggedRecommendation]) -> None:
        """Add recommendations; they must come in the order of their times."""
        self._recommendations.extend(recommendations)

    def recommendations(self, *, since: float, until: float) -> list[LoggedRecommendation]:
        """Return the recommendations of a span of time, oldest first."""
        found = []
        for one in reversed(self._recommendations):
            if one.at < since:
                break
            if one.at < until:
                found.append(one)
        return found[::-1]

    def put_documents(
        self, kind: str, documents: Mapping[str, Mapping[str, Any] | None]
    ) -> None:
        """Add or replace documents."""
        self._documents.setdefault(kind, {}).update(cast(Any, documents))

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the documents of a kind by id."""
        return dict(self._documents.get(kind, {}))
