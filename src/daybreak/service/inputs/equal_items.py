"""Items of two shops that are the same under other ids, and ids that are equal by chance.

Shops number what they sell in their own ways. :func:`match_items` finds the same items by
identifiers that are valid everywhere (EAN, ISBN, IMDb and others) and by titles;
:func:`are_ids_accidental` says whether equal ids stand for other items.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl

from daybreak.encoders.named_items import fold_text, fold_title, split_year, strip_year

T = TypeVar("T")

MIN_EQUAL_TITLES = 5
"""Smallest number of equal titles from which they count."""
MIN_SHARE_OF_TITLES = 0.05
"""Smallest share of the smaller catalogue with equal titles; shops that sell other kinds of
things have a few titles in common by chance."""
MIN_COMPARED_IDS = 20
"""Smallest number of equal ids with two titles from which titles tell chance from identity."""
MAX_COMPARED_IDS = 5_000
"""Largest number of them that are compared, evenly spaced."""
MIN_KNOWN_WORDS = 0.3
"""Smallest share of the words of titles that both shops use: below, the languages differ, and
titles say nothing of ids."""
MAX_CHANCE_LIKENESS = 0.05
"""Largest likeness of the titles of equal ids, beyond that of other pairs, that is chance."""
MAX_YEARS_APART = 1
MIN_UNSPACED_CHARS = 5
"""Smallest number of Chinese, Japanese or Korean characters that tell as much as two words."""
_GTINS = ("gtin", "ean", "upc", "barcode", "isbn", "jan")
"""Numbers of the same system; an ISBN is an EAN that begins with 978."""
_IDENTIFIERS = frozenset({*_GTINS, "asin", "imdb", "tmdb", "doi", "isrc", "mbid", "issn"})
_NAME_ENDINGS = frozenset({"id", "code", "number", "no", "nr", "key"})
_YEAR_COLUMNS = ("year", "release_year", "publication_year", "jahr", "年份")
_MAKERS = re.compile(
    r"^(?:authors?|artists?|directors?|brands?|manufacturers?|publishers?|performers?|"
    r"autor(?:en)?|künstler|regie|marke|hersteller|auteurs?|作者|导演|歌手|品牌)$"
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class EqualItems:
    """Items of a source that the target has under other ids."""

    ids: Mapping[str, str]
    """Id of the source to id of the target"""
    n_by_identifier: int
    """Number of them that an identifier tells; the others have the same title"""


def match_items(target: pl.DataFrame, source: pl.DataFrame) -> EqualItems:
    """Return the items of a source that are items of a target under other ids.

    An identifier is enough. A title counts if neither shop has it twice, if its years and
    makers, where both tell them, agree, and if it is not a single word of an unknown year;
    and only where at least five titles and 5 % of those of the smaller catalogue are equal.

    Args:
        target: Items of the target, with ``item_id``.
        source: Items of the source, with ``item_id``.

    Example:
        >>> mine = pl.DataFrame({"item_id": ["a"], "ean": ["4006381333931"]})
        >>> theirs = pl.DataFrame({"item_id": ["7"], "EAN code": ["04006381333931"]})
        >>> dict(match_items(mine, theirs).ids)
        {'7': 'a'}
    """
    common = set(target["item_id"].to_list()) & set(source["item_id"].to_list())
    free = ~pl.col("item_id").is_in(list(common))
    target, source = target.filter(free), source.filter(free)
    found = _by_identifiers(target, source)
    n_by_identifier = len(found)
    is_taken = pl.col("item_id").is_in([*found, *found.values()])
    found |= _by_titles(target.filter(~is_taken), source.filter(~is_taken))
    return EqualItems(found, n_by_identifier)


def are_ids_accidental(target: pl.DataFrame, source: pl.DataFrame) -> bool:
    """Return whether equal ids stand for different items, as with numbers from 1.

    The titles of equal ids are then no more alike than those of any other pair.

    Args:
        target: Items of the target, with ``item_id``.
        source: Items of the source, with ``item_id``.
    """
    if "title" not in target.columns or "title" not in source.columns:
        return False
    titles = pl.col("title").cast(pl.String)
    both = (
        target.select("item_id", titles.alias("mine"))
        .join(source.select("item_id", titles.alias("theirs")), on="item_id")
        .drop_nulls()
    )
    if both.height < MIN_COMPARED_IDS:
        return False
    both = both.gather_every(-(-both.height // MAX_COMPARED_IDS))
    mine, theirs = ([_words_of(t) for t in both[name].to_list()] for name in both.columns[1:])
    known = set().union(*mine)
    every = set().union(*theirs)
    if len(every & known) < MIN_KNOWN_WORDS * max(len(every), 1):
        return False
    half = both.height // 2
    other = _mean_likeness(mine, theirs[half:] + theirs[:half])
    return _mean_likeness(mine, theirs) <= other + MAX_CHANCE_LIKENESS


def _mean_likeness(first: Sequence[set[str]], second: Sequence[set[str]]) -> float:
    """Return the mean share of words that pairs of titles have in common."""
    pairs = zip(first, second, strict=True)
    return float(np.mean([len(one & two) / max(len(one | two), 1) for one, two in pairs]))


def _words_of(title: str) -> set[str]:
    """Return the words of a title; single characters where words are not spaced."""
    folded = fold_text(strip_year(title))
    return {*_WORD.findall(_CJK.sub(" ", folded)), *_CJK.findall(folded)}


def _by_identifiers(target: pl.DataFrame, source: pl.DataFrame) -> dict[str, str]:
    """Return ids of the source with those of the target that have the same identifier."""
    mine, theirs = _identifier_columns(target), _identifier_columns(source)
    found: dict[str, str] = {}
    for kind in sorted(mine.keys() & theirs.keys()):
        own = _unique(_identifiers(target, mine[kind], kind))
        for value, id_ in _unique(_identifiers(source, theirs[kind], kind)).items():
            if value in own:
                found.setdefault(id_, own[value])
    return _one_to_one(found)


def _identifier_columns(items: pl.DataFrame) -> dict[str, list[str]]:
    """Return the columns of each kind of identifier; all kinds of GTIN are one."""
    found: dict[str, list[str]] = {}
    for name in items.columns:
        words = re.split(r"[\W_]+", fold_text(name))
        parts = [word.rstrip("0123456789") for word in words if word not in _NAME_ENDINGS]
        kinds = [part for part in parts if part]
        if len(kinds) == 1 and kinds[0] in _IDENTIFIERS:
            kind = "gtin" if kinds[0] in _GTINS else kinds[0]
            found.setdefault(kind, []).append(name)
    return found


def _identifiers(
    items: pl.DataFrame, columns: Sequence[str], kind: str
) -> Iterable[tuple[str, str]]:
    """Yield identifiers in their plain form, with the id of the item."""
    ids = items["item_id"].to_list()
    for name in columns:
        for id_, value in zip(ids, items[name].cast(pl.String).to_list(), strict=True):
            plain = _plain_identifier(value or "", kind)
            if plain:
                yield plain, id_


def _plain_identifier(value: str, kind: str) -> str:
    """Return an identifier as all shops write it; empty if it is none.

    Example:
        An ISBN of ten characters and its EAN.

        >>> [_plain_identifier(one, "gtin") for one in ("0-306-40615-2", "9780306406157")]
        ['978030640615', '978030640615']
        >>> _plain_identifier("tt0114709", "imdb"), _plain_identifier("114709.0", "imdb")
        ('114709', '114709')
    """
    text = re.sub(r"\.0$", "", value.strip().casefold())
    if kind == "doi":
        return re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)\s*", "", text)
    plain = re.sub(r"[\W_]", "", text)
    if kind == "imdb":
        return plain.removeprefix("tt").lstrip("0")
    if kind != "gtin":
        return plain.lstrip("0")
    if re.fullmatch(r"\d{9}[\dx]", plain):
        return f"978{plain[:9]}"
    # The last digit checks the others; leading zeros make a UPC an EAN.
    return plain.lstrip("0")[:-1] if re.fullmatch(r"\d{8,14}", plain) else ""


def _by_titles(target: pl.DataFrame, source: pl.DataFrame) -> dict[str, str]:
    """Return ids of the source with those of the target that have the same title."""
    if "title" not in target.columns or "title" not in source.columns:
        return {}
    makers = [n for n in target.columns if n in source.columns and _MAKERS.match(fold_text(n))]
    mine, theirs = (_read_titled(frame, makers) for frame in (target, source))
    pairs = {
        theirs[title].item_id: own.item_id
        for title, own in mine.items()
        if title in theirs and _agree(title, own, theirs[title])
    }
    smaller = min(len(mine), len(theirs))
    enough = max(MIN_EQUAL_TITLES, MIN_SHARE_OF_TITLES * smaller)
    return pairs if len(pairs) >= enough else {}


@dataclass(frozen=True)
class _TitledItem:
    item_id: str
    year: int | None
    makers: tuple[frozenset[str], ...]


def _read_titled(items: pl.DataFrame, makers: Sequence[str]) -> dict[str, _TitledItem]:
    """Return the items by their folded titles, without those that share one."""
    titles = items["title"].cast(pl.String).to_list()
    years = [name for name in items.columns if fold_text(name) in _YEAR_COLUMNS]
    given = items[years[0]].cast(pl.String).to_list() if years else [None] * len(titles)
    people = [items[name].cast(pl.String).fill_null("").to_list() for name in makers]
    found = []
    for row, (id_, title) in enumerate(zip(items["item_id"].to_list(), titles, strict=True)):
        if title:
            names = tuple(frozenset(_words_of(column[row])) for column in people)
            short, year = split_year(title)
            one = _TitledItem(id_, year or _first_year(given[row]), names)
            found.append((fold_title(short), one))
    return _unique(found)


def _first_year(value: str | None) -> int | None:
    """Return the year with which a value begins, such as a date."""
    found = re.match(r"(1[89]\d\d|20\d\d)(?!\d)", value or "")
    return int(found[1]) if found else None


def _agree(title: str, mine: _TitledItem, theirs: _TitledItem) -> bool:
    """Return whether two items of one title may be the same item."""
    both_years = mine.year is not None and theirs.year is not None
    if both_years and abs((mine.year or 0) - (theirs.year or 0)) > MAX_YEARS_APART:
        return False
    known = [(a, b) for a, b in zip(mine.makers, theirs.makers, strict=True) if a and b]
    if any(not a & b for a, b in known):
        return False
    tells_much = " " in title or len(_CJK.findall(title)) >= MIN_UNSPACED_CHARS
    return tells_much or both_years or bool(known)


def _unique(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Return the pairs whose first part stands with one second part."""
    every = dict.fromkeys(pairs)
    counts = Counter(key for key, _ in every)
    return {key: value for key, value in every if counts[key] == 1}


def _one_to_one(found: Mapping[str, str]) -> dict[str, str]:
    """Return the pairs whose second part occurs once."""
    counts = Counter(found.values())
    return {key: value for key, value in found.items() if counts[value] == 1}
