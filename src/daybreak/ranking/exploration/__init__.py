"""Exploration of new items: Thompson sampling for open ranks, exposure budgets, uncertainty.

It may import models and data, not the other packages of ranking. Start reading at
:func:`~daybreak.ranking.exploration.thompson.sample_slots`.
"""

from daybreak.deprecation import deprecated_names

_THOMPSON = "daybreak.ranking.exploration.thompson"

__getattr__ = deprecated_names(
    __name__,
    {
        "Exploring": f"{_THOMPSON}.ExplorationConfig",
        "Hopes": f"{_THOMPSON}.ScorePosterior",
        "most_lost": f"{_THOMPSON}.max_ndcg_loss",
        "pick_all": f"{_THOMPSON}.sample_slots",
        "win_chances": f"{_THOMPSON}.win_probabilities",
    },
)
