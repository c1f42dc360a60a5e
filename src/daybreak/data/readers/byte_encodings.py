"""Encodings of one byte or two that spreadsheets write, told apart by the letters they give.

Bytes of one encoding are letters in every other one as well, but not the frequent letters of a
language. :func:`.detect_encoding` calls the functions in their order.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TextEncoding:
    """A Python codec, and its name for a note; an empty name: no note."""

    codec: str
    label: str = ""
    errors: str = ""
    """Name of the error handler; empty: that of the codec."""


MIN_DISTINCT = 6
"""Smallest number of different letters that tell an encoding of Japan, Korea or Taiwan."""
MIN_KANA_SHARE = 0.1
"""Smallest share of kana among the different letters of a Japanese text."""
MIN_LETTER_SHARE = 0.9
"""Smallest share of the different letters of a text that its language uses."""
MIN_FREQUENT_SHARE = 0.5
"""Smallest share of the letters of a text that are frequent ones of its language."""
MIN_WORD_SHARE = 0.7
"""Smallest share of bytes above ASCII of which three or more are together, where words consist
of them; accents of Latin letters stand alone or in pairs."""

MAX_COMMON_BIG5_BYTE = 0xC6
"""Largest first byte of the frequent characters of Big5."""

_FREQUENT_LETTERS: Mapping[TextEncoding, str] = {
    TextEncoding("cp1251", "Windows-1251 (Cyrillic)"): "оеаинтсрвлкмдпуія",
    TextEncoding("koi8-r", "KOI8-R (Cyrillic)"): "оеаинтсрвлкмдпуя",
    TextEncoding("cp866", "CP866 (Cyrillic)"): "оеаинтсрвлкмдпуя",
    TextEncoding("cp1253", "Windows-1253 (Greek)"): "αοιετσνηυρπκμλςόίάέ",
    TextEncoding("cp1255", "Windows-1255 (Hebrew)"): "יוהלאמרתבשנ",
    TextEncoding("cp1256", "Windows-1256 (Arabic)"): "اليمونرتبةعدسفهك",
}
"""Encodings of one byte, and the letters of their languages of which words mostly consist."""
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
_POLISH_MARKS = re.compile(r"[a-z][³¹¿]{1,2}[a-z]")
_TURKISH_MARKS = re.compile("[ýþðÝ]")
_ICELANDIC = re.compile("[áíóúæ]")


def _decode(sample: bytes, codec: str) -> str:
    """Return the letters above ASCII; nothing if bytes are not valid."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return ""
    return "".join(letter for letter in text if letter > "\x7f")


def _share(letters: str, *ranges: tuple[str, str]) -> float:
    """Return the share of the different letters that are in one of the ranges."""
    different = set(letters)
    n = sum(any(low <= one <= high for low, high in ranges) for one in different)
    return n / len(different) if len(different) >= MIN_DISTINCT else 0.0


def detect_neighbour_of_chinese(sample: bytes) -> TextEncoding | None:
    """Return the encoding of a Japanese or Korean text; its bytes may be valid GB18030.

    Example:
        >>> detect_neighbour_of_chinese("記事のタイトル、購入日".encode("cp932")).label
        'Shift-JIS'
        >>> detect_neighbour_of_chinese("商品编号,商品名称".encode("gb18030")) is None
        True
    """
    if _share(_decode(sample, "cp949"), ("가", "힣")) >= MIN_LETTER_SHARE:
        return TextEncoding("cp949", "EUC-KR (Korean)")
    kana, kanji = ("ぁ", "ヿ"), ("一", "鿿")
    signs = (("\u3000", "〿"), ("！", "～"))
    for codec, label in (("cp932", "Shift-JIS"), ("euc_jp", "EUC-JP")):
        letters = _decode(sample, codec)
        usual = _share(letters, kana, kanji, *signs)
        if usual >= MIN_LETTER_SHARE and _share(letters, kana) >= MIN_KANA_SHARE:
            return TextEncoding(codec, label)
    return None


def detect_big5(sample: bytes) -> TextEncoding | None:
    """Return the encoding of a text in traditional Chinese that is no GB18030.

    Example:
        >>> detect_big5("商品編號,商品名稱,數量".encode("cp950")).label
        'Big5'
        >>> detect_big5("café, crème, œuvre".encode("cp1252")) is None
        True
    """
    letters = set(_decode(sample, "cp950"))
    n_common = sum(0xA1 <= one.encode("cp950")[0] <= MAX_COMMON_BIG5_BYTE for one in letters)
    is_big5 = n_common >= max(MIN_LETTER_SHARE * len(letters), MIN_DISTINCT)
    return TextEncoding("cp950", "Big5") if is_big5 else None


def detect_alphabet(sample: bytes) -> TextEncoding | None:
    """Return the encoding of one byte of a text that is not Western European.

    Example:
        >>> detect_alphabet("Количество и дата заказа".encode("cp1251")).label
        'Windows-1251 (Cyrillic)'
        >>> detect_alphabet("größe".encode("cp1252")) is None
        True
    """
    return _one_byte(sample) or _latin(sample)


def _one_byte(sample: bytes) -> TextEncoding | None:
    runs = [len(run) for run in _HIGH_RUNS.findall(sample)]
    if not runs or sum(n for n in runs if n > 2) < MIN_WORD_SHARE * sum(runs):
        return None
    shares = dict(_frequent_shares(sample))
    best = max(shares, key=lambda alphabet: shares[alphabet])
    return best if shares[best] >= MIN_FREQUENT_SHARE else None


def _frequent_shares(sample: bytes) -> Iterator[tuple[TextEncoding, float]]:
    for alphabet, frequent in _FREQUENT_LETTERS.items():
        letters = _decode(sample, alphabet.codec)
        yield alphabet, sum(map(letters.count, frequent)) / max(len(letters), 1)


def _latin(sample: bytes) -> TextEncoding | None:
    """Return the encoding of Polish and Turkish, whose letters are signs or rare elsewhere."""
    try:
        western = sample.decode("cp1252")
    except UnicodeDecodeError:
        return None
    if _POLISH_MARKS.search(western):
        return TextEncoding("cp1250", "Windows-1250 (Central European)")
    if _TURKISH_MARKS.search(western) and not _ICELANDIC.search(western):
        return TextEncoding("cp1254", "Windows-1254 (Turkish)")
    return None
