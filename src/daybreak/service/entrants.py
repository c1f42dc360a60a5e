"""Who competes: the line-up, and every other model there is."""

from collections.abc import Sequence

from daybreak.errors import ConfigError
from daybreak.models import models
from daybreak.ranking.contest import Blended, Contestant, Progress
from daybreak.ranking.strategies import LINE_UP, Strategy


def entrants(
    names: Sequence[str] = (), *, auto: bool = False, say: Progress = lambda _: None
) -> tuple[Contestant, ...]:
    """Return the strategies of these names; no names: all of them.

    Args:
        names: Of strategies of the line-up, or of models that are in none of them.
        auto: Whether the blend of the line-up competes too.
        say: Told of the steps of the blend.

    Raises:
        ConfigError: There is no such strategy.

    Example:
        >>> [entrant.name for entrant in entrants(["ease", "popular"], auto=True)]
        ['ease', 'popular', 'auto']
    """
    known = {strategy.name: strategy for strategy in everybody()}
    for name in names:
        if name not in known:
            raise ConfigError(f"no strategy {name!r}; known: {', '.join(known)}")
    chosen: tuple[Contestant, ...] = tuple(known[name] for name in names or known)
    return (*chosen, Blended(LINE_UP, say=say)) if auto else chosen


def everybody() -> tuple[Strategy, ...]:
    """Return the line-up, and a strategy for each registered model that it does not use."""
    used = {strategy.model for strategy in LINE_UP}
    others = (name for name in models if name not in used)
    return (*LINE_UP, *(Strategy(name, name, new=models[name].content) for name in others))
