"""Interests that move, in the library: of one user over time, and of the audience."""

from daybreak.evaluation.interest_plots import draw_moves, draw_shares
from daybreak.evaluation.plots import to_standalone_svg
from daybreak.service.inputs.frames import check_id
from daybreak.service.state.drift import DriftMeter
from daybreak.service.state.interests import (
    DEFAULT_POINTS,
    DEFAULT_TOPICS,
    InterestFlow,
    InterestMap,
    UserInterests,
    user_interests,
)
from daybreak.service.training.drift import DriftReading
from daybreak.service.updates import UpdatableRecommender


class InterestRecommender(UpdatableRecommender):
    """Base of :class:`Recommender`: the interests of users, and where they are moving."""

    objective: str = "cold_start"
    """What the weights are fitted for; copies of earlier versions have none."""

    def interests(
        self, user_id: str, *, topics: int = DEFAULT_TOPICS, points: int = DEFAULT_POINTS
    ) -> UserInterests:
        """Return the interests of a user over time, and what is expected next.

        Args:
            user_id: Id of a known user.
            topics: Largest number of topics, from 2 to 30.
            points: Largest number of points in time, from 1 to 100.

        Raises:
            NotFittedError: The recommender is not fitted.
            NotFoundError: Nothing is known about the user.
            ConfigError: A number is out of range.
        """
        state = self.state
        interests = InterestMap.from_state(state, topics)
        return user_interests(state, interests, str(check_id(user_id, "user_id")), points)

    def interest_flow(
        self, *, topics: int = DEFAULT_TOPICS, points: int = DEFAULT_POINTS
    ) -> InterestFlow:
        """Return where the interest of the audience is moving.

        Args:
            topics: Largest number of topics, from 2 to 30.
            points: Largest number of periods, from 1 to 100.

        Raises:
            NotFittedError: The recommender is not fitted.
            ConfigError: A number is out of range.
        """
        return InterestMap.from_state(self.state, topics).flow(points)

    def drift(self, since: float) -> tuple[DriftReading, ...]:
        """Return how far interests and content have drifted since a training.

        The reading of interests compares the topics of later events with those of earlier
        ones; that of content compares the items that were added after the training with those
        of the training. Each has a threshold and a sentence.

        Args:
            since: Time of the training, epoch [s]; later events are new.

        Raises:
            NotFittedError: The recommender is not fitted.
        """
        return DriftMeter().readings(self.state, since)


def interests_svg(interests: UserInterests) -> str:
    """Return the interests of a user over time as the content of an SVG file."""
    names = [topic.name for topic in interests.topics]
    points = interests.points
    picture = draw_shares(
        names, [point.at for point in points], [point.shares for point in points]
    )
    return to_standalone_svg(picture.svg)


def flow_svg(flow: InterestFlow) -> str:
    """Return the share of each topic now and next as the content of an SVG file."""
    names = [topic.name for topic in flow.topics]
    return to_standalone_svg(draw_moves(names, flow.current, flow.expected).svg)
