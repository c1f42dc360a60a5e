"""Wanted and unwanted clauses of a sentence: "tea but no coffee" wants tea and no coffee.

:func:`split_clauses` finds words of negation in the languages that the multilingual text model
knows. It needs no grammar: a negation holds from its word to the end of the clause.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache, partial

from daybreak.encoders.ages import say_ages
from daybreak.encoders.clause_words import (
    ALSO,
    ASKING_WORDS,
    BUT,
    ENGLISH_NOUNS,
    FILLERS,
    FOLLOWING_NEGATIONS,
    GIFT_FOR,
    JOINING_WORDS,
    LOVE,
    NAMES,
    PRONOUNS,
    RECIPIENT,
    REWRITES,
    SPACED_CONTRASTS,
    SPACED_NEGATIONS,
    TITLE_WORDS,
    UNSPACED_CONTRASTS,
    UNSPACED_NEGATIONS,
    UNSPACED_RECIPIENT,
    UNSPACED_REQUEST,
    UNSPACED_TALK,
    WITHOUT_BEFORE_NOUN,
)
from daybreak.encoders.conjunctions import ALTERNATIVES, ARTICLES, SHORT_ALTERNATIVES
from daybreak.encoders.kinds_of_works import drop_kind_of_works
from daybreak.encoders.languages import foreign_words
from daybreak.encoders.occasions import drop_occasion
from daybreak.encoders.open_requests import drop_superlatives, is_open_request
from daybreak.encoders.patterns import pattern_of

_BREAK = re.compile(r"[,;:.!?\n\r，。；：！？،؛؟…|()]+|(?<=\s)[-–—]+(?=\s)")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_NUMBER_POINT = re.compile(r"(?<=\d)[.,:](?=\d)")
_POINT, _GUARD = "\0", "\1"
"""While a sentence is split: a point in a number, and a mark in a word that is no negation."""
_NO_MARKS = {0: " ", 1: " "}
_BUT_AT_END = rf"(?:{BUT})$"
_FURTHER = f"{ALSO}|{ASKING_WORDS}"
"""Words with which a piece asks for something else as well."""
MAX_SENTENCE_CHARS = 2_000
"""Number of characters of the longest text that is split; longer ones are no sentences."""
MAX_OBJECT_CHARS = 30
"""Number of characters of the longest word before a negation that negates it."""
MAX_LIMIT_WORDS = 4
"""Number of words of the longest piece that limits the one before it."""
MIN_SENTENCE_WORDS = 5
"""Number of words from which on a text without a pronoun is a sentence, no search phrase."""


@dataclass(frozen=True)
class WantedPiece:
    """A piece of what a sentence asks for.

    Attributes:
        text: Its words.
        is_limit: Whether it limits the piece before: "like Alien but funny".
    """

    text: str
    is_limit: bool = False


@dataclass(frozen=True)
class Clauses:
    """What a sentence asks for and what it rules out.

    Attributes:
        wanted: Wanted clauses, joined; empty if the sentence only rules out.
        unwanted: Unwanted clauses.
        pieces: The wanted text, cut at punctuation and at words of contrast; empty if it is
            too long for a sentence.
    """

    wanted: str
    unwanted: tuple[str, ...] = ()
    pieces: tuple[WantedPiece, ...] = field(default=(), repr=False, compare=False)


def split_clauses(text: str) -> Clauses:
    """Split a sentence into wanted and unwanted clauses.

    A sentence without a negation, or a longer text, is returned as it is.

    Example:
        >>> split_clauses("Tea, but no coffee please")
        Clauses(wanted='Tea', unwanted=('coffee',))
        >>> split_clauses("不要恐怖片")
        Clauses(wanted='', unwanted=('恐怖片',))
        >>> split_clauses("不要咖啡的甜点")
        Clauses(wanted='甜点', unwanted=('咖啡',))
        >>> split_clauses("a warm blanket")
        Clauses(wanted='a warm blanket', unwanted=())
    """
    if len(text) > MAX_SENTENCE_CHARS:
        return Clauses(text)
    normal = _normalise(text)
    pieces = _polar_pieces(normal)
    pieces = [(is_wanted, piece.replace(_GUARD, "")) for is_wanted, piece in pieces]
    unwanted = [_strip_fillers(piece) for is_wanted, piece in pieces if not is_wanted]
    unwanted = [piece for piece in unwanted if piece]
    wanted = [piece.strip() for is_wanted, piece in pieces if is_wanted and piece.strip()]
    is_alone = len(unwanted) == 1 and not any(has_content(piece) for piece in wanted)
    if is_alone and (found := pattern_of(WITHOUT_BEFORE_NOUN).fullmatch(unwanted[0])):
        wanted, unwanted = [found["noun"]], [found["without"]]
    kept = tuple(WantedPiece(piece, _is_limit(piece, normal)) for piece in wanted)
    if not unwanted:
        return Clauses(text, pieces=kept)
    named = " ".join(piece for piece in wanted if has_content(piece))
    return Clauses(named, tuple(unwanted), kept)


def has_content(clause: str) -> bool:
    """Return whether a clause has other words than those of asking.

    Example:
        >>> has_content("I would like"), has_content("a lamp")
        (False, True)
    """
    return bool(_strip_fillers(clause))


def drop_small_talk(text: str) -> str:
    """Return a text without the words that only ask, such as articles and "I would like".

    In a short phrase without a pronoun, words of :data:`TITLE_WORDS` are kept: "One Piece" is a
    title. A text of nothing else is returned as it is: "love" may be what somebody looks for.

    Example:
        >>> drop_small_talk("I run a small tea room and love cake stands")
        'run small tea room cake stands'
        >>> drop_small_talk("toys for One Piece"), drop_small_talk("love")
        ('toys One Piece', 'love')
        >>> drop_small_talk("我想要一盏灯"), drop_small_talk("有没有推理番？")
        ('灯', '推理 ？')

        Of somebody about whom more is said, only that is kept.

        >>> drop_small_talk("a present for my best friend who loves gardening")
        'gardening'

        A request that names nothing is empty, and a rank is not what something is about.

        >>> drop_small_talk("surprise me"), drop_small_talk("the best comedies of all time")
        ('', 'best comedies')

        Nor are words that only ask in another language.

        >>> drop_small_talk("I need a bin"), drop_small_talk("ich bin für Lampen")
        ('bin', 'Lampen')

        In some phrases, love is no word of asking.

        >>> drop_small_talk("I would love to read a love story")
        'read love story'
    """
    if is_open_request(text):
        return ""
    for shorten in (drop_superlatives, partial(pattern_of(GIFT_FOR).sub, ""), drop_occasion):
        shorter = shorten(text)
        text = shorter if has_content(shorter) else text
    rest = _drop_recipient(text)
    is_about_somebody = rest != text
    is_question = text.rstrip().endswith(("?", "？"))
    shorter = drop_kind_of_works(rest)
    rest = shorter if has_content(shorter) else rest
    text = pattern_of(UNSPACED_REQUEST).sub("", rest) or rest
    text = say_ages(_drop_unspaced_talk(text))
    words = list(_WORD.finditer(text))
    lowered = {word[0].lower() for word in words}
    is_sentence = (
        is_about_somebody
        or is_question
        or len(words) >= MIN_SENTENCE_WORDS
        or bool(PRONOUNS & lowered)
    )
    dropped = FILLERS if is_sentence else FILLERS - TITLE_WORDS
    dropped = dropped if foreign_words(text) else dropped - ENGLISH_NOUNS
    phrases = [found.span() for found in pattern_of(LOVE).finditer(text)]
    kept = [
        word[0]
        for word in words
        if word[0].lower() not in dropped
        or any(start <= word.start() < end for start, end in phrases)
    ]
    return " ".join(kept) if kept and len(kept) < len(words) else text.strip()


def _normalise(text: str) -> str:
    """Return a text in compatibility form, with its idioms rewritten and its breaks as such."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").translate(_NO_MARKS)
    names = pattern_of(NAMES, any_case=False)
    text = names.sub(lambda found: f"{found[0][:-1]}{_GUARD}{found[0][-1]}", text)
    for pattern, replacement in _rewrites():
        text = pattern.sub(replacement, text)
    return _NUMBER_POINT.sub(_POINT, text)


