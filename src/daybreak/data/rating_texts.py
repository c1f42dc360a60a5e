"""Ratings that are written with words and signs: 5星, 4 stars, ★★★★☆, 好评, very good.

Start reading at :func:`read_rating_texts`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from daybreak.data.casts import cast_numbers
from daybreak.data.numbers import MIN_NUMBER_SHARE, DecimalMark, NumberColumn, read_numbers
from daybreak.data.times import empty_to_null

MAX_RATING_CHARS = 40
"""Length of the longest text that can be a rating [characters]; longer ones are reviews."""

_UNITS = (
    # stars and points
    r"星级|星級|颗星|顆星|つ星|星|分|点|點|점|별|stars?|sterne?n?|etoiles?|étoiles?|estrellas?"
    r"|estrelas?|stelle?|sterren|gwiazd\w*|звезд\w*|звёзд\w*|yildiz|yıldız|points?|pts?\.?"
    r"|punkte?|puntos?|pontos?|punti|балл\w*|puan"
    # counted goods and actions
    r"|件|个|個|次|盒|瓶|本|份|包|套|台|张|張|条|條|只|隻|双|雙|箱|袋|回|개|번|pcs\.?|pieces?"
    r"|stück|stk\.?|units?|times|x"
)
_WITH_UNIT = re.compile(
    rf"^(?P<number>\d+(?:[.,]\d+)?|[零一二两兩三四五六七八九十])(?P<half>半)?\s*(?:{_UNITS})?"
    rf"(?:\s*(?:/|／|out of|von|sur|de|из)\s*\d+)?\s*(?:{_UNITS})?$"
)
_OUT_OF = r"(?:/|／|out of|von|sur|de|из)\s*(\d+)\D*$"
"""What a rating is out of, after the number."""
_PLAIN_NUMBER = re.compile(r"^[-+]?[\d.,]+$")
_STARS = re.compile(r"^(?P<full>[★⭐🌟✭✮]\ufe0f?)*(?P<half>[½⯨])?[☆✩✰]*$")
_FULL_STARS = frozenset("★⭐🌟✭✮")
_CHINESE_DIGITS = {
    **{digit: number for number, digit in enumerate("零一二三四五六七八九十")},
    "两": 2,
    "兩": 2,
}
_WORDS: dict[float, str] = {
    5: (
        "好评 好評 五星好评 五星好評 超赞 超讚 非常满意 非常滿意 很满意 很滿意 非常好 "
        "很好 极好 極好 优秀 優秀 力荐 力薦 强烈推荐 強烈推薦 大変満足 とても良い 最高 "
        "매우_만족 매우만족 최고 excellent outstanding perfect amazing love loved "
        "positive very_satisfied very_positive recommended thumbs_up up 👍 ❤ 😍 🤩 "
        "hervorragend ausgezeichnet sehr_gut sehr_zufrieden positiv très_bien très_bon "
        "très_satisfait positif excelente muy_bueno muy_satisfecho positivo ótimo otimo "
        "muito_bom muito_satisfeito ottimo eccellente molto_soddisfatto uitstekend "
        "zeer_goed positief отлично отличный очень_хорошо положительный bardzo_dobry"
    ),
    4: (
        "满意 滿意 推荐 推薦 好 喜欢 喜歡 不错 不錯 満足 良い 만족 좋음 very_good good "
        "great nice like liked satisfied 😀 😃 😄 😊 🙂 gut zufrieden bien bon satisfait bueno "
        "satisfecho bom satisfeito buono soddisfatto goed tevreden хорошо хороший dobry"
    ),
    3: (
        "中评 中評 一般 还行 還行 还可以 還可以 普通 尚可 中等 ふつう 보통 average okay "
        "ok fair neutral mixed so_so 😐 😶 mittel mittelmäßig durchschnittlich moyen regular "
        "sufficiente discreto neutro neutre gemiddeld neutraal нормально нейтральный "
        "удовлетворительно średni"
    ),
    2: (
        "较差 較差 不满意 不滿意 不太满意 不太滿意 不喜欢 不喜歡 やや不満 不満 悪い "
        "불만족 나쁨 🙁 😕 poor bad dislike disliked dissatisfied unsatisfied schlecht "
        "unzufrieden mauvais médiocre insatisfait malo insatisfecho ruim insatisfeito "
        "scarso insoddisfatto slecht ontevreden плохо плохой zły"
    ),
    1: (
        "差评 差評 负评 負評 差 很差 极差 極差 非常差 非常不满意 非常不滿意 很不满意 "
        "很不滿意 とても悪い 大変不満 最悪 매우_불만족 매우불만족 최악 terrible awful "
        "horrible very_bad hate hated negative very_dissatisfied very_negative "
        "not_recommended thumbs_down down 👎 😠 😡 🤮 sehr_schlecht sehr_unzufrieden negativ "
        "très_mauvais très_insatisfait négatif negatif muy_malo muy_insatisfecho "
        "negativo péssimo pessimo muito_insatisfeito molto_insoddisfatto zeer_slecht "
        "negatief ужасно ужасный отрицательный bardzo_zły"
    ),
}
RATING_WORDS = {word: stars for stars, words in _WORDS.items() for word in words.split()}
"""Ratings from 1 to 5 by word, in lower case, with underscores for blanks."""
_GRADES = {"a": 5.0, "b": 4.0, "c": 3.0, "d": 2.0, "e": 1.0, "f": 1.0}
_GRADE = re.compile(r"^(?P<letter>[a-f])\s?(?P<sign>[-+\u2212])?$")
_GRADE_STEP = 1 / 3
"""Difference between a grade and the same with a plus or minus."""


def read_value_column(values: pl.Series, decimal: DecimalMark | None = None) -> NumberColumn:
    """Return the numbers of a column of numbers, truth values, ratings or quantities.

    Args:
        values: (n,) values of events.
        decimal: Decimal mark; None: decide by the column.

    Example:
        >>> [read_value_column(pl.Series(texts)).values.to_list()
        ...  for texts in (["yes", "no"], ["4,5", "3"], ["👍", "👎"])]
        [[1.0, 0.0], [4.5, 3.0], [5.0, 1.0]]
    """
    if values.dtype == pl.String and cast_numbers(values)[1].any():
        return read_rating_texts(values) or read_numbers(values, decimal)
    if values.dtype == pl.String and decimal == ",":
        return read_numbers(values, decimal)
    return NumberColumn(*cast_numbers(values))


def read_rating_texts(values: pl.Series) -> NumberColumn | None:
    """Return a column of written ratings or quantities as numbers.

    Words are read on a scale from 1 to 5. A column holds ratings if nine of ten of its values
    can be read.

    Args:
        values: (n,) texts; empty values become null and are no mistake.

    Returns:
        None if the column holds other texts, or plain numbers only.

    Example:
        >>> read_rating_texts(pl.Series(["5星", "好评", "★★☆☆☆", "4.5 stars"])).values.to_list()
        [5.0, 5.0, 2.0, 4.5]
        >>> read_rating_texts(pl.Series(["包装很好，物流也快", "5"])) is None
        True
    """
    text = empty_to_null(values.cast(pl.String))
    distinct = text.drop_nulls().unique(maintain_order=True)
    found = [read_rating_text(value) for value in distinct]
    by_text = {
        t: number for t, number in zip(distinct, found, strict=True) if number is not None
    }
    words = {t: n for t, n in by_text.items() if not _PLAIN_NUMBER.match(t.strip())}
    by_text |= _on_one_scale(text, by_text)
    words = {t: by_text[t] for t in words}
    number = text.replace_strict(by_text, default=None, return_dtype=pl.Float64)
    if not words or number.count() < MIN_NUMBER_SHARE * text.count():
        return None
    is_bad = text.is_not_null() & number.is_null()
    return NumberColumn(number.rename(values.name), is_bad, words=tuple(words.items()))


def _on_one_scale(text: pl.Series, by_text: Mapping[str, float]) -> dict[str, float]:
    """Return the ratings of a column whose scales differ on the scale of most of them.

    Example:
        >>> read = {"4/5": 4.0, "5/5": 5.0, "8/10": 8.0}
        >>> _on_one_scale(pl.Series(["4/5", "5/5", "8/10"]), read)
        {'4/5': 4.0, '5/5': 5.0, '8/10': 4.0}
    """
    tops = text.str.to_lowercase().str.extract(_OUT_OF).cast(pl.Float64)
    usual = tops.drop_nulls().mode().max()
    if not isinstance(usual, float) or tops.drop_nulls().n_unique() < 2:
        return {}
    pairs = zip(text, tops, strict=True)
    rated = {t: (by_text[t], top) for t, top in pairs if t in by_text and top}
    return {
        t: round(number * usual / top, 6) for t, (number, top) in rated.items() if number <= top
    }


def is_rating_word(text: str) -> bool:
    """Return whether a text is one of ``RATING_WORDS``.

    Example:
        >>> is_rating_word("Very good"), is_rating_word("blue")
        (True, False)
    """
    return re.sub(r"[\s_-]+", "_", text.strip().casefold()) in RATING_WORDS


@lru_cache(maxsize=4_096)
def read_rating_text(text: str) -> float | None:
    """Return the number of a written rating or quantity; None if the text is none.

    Example:
        >>> [read_rating_text(text) for text in ("四星半", "3/5", "非常满意", "2件", "red")]
        [4.5, 3.0, 5.0, 2.0, None]
        >>> [round(read_rating_text(text), 2) for text in ("A", "B+", "F", "👎")]
        [5.0, 4.33, 1.0, 1.0]
    """
    plain = text.strip().casefold().replace("\ufe0f", "")
    if not plain or len(plain) > MAX_RATING_CHARS:
        return None
    stars = _STARS.match(plain)
    if stars:
        return sum(sign in _FULL_STARS for sign in plain) + 0.5 * bool(stars["half"])
    word = re.sub(r"[\s_-]+", "_", re.sub(r"[.!?,;:。！？，；：~～]+", " ", plain).strip())
    if word in RATING_WORDS:
        return float(RATING_WORDS[word])
    if grade := _GRADE.match(plain):
        step = {"+": _GRADE_STEP, None: 0.0}.get(grade["sign"], -_GRADE_STEP)
        return _GRADES[grade["letter"]] + step
    plain = re.sub(r"(星|分)(半)$", r"\2\1", plain)
    found = _WITH_UNIT.match(plain.rstrip("!！。."))
    if not found:
        return None
    digits = found["number"]
    chinese = _CHINESE_DIGITS.get(digits)
    number = float(digits.replace(",", ".")) if chinese is None else chinese
    return number + 0.5 * bool(found["half"])
