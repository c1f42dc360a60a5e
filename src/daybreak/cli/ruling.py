"""Options of lists: what may be in them, and in which order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from daybreak.ranking.rules import Boost, Quota, Rules

Where = Annotated[
    str | None,
    typer.Option(metavar="FILTER", help="Only items that fit, as in 'price < 10'."),
]
Category = Annotated[
    list[str] | None,
    typer.Option("--category", metavar="NAME", help="Only items of it; repeatable."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="ITEM", help="Never this item; repeatable."),
]
Boosts = Annotated[
    list[str] | None,
    typer.Option(
        "--boost",
        metavar="FACTOR:FILTER",
        help="More of what fits; repeatable: '2:price < 10'.",
    ),
]
Diversity = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="From 0, by score, to 1, items unlike each other."),
]
AtMost = Annotated[
    list[str] | None,
    typer.Option(
        "--at-most", metavar="N:COLUMN", help="Most items with one value of it; repeatable."
    ),
]
AtLeast = Annotated[
    list[str] | None,
    typer.Option("--at-least", metavar="N:FILTER", help="Fewest that fit; repeatable."),
]
Distinct = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="No value of it twice, as in title."),
]


def rules(
    where: str | None,
    category: Sequence[str] | None,
    exclude: Sequence[str] | None,
    boost: Sequence[str] | None,
    order: "tuple[float | None, Sequence[str] | None, Sequence[str] | None, str | None]",
) -> "Rules | None":
    """Return the rules of a list; None when nothing was said.

    Args:
        where: Filter.
        category: Categories.
        exclude: Items.
        boost: ``FACTOR:FILTER`` each.
        order: Diversity, ``N:COLUMN``, ``N:FILTER``, and the column without repetition.
    """
    from daybreak.ranking.rules import Rules

    diversity, at_most, at_least, distinct = order
    said = Rules(
        where=where or "",
        categories=tuple(category or ()),
        exclude=tuple(exclude or ()),
        boosts=tuple(_boost(text) for text in boost or ()),
        diversity=diversity or 0.0,
        quotas=(
            *(_quota(text, "--at-most") for text in at_most or ()),
            *(_quota(text, "--at-least") for text in at_least or ()),
        ),
        distinct=distinct,
    )
    return None if said == Rules() else said


def _boost(text: str) -> "Boost":
    from daybreak.ranking.rules import Boost

    factor, where = _parts(text, "--boost", "FACTOR:FILTER")
    return Boost(where, factor=factor)


def _quota(text: str, option: str) -> "Quota":
    from daybreak.errors import ConfigError
    from daybreak.ranking.rules import Quota

    most = option == "--at-most"
    number, what = _parts(text, option, "N:COLUMN" if most else "N:FILTER")
    if not number.is_integer():
        raise ConfigError(f"{option} needs a whole number before the colon, got {text!r}")
    if most:
        return Quota(each=what, at_most=int(number))
    return Quota(what, at_least=int(number))


def _parts(text: str, option: str, form: str) -> tuple[float, str]:
    from daybreak.errors import ConfigError

    number, separator, rest = text.partition(":")
    try:
        return float(number if separator and rest.strip() else ""), rest.strip()
    except ValueError as error:
        raise ConfigError(f"{option} must look like {form}, got {text!r}") from error
