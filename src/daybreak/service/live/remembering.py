"""What this process remembers of a user, and how it forgets."""

from daybreak.service.live.answer_log import AnswerLog
from daybreak.service.live.answering import Answering
from daybreak.service.live.stages import Stages
from daybreak.service.privacy import Memory


def memories(stages: Stages, log: AnswerLog, answering: Answering) -> dict[str, Memory]:
    """Return every place of this process where something of a user may be."""

    def follow(_: str) -> None:
        stages.follow()

    def unsay(_: str) -> None:
        for scene in stages.scenes():
            scene.shelf.asking.forget()

    def histories(user: str) -> int:
        return sum(scene.histories.count(user) for scene in stages.scenes())

    def profiles(user: str) -> int:
        return sum(user in scene.shelf.profiles.rows for scene in stages.scenes())

    return {
        "waiting answers": Memory(log.count, log.forget),
        "live histories": Memory(histories, follow),
        "live profiles": Memory(profiles, follow),
        "live attributes": Memory(lambda user: int(user in stages.known.users), follow),
        "answers to be continued": Memory(answering.remembers, answering.forget),
        "remembered sentences": Memory(lambda _: 0, unsay),
    }
