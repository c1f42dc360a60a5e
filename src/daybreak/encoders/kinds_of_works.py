"""Words for all that a catalogue may have, before or behind what a text is about.

"Music for studying" must not bring *Roxy Music*, nor "a Spielberg movie" *The Movie*: such a
word says what kind of catalogue somebody thinks of, and nothing about one of its items.
"""

import re
from functools import cache

_WORKS = (
    r"movies?|films?|flicks?|music|songs?|artists?|articles?|news|headlines|filmen?|spielfilme?"
    r"|musik|lieder|künstler|artikel|nachrichten|meldungen|beiträge|musique|chansons?|actualités"
    r"|nouvelles|películas?|música|canciones|noticias|artículos|filmes|musica|canzoni|notizie"
    r"|articoli|notícias|artigos|papers(?=\s+(?:about|on|regarding|concerning|by)\s)"
    r"|(?:bands?|tracks?)(?=\s+(?:like|similar|from|by)\s)"
)
"""What a catalogue of films, music or texts has; a shop may have papers and bands."""
_ANYTHING = (
    r"(?:any|some|every)thing|stuff|etwas|irgendwas|was|quelque\s+chose|algo|qualcosa"
    r"|qualquer\s+coisa"
)
_KINDS = (
    r"works?|books?|novels?|stories|games?|shows?|series|albums?|products?|items?|things?"
    r"|bücher|romane|spiele|serien|produkte|sachen|livres|romans|jeux|libros|juegos|libri"
    r"|giochi|livros"
)
"""What may be one kind of several in a shop: dropped before the name of a maker only."""
_PLURALS = (
    r"movies|films|flicks|songs|artists|filme|lieder|canciones|películas|chansons|filmes|music"
    r"|musik|musique|música|musica"
)
_BEFORE_ADJECTIVES = r"musique|música|musica|chansons?|películas?|canciones"
"""Words of languages in which an adjective follows."""
_SINGULARS = r"movie|film|flick|song|music|musik"
_FEW = (
    r"(?:any|some|the|all|an?|new|newest|latest|recent|good|great|nice|more|other|me|give|show"
    r"|find|i|i'd|i'm|am|we|want|need|like|looking|for|please|recommend|suggest|can|could|you|do"
    r"|have|are|there|to|listen|watch|read|hear|see|buy|play|neue[ns]?|neueste|aktuelle|gute|eine?n?|ich"
    r"|suche|möchte|brauche|hätte|gerne|gibt|es|zeig|mir|des|les|je|cherche|una?|nuevas?|busco)\s+"
)
"""Words before such a word that only ask."""
_ON = (
    r"about|on|regarding|concerning|from|for|to|with|über|zu|zum|zur|aus|mit|für|wie|sur|avec|pour"
    r"|sobre|con|para|su|com"
)
_ABOUT = rf"{_ON}|like|similar to|that (?:is|are)|comme|como"
_JOINING = (
    rf"{_ON}|of|in|at|into|and|or|but|not|without|the|who|whom|whose|which|that|is|are|by"
    r"|loves?|likes?|enjoys?|plays?|makes?"
    r"|und|oder|ohne|der|die|das|dem|den|im|auf|von|vom|liebt|mag"
    r"|de|du|des|d|la|le|les|et|ou|sans|qui|aime|el|los|las|del|y|o|sin|que|gusta"
    r"|di|della|dei|delle|per|senza|che|ama|do|da|dos|sem|e"
)
"""Words by which a kind of works is part of something else, as in "books about films"."""
_MADE = (
    r"(?:directed|written|made|composed|performed|produced|recorded|sung|played|published"
    r"|drawn|painted|filmed|sold)\s+by|starring|featuring"
)
_BY = r"by|vom|von|par|por"


def drop_kind_of_works(text: str) -> str:
    """Return a text without the word for a kind of works before or behind what it is about.

    What is made by somebody begins with "by" then.

    Example:
        >>> drop_kind_of_works("music for studying"), drop_kind_of_works("a Spielberg movie")
        ('studying', 'Spielberg')
        >>> drop_kind_of_works("films directed by Lang"), drop_kind_of_works("Filme von Lang")
        ('by Lang', 'by Lang')
        >>> drop_kind_of_works("music box"), drop_kind_of_works("books about films")
        ('music box', 'books about films')
    """
    text = _maker().sub("by ", text.strip())
    kind = _kind_by().match(text)
    if kind:
        return f"by {text[kind.end() :]}"
    head = _head().match(text)
    text = text[head.end() :] if head else text
    found = _tail().fullmatch(text)
    kept = found and (found["several"] or found["one"] or found["first"])
    return kept.rstrip() if kept else text


@cache
def _maker() -> re.Pattern[str]:
    """Pattern of words before a maker that say more than "by"."""
    return re.compile(rf"(?<!\w)(?:{_MADE})\s+(?=\w)", re.IGNORECASE)


@cache
def _kind_by() -> re.Pattern[str]:
    """Pattern of what is before a maker."""
    kinds = rf"(?:{_WORKS}|{_ANYTHING}|{_KINDS})"
    return re.compile(rf"(?:{_FEW})*{kinds}\s+(?:{_BY})\s+(?=\w)", re.IGNORECASE)


@cache
def _head() -> re.Pattern[str]:
    """Pattern of a word for works before a word such as "about", with this word."""
    kinds = rf"(?:{_WORKS}|{_ANYTHING})"
    return re.compile(rf"(?:{_FEW})*{kinds}\s+(?:{_ABOUT})\s+(?=\w)", re.IGNORECASE)


@cache
def _tail() -> re.Pattern[str]:
    """Pattern of a plural, or of a word after an article, beside what the text is about."""
    core = rf"(?:(?!(?:{_JOINING})\s)\S+\s+)+?"
    several = rf"(?P<several>(?:{_FEW})*{core})(?:{_PLURALS})"
    first = rf"(?:{_BEFORE_ADJECTIVES})\s+(?P<first>\S.*)"
    one = rf"(?:an?|some|any|eine?[nrm]?|une?)\s+(?P<one>{core})(?:{_SINGULARS})"
    return re.compile(rf"{one}|{several}|{first}", re.IGNORECASE)
