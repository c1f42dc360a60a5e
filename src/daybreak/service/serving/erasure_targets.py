"""What this process remembers of a user, and how it forgets."""

from daybreak.service.privacy import ErasureTarget
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.release_manager import ReleaseManager


def erasure_targets(
    stages: ReleaseManager, log: AnswerLog, answering: RecommendEngine
) -> dict[str, ErasureTarget]:
    """Return every place of this process where something of a user may be."""

    def follow(_: str) -> None:
        stages.sync()

    def unsay(_: str) -> None:
        for scene in stages.states():
            scene.state.query_builder.clear_text_cache()

    def histories(user: str) -> int:
        return sum(scene.histories.count_events(user) for scene in stages.states())

    def profiles(user: str) -> int:
        return sum(user in scene.state.profiles.rows for scene in stages.states())

    return {
        "waiting answers": ErasureTarget(log.count, log.forget),
        "live histories": ErasureTarget(histories, follow),
        "live profiles": ErasureTarget(profiles, follow),
        "live attributes": ErasureTarget(
            lambda user: int(user in stages.row_caches.users), follow
        ),
        "answers to be continued": ErasureTarget(
            answering.count_remembered, answering.forget_user
        ),
        "remembered sentences": ErasureTarget(lambda _: 0, unsay),
    }
