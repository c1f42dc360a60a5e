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
_INNER_BYTES = re.compile(rb"(?<=[A-Za-z])[\x80-\xff]{1,3}(?=[A-Za-z])")
"""Bytes above ASCII inside words; at their ends, signs and quotation marks are as likely."""
_APOSTROPHE = "\u2019"
_WESTERN = (
    "àâçèéêëîïôûüœæ",  # French
    "àçèéíïòóúü·ñ",  # Catalan, Spanish
    "àáâãçéêíóôõúü",  # Portuguese
    "äöüßéè",  # German
    "åäæéöøüó",  # Danish, Finnish, Norwegian, Swedish
    "äõöüšž",  # Estonian
    "éèëêïóöü",  # Dutch
    "áæðéíóöþúý",  # Icelandic
)
"""Letters inside words of the languages of Windows-1252."""
_ICELANDIC_ALONE = frozenset("áíóúæ")
"""Letters of Icelandic that are no letters of Turkish in another encoding."""
_MARKED_LETTERS: Mapping[TextEncoding, tuple[str, ...]] = {
    TextEncoding("cp1250", "Windows-1250 (Central European)"): (
        "ąćęłńóśźż",  # Polish
        "áäčďéěíĺľňóôŕřšťúůýž",  # Czech, Slovak
        "áéíóöőúüű",  # Hungarian
        "âăîşţ",  # Romanian
        "čćđšž",  # Bosnian, Croatian, Serbian, Slovene
    ),
    TextEncoding("cp1254", "Windows-1254 (Turkish)"): ("çğıöşüâîû",),
    TextEncoding("cp1257", "Windows-1257 (Baltic)"): ("ąčęėįšųūž", "āčēģīķļņšūž"),
    TextEncoding("mac_roman", "Mac Roman"): _WESTERN,
    TextEncoding("cp850", "CP850 (Western European)"): _WESTERN,
}
"""Encodings of Latin letters, and the letters with marks inside words of their languages."""
MIN_MARKED_SHARE = 0.9
"""Smallest share of the letters with marks that a language uses."""
MIN_THAI_MARKS = 0.1
"""Smallest share of vowels above and below, and of tones, among the letters of a Thai text."""
MIN_THAI_IN_PLACE = 0.95
"""Smallest share of these marks that follow a consonant or another mark."""
_THAI_MARK = re.compile("[ัิ-ฺ็-๎]")
_THAI_MARK_IN_PLACE = re.compile("(?<=[ก-ฮัิ-ฺ็-๎])[ัิ-ฺ็-๎]")


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
    """Return the encoding of a language of Latin letters that are others in Windows-1252.

    Only letters inside words are looked at. Windows-1252 goes first, as the least surprising.
    """
    inner = b"".join(_INNER_BYTES.findall(sample))
    western = [one for one in _WESTERN if _uses(inner, "cp1252", one) >= MIN_MARKED_SHARE]
    if not inner or (western and not _is_turkish(inner, western)):
        return None
    fits = [
        (_uses(inner, encoding.codec, letters), _coverage(inner, encoding, letters), encoding)
        for encoding, languages in _MARKED_LETTERS.items()
        for letters in languages
    ]
    share, _, best = max(fits, key=lambda fit: fit[:2])
    return best if share >= MIN_MARKED_SHARE else None


def _is_turkish(inner: bytes, western: list[str]) -> bool:
    """Return whether the only western language is Icelandic, without letters of its own."""
    letters = set(inner.decode("cp1252", "replace").casefold())
    return western == [_WESTERN[-1]] and not letters & _ICELANDIC_ALONE


def _marked(inner: bytes, codec: str) -> str:
    text = inner.decode(codec, "replace").replace(_APOSTROPHE, "")
    return text.replace("İ", "").lower()


def _uses(inner: bytes, codec: str, letters: str) -> float:
    """Return the share of the letters inside words that a language uses."""
    found = _marked(inner, codec)
    return sum(map(found.count, letters)) / len(found) if found else 1.0


def _coverage(inner: bytes, encoding: TextEncoding, letters: str) -> float:
    """Return the share of the letters of a language that occur."""
    return len(set(letters).intersection(_marked(inner, encoding.codec))) / len(letters)


def detect_thai(sample: bytes) -> TextEncoding | None:
    """Return the encoding of a Thai text: its vowels and tones stand on consonants.

    Example:
        >>> detect_thai("ชาเขียวญี่ปุ่น".encode("cp874")).label
        'Windows-874 (Thai)'
        >>> detect_thai("größe".encode("cp1252")) is None
        True
    """
    n_letters = len(_decode(sample, "cp874"))
    text = sample.decode("cp874", "replace")
    n_marks = len(_THAI_MARK.findall(text))
    in_place = len(_THAI_MARK_IN_PLACE.findall(text))
    is_thai = n_letters >= MIN_DISTINCT and n_marks >= MIN_THAI_MARKS * n_letters
    if is_thai and in_place >= MIN_THAI_IN_PLACE * n_marks:
        return TextEncoding("cp874", "Windows-874 (Thai)")
    return None
