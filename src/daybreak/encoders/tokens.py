"""Text to lower-case words, in any script; Chinese is cut into words by a dictionary."""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeAlias

Cut: TypeAlias = Callable[[str], list[str]]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〇"
_HIRAGANA = "\u3041-\u309f"
_KATAKANA = "\u30a0-\u30ff"
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e"
)
"""Accents, vowel points and vowel signs: parts of a word that are no letters of their own."""

_RUNS = re.compile(
    rf"(?P<han>[{_HAN}]+)|[{_HIRAGANA}]+|[{_KATAKANA}]+"
    rf"|[^\W_{_HAN}{_HIRAGANA}{_KATAKANA}](?:[^\W_{_HAN}{_HIRAGANA}{_KATAKANA}]|[{_MARKS}])*"
)
_PLAIN = re.compile(r"[a-z0-9]+")


def tokens(text: str) -> list[str]:
    """Return the words of a text in their order, lower-case, full-width letters made plain.

    Words are runs of letters and digits. Runs of Chinese characters are cut into words by
    jieba's dictionary without its guesses at unknown names: on Chinese item texts that was as
    good as with them, better than character pairs, and faster. The dictionary is read when the
    first Chinese run is met, about a second, and no file is written.

    Example:
        >>> tokens("Tea-Pot No_2, ＡＢＣ"), tokens("喜欢看电影 in 3D")
        (['tea', 'pot', 'no', '2', 'abc'], ['喜欢', '看', '电影', 'in', '3d'])
    """
    if text.isascii():  # the same words, three times as fast
        return _PLAIN.findall(text.lower())
    words: list[str] = []
    for run in _RUNS.finditer(unicodedata.normalize("NFKC", text).lower()):
        if run["han"]:
            words += _chinese()(run["han"])
        else:
            words.append(run[0])
    return words


def token_lists(texts: Iterable[str]) -> list[list[str]]:
    """Return the words of each text; see :func:`tokens`."""
    return [tokens(text) for text in texts]


@cache
def _chinese() -> Cut:
    """Return jieba's cutter over its own dictionary.

    The tokenizer's ``initialize`` would look for a cache in the shared temporary folder, unpack
    whatever lies there, and write one; filling in the tables oneself does neither.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its sources have escapes that newer Pythons dislike
        import jieba  # noqa: PLC0415 - slow, and needed for Chinese only

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True

    def cut(run: str) -> list[str]:
        return list(cutter.lcut(run, HMM=False))

    return cut
