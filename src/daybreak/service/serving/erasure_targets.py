"""Caches and queues of this process that may contain data of a user."""

from daybreak.service.privacy import ErasureTarget
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.engine import PaginationCache
from daybreak.service.serving.release_manager import ReleaseManager


def erasure_targets(
    releases: ReleaseManager, answer_log: AnswerLog, paginations: PaginationCache
) -> dict[str, ErasureTarget]:
    """Return all caches and queues of this process that may contain data of a user, by name.

    Args:
        releases: Releases in memory, with histories, profiles and cached texts.
        answer_log: Log with the waiting responses.
        paginations: Lists that may be continued.
    """

    def sync(_: str) -> None:
        releases.sync()

    def clear_remembered(_: str) -> None:
        for state in releases.states():
            state.query_builder.clear_text_cache()
            state.scorer.forget()

    def count_events(user: str) -> int:
        return sum(state.histories.count_events(user) for state in releases.states())

    def count_profiles(user: str) -> int:
        return sum(user in state.profiles.rows for state in releases.states())

    def count_rows(user: str) -> int:
        return int(user in releases.row_caches.users)

    return {
        "waiting answers": ErasureTarget(answer_log.count, answer_log.forget),
        "live histories": ErasureTarget(count_events, sync),
        "live profiles": ErasureTarget(count_profiles, sync),
        "live attributes": ErasureTarget(count_rows, sync),
        "answers to be continued": ErasureTarget(paginations.count, paginations.forget),
        "remembered sentences and scores": ErasureTarget(lambda _: 0, clear_remembered),
    }
