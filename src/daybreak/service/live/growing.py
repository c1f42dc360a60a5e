"""What makes answers better in the long run: questions, exploration, experiments."""

from collections.abc import Sequence

import polars as pl

from daybreak.service.experiments import Experiments
from daybreak.service.exploring import Explorer
from daybreak.service.inputs import check_k
from daybreak.service.live.stages import Stages
from daybreak.service.onboarding import Said, next_questions


class Growing:
    """The part of a live service that learns on purpose."""

    _stages: Stages
    _explorer: Explorer
    _experiments: Experiments

    def onboarding(
        self,
        n: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        attributes: bool = False,
    ) -> pl.DataFrame:
        """Return what to ask somebody new; see :meth:`daybreak.Recommender.onboarding`."""
        check_k(n)
        scene, said = self._stages.now, Said(tuple(yes), tuple(asked))
        return next_questions(scene.shelf, scene.histories, n, said, attributes=attributes)

    @property
    def explorer(self) -> Explorer:
        """Puts new items into answers, where it is asked to."""
        return self._explorer

    @property
    def experiments(self) -> Experiments:
        """Who sees what, and what came of it."""
        return self._experiments
