"""Recognise the columns of a table by name, show the result, let the caller overrule it."""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass

from daybreak.data.aliases import ALIASES, KEYS, Role
from daybreak.data.names import atomic_type, snake_case, unique_names
from daybreak.errors import ConfigError, DataError


@dataclass(frozen=True)
class Column:
    """One column of the input and what becomes of it."""

    source: str
    target: str | None
    """Name in the tables; None: not used."""
    why: str
    """``alias``, ``your choice``, ``own name`` or ``not used``."""


@dataclass(frozen=True)
class Mapping:
    """Source column -> column of the tables, for one table; make it with :func:`recognise`.

    Example:
        >>> seen = recognise(["userID", "itemID", "rating", "note"], "events")
        >>> seen.convention, seen.source("value"), seen.unused
        ('Microsoft Recommenders', 'rating', ('note',))
        >>> print(seen)
        events (columns as in Microsoft Recommenders)
          user_id <- userID
          item_id <- itemID
          value <- rating
          not used: note
    """

    role: Role
    convention: str
    """The tool whose names these are, or ``plain``."""
    columns: tuple[Column, ...]

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns that are loaded."""
        return tuple(column for column in self.columns if column.target)

    @property
    def unused(self) -> tuple[str, ...]:
        """Source names of the columns that are not loaded."""
        return tuple(column.source for column in self.columns if not column.target)

    def source(self, target: str) -> str | None:
        """Return the source column of a target, None when there is none."""
        return next((c.source for c in self.columns if c.target == target), None)

    def __str__(self) -> str:
        lines = [f"{self.role} (columns as in {self.convention})"]
        lines += [f"  {column.target} <- {column.source}" for column in self.used]
        lines += [f"  not used: {', '.join(self.unused)}"] if self.unused else []
        return "\n".join(lines)


def recognise(
    sources: Sequence[str], role: Role, choices: Dict[str, str | None] | None = None
) -> Mapping:
    """Return what each source column means; ``choices`` (target -> source) go first.

    A choice of None switches the recognition of that target off. In items and users the
    columns that are not recognised keep their own name in snake_case; in events they are not
    used.

    Raises:
        ConfigError: A choice names a source column that is not there.
        DataError: No column was found for an id.
    """
    chosen = dict(choices or {})
    if missing := [s for s in chosen.values() if s is not None and s not in sources]:
        raise ConfigError(
            f"{role} have no column {missing[0]!r}; columns: {', '.join(sources)}"
        )
    found = {source: target for target, source in chosen.items() if source is not None}
    targets = [target for target in ALIASES[role] if target not in chosen]
    for target in targets:
        source = _by_alias(target, role, [s for s in sources if s not in found])
        if source is not None:
            found[source] = target
    _check_keys(sources, role, set(found.values()))
    columns = _columns(sources, role, found, set(chosen.values()))
    return Mapping(role, _convention(sources), columns)


def _by_alias(target: str, role: Role, sources: Sequence[str]) -> str | None:
    names = {snake_case(source): source for source in reversed(sources)}
    return next((names[alias] for alias in ALIASES[role][target] if alias in names), None)


def has_known_names(sources: Sequence[str], role: Role) -> bool:
    """Return whether any of the names is one of the known names of an id column."""
    names = {snake_case(source) for source in sources}
    return any(names.intersection(ALIASES[role][key]) for key in KEYS[role])


def _check_keys(sources: Sequence[str], role: Role, targets: set[str]) -> None:
    for key in KEYS[role]:
        if key not in targets:
            raise DataError(
                f"{role} have no column for {key}; columns: {_listed(sources)}; "
                f"name one with columns={{{key!r}: 'NAME'}} (command line: --column {key}=NAME)"
            )


def _listed(sources: Sequence[str]) -> str:
    return ", ".join(s[:40] for s in sources[:20]) + (" …" if len(sources) > 20 else "")


def _columns(
    sources: Sequence[str], role: Role, found: Dict[str, str], chosen: set[str | None]
) -> tuple[Column, ...]:
    rest = [source for source in sources if source not in found]
    free = unique_names([*found.values(), *map(snake_case, rest)])[len(found) :]
    own = dict(zip(rest, free, strict=True)) if role != "events" else {}
    return tuple(
        Column(source, found.get(source) or own.get(source), _why(source, found, chosen, role))
        for source in sources
    )


def _why(source: str, found: Dict[str, str], chosen: set[str | None], role: Role) -> str:
    if source in chosen:
        return "your choice"
    if source in found:
        return "alias"
    return "not used" if role == "events" else "own name"


_MARKS = (
    ("gorse", {"FeedbackType", "UserId", "ItemId", "IsHidden"}),
    ("Amazon Personalize", {"USER_ID", "ITEM_ID"}),
    ("Microsoft Recommenders", {"userID", "itemID"}),
    ("MovieLens", {"userId", "movieId"}),
    ("RePlay", {"query_id"}),
    ("RecTools", {"weight", "datetime"}),
    ("LibRecommender", {"user", "item", "label"}),
)


def _convention(sources: Sequence[str]) -> str:
    if any(atomic_type(source) for source in sources):
        return "RecBole"
    names = set(sources)
    for convention, marks in _MARKS:
        if marks & names:
            return convention
    return "LensKit" if {"user_id", "item_id", "rating"} <= names else "plain"