def _polar_pieces(text: str) -> list[tuple[bool, str]]:
    """Return the pieces of a text in their order, each with whether it is wanted."""
    pieces: list[tuple[bool, str]] = []
    negated = False
    for segment in _BREAK.split(text):
        goes_on = negated and _continues_list(segment) and not _begins_wish(segment, pieces)
        found = _split_segment(segment.replace(_POINT, "."), negated=goes_on)
        pieces += found
        filled = [is_wanted for is_wanted, piece in found if _strip_fillers(piece)]
        negated = not filled[-1] if filled else negated and not segment.strip()
    return pieces


def _continues_list(segment: str) -> bool:
    """Return whether a segment after a comma belongs to an unwanted list."""
    is_joined = bool(pattern_of(JOINING_WORDS).search(segment))
    return is_joined and not pattern_of(ASKING_WORDS).search(segment)


def _begins_wish(segment: str, pieces: list[tuple[bool, str]]) -> bool:
    """Return whether a segment after an unwanted one is a further wish: ", or a bag".

    It has an indefinite article, and the unwanted object before it has none; something wanted
    stands before both.
    """
    if not _alternative_object().match(segment):
        return False
    unwanted = next(piece for is_wanted, piece in reversed(pieces) if not is_wanted)
    has_wish = any(is_wanted and has_content(piece) for is_wanted, piece in pieces)
    return has_wish and not pattern_of(ARTICLES).match(unwanted.strip())


