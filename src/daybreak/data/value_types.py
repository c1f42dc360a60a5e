"""Whether the number of an event is a rating, or how often or how much somebody took.

Three of five cups are no bad opinion of a cup. A name decides where it says so, else other
columns: who sells writes prices. The values alone decide last, in
:mod:`daybreak.data.rating_scales`. Start at :func:`value_type`.
"""

import re
from collections.abc import Iterable

import numpy as np
import polars as pl

from daybreak.data.columns import RATING_TYPE, is_rating_column, names_of, to_snake_case
from daybreak.data.event_flags import is_amount
from daybreak.data.rating_scales import find_rating_scale

QUANTITY_TYPE = "quantity"
"""Type of events without a type whose number is a quantity, but could be taken for a rating."""
_BARE_AMOUNTS = frozenset({"value", "event_value", "amount", "weight", "strength"})
"""Names that say how much, of whatever it is."""
_MONEY = re.compile(
    r"(?:^|_)(?:unit_?prices?|prices?|subtotal|total|revenue|discount|tax|vat|currency|cost"
    r"|einzelpreis|preis|betrag|umsatz|prix|montant|precio|importe|preco|valor_total|prezzo"
    r"|importo|prijs|cena|fiyat|tutar|цена|сумма|стоимость)(?:_|$)"
    r"|preis$|[价價](?:格|钱|錢)?$|金[额額]|単価|価格|가격|금액"
)


_LEARNERS = re.compile(
    r"(?:^|_)(?:students?|learners?|pupils?|trainees?|sch(?:ü|ue)ler(?:in)?|studierende\w*"
    r"|etudiante?|eleve|alumn[oa]|alun[oa]|studente|estudiante)(?:_|$)|学生|學生|学员|学号"
)
_MARKS = re.compile(
    r"^(?:final_)?(?:grades?|scores?|points|marks?|result|note|nota|punkte|label)$|^成[绩績]$|得分|分数"
)


def is_mark_of_learner(column: str, others: Iterable[str]) -> bool:
    """Return whether a number is what a learner got in a course, and no opinion about it.

    Args:
        column: Column that says how much.
        others: Names of the columns of the events.

    Example:
        >>> is_mark_of_learner("grade", ["student_id", "course_id"])
        True
        >>> is_mark_of_learner("rating", ["student_id", "course_id"])
        False
    """
    if not any(_MARKS.search(name) for name in names_of(column)):
        return False
    return any(_LEARNERS.search(name) for other in others for name in names_of(other))


def value_type(column: str, others: Iterable[str]) -> str | None:
    """Return what the numbers of a column of events are; None: their values must say.

    Args:
        column: Column that says how much.
        others: Names of the columns of the events.

    Returns:
        ``rating``, ``quantity`` or None.

    Example:
        >>> others = ["user_id", "sku", "unit_price"]
        >>> [value_type(name, others) for name in ("stars", "Menge", "value")]
        ['rating', 'quantity', 'quantity']
        >>> value_type("value", ["user_id", "sku"]) is None
        True
    """
    if is_rating_column(column):
        return RATING_TYPE
    if is_amount(column):
        return QUANTITY_TYPE
    has_price = any(_MONEY.search(to_snake_case(name)) for name in others)
    return QUANTITY_TYPE if has_price and names_of(column) & _BARE_AMOUNTS else None


def may_be_ratings(values: pl.Series) -> bool:
    """Return whether numbers of unknown meaning would be taken for ratings.

    Example:
        >>> [may_be_ratings(pl.Series(v)) for v in ([1, 2, 3, 4, 5], [1, 1, 1, 2, 30])]
        [True, False]
    """
    counts = values.drop_nulls().cast(pl.Float64).value_counts(name="n").sort(values.name)
    steps, n = counts[values.name].to_numpy(), counts["n"].to_numpy().astype(np.int64)
    return len(steps) > 0 and find_rating_scale(steps, n, is_rating=False) is not None
