"""What a server does with changed items in the background, at once."""

from daybreak.service.state.serving_state import ServingState


def compacted(state: ServingState) -> ServingState:
    """Return a state whose first scorer covers all items except new ones."""
    scorer = state.scorer
    if not scorer.n_changed():
        return state
    for first in scorer.compaction_steps():
        scorer = scorer.with_first_scorer(first)
    return state.with_scorer(scorer.without_changed())