def _split_segment(segment: str, *, negated: bool) -> list[tuple[bool, str]]:
    """Split a segment without punctuation at words of contrast and of negation."""
    first, *others = _contrasts().split(segment)
    pieces = _split_part(first, negated=negated)
    return pieces + [piece for part in others for piece in _split_part(part, negated=False)]


def _split_part(part: str, *, negated: bool) -> list[tuple[bool, str]]:
    following = None if negated else _following().search(part)
    if following is not None:
        start, end = following.span("object")
        before = _split_part(part[:start], negated=False)
        after = _split_part(part[following.end() :], negated=False)
        return [*before, (False, part[start:end]), *after]
    first, *others = _negations().split(part)
    return [(not negated, first), *((False, piece) for piece in others)]


def _is_limit(piece: str, text: str) -> bool:
    """Return whether a piece after a "but" says how the thing before is to be.

    It is short and has no article, and nothing in it asks for a further thing.
    """
    start = text.find(piece)
    before = text[:start].rstrip()
    if start < 1 or not pattern_of(_BUT_AT_END).search(before):
        return False
    words = [word for word in _WORD.findall(piece) if word.lower() not in FILLERS]
    return (
        0 < len(words) <= MAX_LIMIT_WORDS
        and not pattern_of(ARTICLES).match(piece.strip())
        and not pattern_of(_FURTHER).search(piece)
    )


def _strip_fillers(clause: str) -> str:
    """Return a clause without the words of asking around it; empty if nothing else is in it."""
    clause = clause.strip()
    words = list(_WORD.finditer(clause))
    while words and words[0][0].lower() in FILLERS:
        del words[0]
    while words and words[-1][0].lower() in FILLERS:
        del words[-1]
    return clause[words[0].start() : words[-1].end()] if words else ""


@cache
def _rewrites() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern, re.IGNORECASE), new) for pattern, new in REWRITES]


@cache
def _negations() -> re.Pattern[str]:
    """Pattern of the words after which a clause is unwanted."""
    return re.compile(f"{_whole_words(SPACED_NEGATIONS)}|{UNSPACED_NEGATIONS}", re.IGNORECASE)


@cache
def _contrasts() -> re.Pattern[str]:
    """Pattern of the words after which a clause is wanted again."""
    return re.compile(f"{_whole_words(SPACED_CONTRASTS)}|{UNSPACED_CONTRASTS}", re.IGNORECASE)


@cache
def _alternative_object() -> re.Pattern[str]:
    """Pattern of an "or" and an indefinite article."""
    words = f"{ALTERNATIVES}|{SHORT_ALTERNATIVES}"
    return re.compile(rf"\s*(?:{words})\s*(?:{ARTICLES})", re.IGNORECASE)


def _drop_unspaced_talk(text: str) -> str:
    """Return a text without Chinese words that only ask; all of it if nothing else is left."""
    if text.isascii():
        return text
    kept = pattern_of(UNSPACED_TALK).sub(" ", text)
    named = [word for word in _WORD.findall(kept) if word != "的"]
    return kept.strip() if named else text


def _drop_recipient(text: str) -> str:
    """Return a text without the person about whose likes it goes on."""
    rest = pattern_of(RECIPIENT).sub("", text)
    return pattern_of(UNSPACED_RECIPIENT).sub(r"\g<likes>", rest) or text


@cache
def _following() -> re.Pattern[str]:
    """Pattern of words that negate what stands before them."""
    noun = r"(?:영화|음악|책|것|film\w*|kitap\w*|müzi\w*)"
    word = rf"[^\s、]{{1,{MAX_OBJECT_CHARS}}}"
    before = rf"(?P<object>(?:{word}\s+(?={noun}))?{word}?)"
    return re.compile(rf"{before}\s*(?:{FOLLOWING_NEGATIONS})", re.IGNORECASE)


def _whole_words(words: tuple[str, ...]) -> str:
    """Return a pattern of whole words, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    flexible = (re.escape(word).replace(r"\ ", r"\s+") for word in ordered)
    return rf"(?<![^\W_])(?<!-)(?:{'|'.join(flexible)})(?![^\W_]|-)"
