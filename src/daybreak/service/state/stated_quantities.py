"""What texts of users say about prices, years, durations and ratings of a catalogue.

A bound ("under 20 euros") leaves out all other items, also those without a value; a relative
word ("cheap") or an approximate value ("about 100") adds to the scores. The words of both are
no topic, and the text model does not read them. Start at :meth:`QuantityReader.read`.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from daybreak.encoders.ages import said_age
from daybreak.encoders.amounts import Quantity
from daybreak.encoders.clause_words import FILLERS
from daybreak.encoders.named_numbers import read_named_numbers
from daybreak.encoders.open_requests import NOUNS
from daybreak.encoders.quantities import (
    QuantityPreference,
    QuantityRange,
    SaidQuantities,
    read_quantities,
)
from daybreak.models.wish import reference_likeness, saturate_wishes
from daybreak.ranking.quantity_columns import QuantityColumn, QuantityColumns
from daybreak.types import Doubles, Floats, Mask, Rows

MAX_CACHED_TEXTS = 1_000
"""Largest number of texts whose quantities are kept."""
PREFERENCE_SHARE = 1.0
"""What the best value of a preference adds to a score, relative to a full likeness to the topic
of the same text. With less, the best sellers about a topic stay first at any price."""
MIN_COMPARED_ITEMS = 2
"""Smallest number of items of a topic with which others are compared; with fewer, all are. With
5, all three sofas of a shop were alike among the dearest things."""
SUPERLATIVE_FACTOR = np.float32(2)
"""How many times as much "the cheapest" says about items of the topic as "cheap" does: one that
is a little more about it must not come before one that is cheaper."""
_SUPERLATIVE = re.compile(
    r"(?<!\w)(?:\w{3,}est|most|least|\w{3,}ste[nrsm]?|le plus|la plus|le moins|el más|la más"
    r"|(?:il|la) più)(?!\w)|最",
    re.IGNORECASE,
)
MIN_AMONG_SHARE = 0.5
"""Smallest likeness that counts as fully about a topic within bounds, as a share of that among
all items; what is less like it is about something else."""
NEAR_FACTOR = 2.0
"""Factor between a value and the wanted one from which the value is not near it."""
NEAR_YEARS = 10.0
"""The same for years [years]."""
AS_ASKED = ", as you asked"
"""End of the text of a reason for an item that is what was asked for."""
ALWAYS_REMOVED: frozenset[Quantity] = frozenset({"price", "duration", "rating"})
"""Quantities whose bounds name no topic even if the catalogue does not have them; a decade may
be one."""
_YEAR_WORDS: Mapping[str, str] = {"low": "early", "high": "recent"}
_NOUNS: Mapping[Quantity, str] = {
    "price": "prices",
    "year": "years",
    "duration": "durations",
    "rating": "ratings",
    "number": "numbers",
}


@dataclass(frozen=True, eq=False)
class StatedBound:
    """Bounds of one quantity in terms of a catalogue.

    Attributes:
        label: Name of the column for people.
        ranges: What was said.
        values: (n_items,) values; NaN: unknown.
        inside: (n_items,) items that the bounds allow.
        strengths: (n_items,) from 0 to 1: how near items are to the bounds, if no item that
            could be listed is within them, so that the nearest ones are preferred; None: some
            are.
        is_beside: Whether the only items within the bounds are about something else.
        objects: What each range is about, if each is about something else: "a mug under 5 and a
            lamp under 50"; else empty.
        owners: (n_items,) range that counts for each item, set by :meth:`among_objects`.
    """

    label: str
    ranges: tuple[QuantityRange, ...]
    values: Doubles = field(repr=False)
    inside: Mask = field(repr=False)
    strengths: Floats | None = field(default=None, repr=False)
    is_beside: bool = False
    objects: tuple[str, ...] = ()
    owners: Rows | None = field(default=None, repr=False)

    def among_objects(self, owners: Rows) -> "StatedBound":
        """Return the bound with the range of the object that each item is most like.

        Args:
            owners: (n_items,) number of the object.
        """
        every = [combine_ranges(self.values, [one]) for one in self.ranges]
        inside = np.choose(owners, every).astype(bool)
        return replace(self, owners=owners, inside=inside)

    @property
    def is_unmet(self) -> bool:
        """Whether no item that could be listed is within the bounds."""
        return self.strengths is not None

    @property
    def is_lower(self) -> bool:
        """Whether every range has a smallest value only."""
        return all(math.isinf(one.high) and not one.is_excluded for one in self.ranges)

    @property
    def phrase(self) -> str:
        """Words of the sentence."""
        return ", ".join(one.phrase for one in self.ranges)

    def title(self, row: int) -> str:
        """Return the value of an item with its name."""
        return _value_title(self.label, self.values[row])

    def describe(self, row: int) -> str:
        """Return whether an item is within the bounds, for a person."""
        ranges = self.ranges if self.owners is None else (self.ranges[self.owners[row]],)
        what = " or ".join(describe_range(one) for one in ranges)
        value = self.values[row]
        if math.isnan(value):
            return f"the {self.label} is unknown, and you asked for {what}"
        if self.inside[row]:
            return f"{self.label} {value:.10g} is {what}{AS_ASKED}"
        return f"{self.label} {value:.10g} is not {what}, which you asked for"

    def distances(self) -> Doubles:
        """Return (n_items,) distances of values to the nearest bound; NaN: unknown."""
        ends = [end for one in self.ranges for end in (one.low, one.high) if math.isfinite(end)]
        every = np.array([np.abs(self.values - end) for end in ends])
        return np.asarray(every.min(axis=0), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class StatedPreference:
    """A relative word or an approximate value in terms of a catalogue.

    Attributes:
        label: Name of the column for people.
        said: What was said.
        values: (n_items,) values; NaN: unknown.
        strengths: (n_items,) from 0 to 1: how far an item is what was said.
    """

    label: str
    said: QuantityPreference
    values: Doubles = field(repr=False)
    strengths: Floats = field(repr=False)

    @classmethod
    def of(cls, said: QuantityPreference, column: QuantityColumn) -> "StatedPreference":
        """Return a preference compared with all items of a catalogue."""
        return cls(column.label, said, column.values, _strengths(said, column.values))

    def among(self, about: Mask | None) -> "StatedPreference":
        """Return the preference compared with some items only; see :func:`value_quantiles`."""
        if about is None:
            return self
        strengths = _strengths(self.said, self.values, about)
        if self.said.direction != "near" and _SUPERLATIVE.search(self.phrase):
            strengths = strengths * np.where(about, SUPERLATIVE_FACTOR, np.float32(1))
        return replace(self, strengths=strengths)

    @property
    def phrase(self) -> str:
        """Words of the sentence."""
        return self.said.phrase

    def title(self, row: int) -> str:
        """Return the value of an item with its name."""
        return _value_title(self.label, self.values[row])

    def describe(self, row: int) -> str:
        """Return how far an item is what was said, for a person."""
        is_near = self.said.direction == "near"
        is_year = self.said.quantity == "year"
        words = _YEAR_WORDS if is_year else {}
        direction = words.get(self.said.direction, self.said.direction)
        what = f"near {self.said.target:.10g}" if is_near else direction
        value = self.values[row]
        if math.isnan(value):
            return f"the {self.label} is unknown, and you asked for {what}"
        if self.strengths[row] >= 0.5:
            return f"{self.label} {value:.10g} is {what}{AS_ASKED}"
        return f"{self.label} {value:.10g} is not {what}, which you asked for"


@dataclass(frozen=True, eq=False)
class StatedQuantities:
    """Everything that one text says about quantities of a catalogue.

    Attributes:
        topic: The text without these words; empty if it has no other topic.
        bounds: Bounds, one for each quantity.
        preferences: Relative words and approximate values.
        unused: Words that the catalogue has no column for, and the quantity.
        n_allowed: Number of items that may be listed; -1: not counted yet.
        gains: (n_items,) by how much items are more like the topic than the others within the
            bounds, compared with all items; None: by nothing.
    """

    topic: str
    bounds: tuple[StatedBound, ...] = ()
    preferences: tuple[StatedPreference, ...] = ()
    unused: tuple[tuple[str, Quantity], ...] = ()
    n_allowed: int = -1
    gains: Floats | None = None

    @property
    def has_effect(self) -> bool:
        """Whether anything was understood that the catalogue has."""
        return bool(self.bounds or self.preferences)

    def restrict(
        self, allowed: Mask, about: Mask | None = None
    ) -> "tuple[StatedQuantities, Mask]":
        """Return the quantities and the items that a list may contain.

        A bound that no item meets does not empty the list; the nearest items are preferred. So
        they are where what is asked for is never as much: a lamp over 100 is no wardrobe.

        Args:
            allowed: (n_items,) items that the other rules allow.
            about: (n_items,) items that are about the topic, with which others are compared;
                None: all.
        """
        bounds = []
        for bound in self.bounds:
            both = allowed & bound.inside
            is_beside = about is not None and bound.is_lower and not (both & about).any()
            if both.any() and not is_beside:
                allowed = both
                bounds.append(bound)
            else:
                near = 1 - value_quantiles(bound.distances(), about)
                beside = is_beside and bool(both.any())
                bounds.append(replace(bound, strengths=_as_strengths(near), is_beside=beside))
        preferences = tuple(one.among(about) for one in self.preferences)
        stated = replace(self, bounds=tuple(bounds), preferences=preferences)
        return replace(stated, n_allowed=int(allowed.sum())), allowed

    def assign(self, most_like: Callable[[Sequence[str]], Rows | None]) -> "StatedQuantities":
        """Return the quantities in which each item has the bound of what it is most like.

        Args:
            most_like: Returns the (n_items,) number of the text that each item is most like;
                None: no item is like any of them.
        """
        if not any(one.objects for one in self.bounds):
            return self
        found = [most_like(one.objects) if one.objects else None for one in self.bounds]
        pairs = zip(self.bounds, found, strict=True)
        bounds = (one if rows is None else one.among_objects(rows) for one, rows in pairs)
        return replace(self, bounds=tuple(bounds))

    def with_likeness(self, allowed: Mask, likeness: Floats) -> "StatedQuantities":
        """Return the quantities with the gains of items within the bounds.

        What is most like the topic within the bounds is fully about it, even if others beyond
        them are more so; without that, best sellers would take its place.

        Args:
            allowed: (n_items,) items within the bounds.
            likeness: (n_wishes, n_items) likeness of the wishes of the topic.
        """
        if (
            allowed.all()
            or not allowed.any()
            or not any(not one.is_unmet for one in self.bounds)
        ):
            return self
        every = reference_likeness(likeness)
        among = np.maximum(reference_likeness(likeness[:, allowed]), MIN_AMONG_SHARE * every)
        gain = saturate_wishes(likeness / among[:, None]).max(axis=0)
        gain -= saturate_wishes(likeness / every[:, None]).max(axis=0)
        gains = np.where(allowed, np.maximum(gain, 0), 0).astype(np.float32)
        return replace(self, gains=gains) if gains.any() else self

    def hides(self, row: int) -> bool:
        """Return whether a bound keeps one item out of the list."""
        return any(not one.is_unmet and not one.inside[row] for one in self.bounds)

    def added_values(self) -> list[tuple[StatedBound | StatedPreference, Floats]]:
        """Return what is added to scores, before the weight, with what says so."""
        added: list[tuple[StatedBound | StatedPreference, Floats]] = [
            (one, one.strengths) for one in self.preferences
        ]
        if self.gains is not None:
            added += [(one, self.gains) for one in self.bounds if not one.is_unmet][:1]
        unmet = [(one, one.strengths) for one in self.bounds if one.strengths is not None]
        return [*added, *unmet]

    def notes(self, k: int) -> tuple[str, ...]:
        """Return what could not be done as the text says, as sentences.

        Args:
            k: Length of the list.
        """
        return (
            *(_unused_note(phrase, quantity) for phrase, quantity in self.unused),
            *(_unmet_note(bound) for bound in self.bounds if bound.is_unmet),
            *self._short_notes(k),
        )

    def _short_notes(self, k: int) -> tuple[str, ...]:
        met = [bound for bound in self.bounds if not bound.is_unmet]
        if not met or not 0 <= self.n_allowed < k:
            return ()
        phrases = ", ".join(bound.phrase for bound in met)
        n_unknown = int(np.isnan([bound.values for bound in met]).any(axis=0).sum())
        note = f"{phrases!r} leaves only {self.n_allowed:,} items to be listed"
        if n_unknown:
            label = " or ".join(bound.label for bound in met)
            note = f"{note}, and {n_unknown:,} items have no {label}"
        return (note,)


_NOT_READ = StatedQuantities("")
"""Stands for a text that was not read yet."""


class QuantityReader:
    """Reads texts of users in terms of a catalogue, and remembers the latest ones.

    Args:
        columns: Columns of quantities of the catalogue.
    """

    def __init__(self, columns: QuantityColumns) -> None:
        self._columns = columns
        self._cache: OrderedDict[str, StatedQuantities | None] = OrderedDict()

    def read_each(
        self, texts: Mapping[int, str]
    ) -> tuple[dict[int, str], dict[int, StatedQuantities]]:
        """Return the topics of texts, and what they say about quantities.

        Args:
            texts: Text by row of the user.

        Returns:
            Topic by row, without texts that have none, and quantities by row of those that say
            anything about them.
        """
        topics, said = dict(texts), {}
        for row, text in texts.items():
            read = self.read(text)
            if read is None:
                continue
            said[row] = read
            if read.topic:
                topics[row] = read.topic
            else:
                del topics[row]
        return topics, said

    def read(self, text: str) -> StatedQuantities | None:
        """Return what a text says about quantities; None: nothing."""
        # The text is looked up once: other threads may remove it from the cache.
        cached = self._cache.get(text, _NOT_READ)
        if cached is not _NOT_READ:
            return cached
        said = read_named_numbers(read_quantities(text), self._columns.named(text))
        said = self._with_age(said)
        is_empty = not (said.ranges or said.preferences)
        read = None if is_empty else self._in_catalogue(said)
        self._cache[text] = read
        while len(self._cache) > MAX_CACHED_TEXTS:
            self._cache.popitem(last=False)
        return read

    def clear(self) -> None:
        """Remove all texts."""
        self._cache.clear()

    def _in_catalogue(self, said: SaidQuantities) -> StatedQuantities | None:
        ranges: dict[tuple[Quantity, str], list[QuantityRange]] = {}
        preferences, unused, removed = [], [], []
        every: tuple[QuantityRange | QuantityPreference, ...] = (
            *said.ranges,
            *said.preferences,
        )
        for one in every:
            column = self._column_of(one.quantity, one.column)
            if column is None:
                if one.is_guess:
                    continue
                unused.append((one.phrase, one.quantity))
                if isinstance(one, QuantityRange) and one.quantity in ALWAYS_REMOVED:
                    removed.append(one.span)
                continue
            removed.append(one.span)
            if isinstance(one, QuantityRange):
                ranges.setdefault((one.quantity, one.column), []).append(one)
            else:
                preferences.append(StatedPreference.of(one, column))
        bounds = [
            replace(self._bound(*place, found), objects=said.objects(found))
            for place, found in ranges.items()
        ]
        if not (bounds or preferences or unused):
            return None
        topic = said.topic(removed)
        topic = "" if self._names_all(topic) else topic
        return StatedQuantities(topic, tuple(bounds), tuple(preferences), tuple(unused))

    def _with_age(self, said: SaidQuantities) -> SaidQuantities:
        """Return what a text says with the age of somebody as a bound of a column of ages.

        The words of the age stay in the topic: they ask for what is for children.
        """
        age = said_age(said.text)
        column = self._columns.age_column() if age else None
        if age is None or column is None:
            return said
        place = (len(said.text), len(said.text))
        bound = QuantityRange("number", high=age[0], phrase=age[1], span=place, column=column)
        return replace(said, ranges=(*said.ranges, bound))

    def _names_all(self, topic: str) -> bool:
        """Return whether a topic is only a name for all that the catalogue has: "new books".

        No item says of itself that it is a book.
        """
        words = [word for word in re.findall(r"[^\W_]+", topic.lower()) if word not in FILLERS]
        if not words or any(word not in NOUNS for word in words):
            return False
        return not any(self._columns.has_word(word) for word in words)

    def _column_of(self, quantity: Quantity, name: str) -> QuantityColumn | None:
        return self._columns.get_named(name) if name else self._columns.get(quantity)

    def _bound(
        self, quantity: Quantity, name: str, ranges: Sequence[QuantityRange]
    ) -> StatedBound:
        column = self._column_of(quantity, name)
        assert column is not None  # noqa: S101 - bounds without a column are unused
        inside = combine_ranges(column.values, ranges)
        return StatedBound(column.label, tuple(ranges), column.values, inside)


def combine_ranges(values: Doubles, ranges: Sequence[QuantityRange]) -> Mask:
    """Return the items within several ranges of one quantity.

    Ranges that overlap must hold together; those that exclude each other are alternatives, as
    in "from the 60s or 70s".

    Args:
        values: (n_items,) values; NaN: unknown, which is in no range.
        ranges: At least one.

    Example:
        >>> years = np.array([1965.0, 1975.0, 1985.0, np.nan])
        >>> sixties = QuantityRange("year", 1960, 1969)
        >>> seventies = QuantityRange("year", 1970, 1979)
        >>> combine_ranges(years, [sixties, seventies]).tolist()
        [True, True, False, False]
        >>> combine_ranges(years, [QuantityRange("year", low=1970), seventies]).tolist()
        [False, True, False, False]
    """
    wanted: list[tuple[QuantityRange, Mask]] = []
    for one in ranges:
        if one.is_excluded:
            continue
        mask = _within(values, one)
        joined = False
        for row, (other, before) in enumerate(wanted):
            if _overlap(one, other):
                wanted[row] = (other, before & mask)
                joined = True
        if not joined:
            wanted.append((one, mask))
    known: Mask = np.isfinite(values)
    inside = np.any([mask for _, mask in wanted], axis=0) if wanted else known
    for one in ranges:
        if one.is_excluded:
            inside = inside & known & ~_within(values, one)
    return np.asarray(inside, dtype=bool)


def _within(values: Doubles, one: QuantityRange) -> Mask:
    with np.errstate(invalid="ignore"):
        above = values >= one.low if one.includes_low else values > one.low
        below = values <= one.high if one.includes_high else values < one.high
    return np.asarray(above & below, dtype=bool)


def _overlap(one: QuantityRange, other: QuantityRange) -> bool:
    return one.low <= other.high and other.low <= one.high


def nearness_to(values: Doubles, target: float, quantity: Quantity) -> Floats:
    """Return (n_items,) from 0 to 1: how near values are to a target; unknown ones are not.

    Example:
        >>> nearness_to(np.array([100.0, 50.0, np.nan]), 100, "price").tolist()
        [1.0, 0.0, 0.0]
        >>> nearness_to(np.array([1984.0, 1989.0]), 1984, "year").tolist()
        [1.0, 0.5]
    """
    if quantity == "year":
        distance = np.abs(values - target) / NEAR_YEARS
    else:
        smallest = 1e-9
        ratio = np.maximum(values, smallest) / max(target, smallest)
        distance = np.abs(np.log(ratio)) / math.log(NEAR_FACTOR)
    return _as_strengths(np.clip(1 - distance, 0, 1))


def _as_strengths(values: Doubles) -> Floats:
    return np.asarray(np.nan_to_num(values, nan=0.0), dtype=np.float32)


def _strengths(said: QuantityPreference, values: Doubles, about: Mask | None = None) -> Floats:
    """Return (n_items,) from 0 to 1: how far items are what was said."""
    if said.direction == "near":
        return nearness_to(values, said.target, said.quantity)
    quantiles = value_quantiles(values, about)
    return _as_strengths(quantiles if said.direction == "high" else 1 - quantiles)


def value_quantiles(values: Doubles, about: Mask | None = None) -> Doubles:
    """Return (n_items,) shares of known values that are smaller, equal ones counting half.

    Args:
        values: (n_items,) values; NaN: unknown.
        about: (n_items,) items whose values are compared with, if enough of them are known;
            None: all.

    Example:
        >>> value_quantiles(np.array([1.0, 3.0, 3.0, np.nan])).round(3).tolist()
        [0.167, 0.667, 0.667, nan]
    """
    compared = np.isfinite(values)
    if about is not None and (compared & about).sum() >= MIN_COMPARED_ITEMS:
        compared = compared & about
    known = np.sort(values[compared])
    below = np.searchsorted(known, values, "left")
    up_to = np.searchsorted(known, values, "right")
    quantiles = (below + up_to) / (2 * max(len(known), 1))
    return np.where(np.isfinite(values), quantiles, np.nan)


def _value_title(label: str, value: float) -> str:
    return label if math.isnan(value) else f"{label} {value:.10g}"


def describe_range(one: QuantityRange) -> str:
    """Return a range in words.

    Example:
        >>> describe_range(QuantityRange("price", high=20.0, includes_high=False))
        'below 20'
        >>> describe_range(QuantityRange("year", 1980, 1989))
        'from 1980 to 1989'
    """
    if math.isinf(one.low):
        text = f"{'at most' if one.includes_high else 'below'} {one.high:.10g}"
    elif math.isinf(one.high):
        text = f"{'at least' if one.includes_low else 'above'} {one.low:.10g}"
    elif one.low == one.high:
        text = f"{one.low:.10g}"
    else:
        text = f"from {one.low:.10g} to {one.high:.10g}"
    return f"other than {text}" if one.is_excluded else text


def _unused_note(phrase: str, quantity: Quantity) -> str:
    return (
        f"the words {phrase!r} have no effect as a bound: the catalogue has no column of "
        f"{_NOUNS[quantity]}"
    )


def _unmet_note(bound: StatedBound) -> str:
    if bound.is_beside:
        return (
            f"nothing that is about the other words is {bound.phrase!r}, and the nearest items "
            "are preferred"
        )
    low, high = np.nanmin(bound.values), np.nanmax(bound.values)
    return (
        f"no item that can be listed is {bound.phrase!r}: the {bound.label} is from {low:.10g} "
        f"to {high:.10g}, and the nearest items are preferred"
    )
