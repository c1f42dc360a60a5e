"""Interests that move, in a running service; topics are computed at most once a minute."""

import time
from dataclasses import dataclass
from threading import Lock

from daybreak.service.privacy import Pseudonyms
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.state.interests import (
    DEFAULT_POINTS,
    DEFAULT_TOPICS,
    InterestFlow,
    InterestMap,
    UserInterests,
    user_interests,
)

MAX_AGE_S = 60.0
"""Age from which the topics are computed again [s]."""
MAX_MAPS = 4
"""Numbers of topics whose maps are kept."""


@dataclass(frozen=True, eq=False)
class _DatedMap:
    release: str
    computed_at: float
    interests: InterestMap


class InterestsResource:
    """Interests of users and of the audience, from the current release.

    Args:
        releases: Releases in memory.
        pseudonyms: Replaces ids of users; None: ids are kept.
    """

    def __init__(self, releases: ReleaseManager, pseudonyms: Pseudonyms | None) -> None:
        self._releases = releases
        self._pseudonyms = pseudonyms
        self._maps: dict[int, _DatedMap] = {}
        self._lock = Lock()

    def of_user(
        self, user_id: str, topics: int = DEFAULT_TOPICS, points: int = DEFAULT_POINTS
    ) -> UserInterests:
        """Return the interests of a user; see :meth:`daybreak.Recommender.interests`."""
        stored = user_id if self._pseudonyms is None else self._pseudonyms.of(user_id)
        found = user_interests(self._releases.current, self._map(topics), stored, points)
        return UserInterests(**(vars(found) | {"user_id": user_id}))

    def flow(self, topics: int = DEFAULT_TOPICS, points: int = DEFAULT_POINTS) -> InterestFlow:
        """Return where the audience moves; see :meth:`daybreak.Recommender.interest_flow`."""
        return self._map(topics).flow(points)

    def _map(self, topics: int) -> InterestMap:
        state = self._releases.current
        with self._lock:  # one computation serves all requests that wait for it
            kept = self._maps.get(topics)
            is_fresh = kept is not None and time.monotonic() - kept.computed_at < MAX_AGE_S
            if kept is not None and is_fresh and kept.release == state.release:
                return kept.interests
            made = _DatedMap(
                state.release, time.monotonic(), InterestMap.from_state(state, topics)
            )
            self._maps = {**dict(list(self._maps.items())[1 - MAX_MAPS :]), topics: made}
            return made.interests
