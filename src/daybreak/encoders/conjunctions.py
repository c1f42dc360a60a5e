"""Words between two wishes of a sentence, in the languages of the multilingual text model.

Constants are regular expressions that match a whole word, or a mark of a script without spaces.
"""

from daybreak.encoders.clause_words import MEASURE_WORDS

_ARTICLES = (
    r"an?|another|some|eine[nmrs]?|ein|une?|des|una|uno|unos|unas|um|uma|uns|umas|een|"
    r"e[nt]|ett|bir"
)
_PERHAPS = (
    r"(?:(?:also|maybe|perhaps|possibly|auch|vielleicht|noch|aussi|peut-être|también|quizás|anche"
    r"|forse|também|talvez|ook|misschien)\s+)?"
)
ARTICLES = rf"{_PERHAPS}(?:{_ARTICLES})(?=\s)|un'|{MEASURE_WORDS}"
"""Words that begin an object of its own: "a lamp and a mug" are two."""

_BETWEEN_NOUNS = (
    r"(?<=[\u3041-\u309f\u30a1-\u30faー\u4e00-\u9fff])か(?=[\u30a1-\u30fa\u4e00-\u9fff])"
)
ALTERNATIVES = (
    r"(?<!\ben )(?<!\bd')(?<![\w-])(?:and/or|or else|or|oder|bzw|und/oder|ou bien|ou|oppure|lub"
    r"|albo|или|либо|veya|ya da|eller|أو)(?![\w-])"
    rf"|或者是?|或是|抑或|或|还是|還是|または|もしくは|それとも|あるいは|{_BETWEEN_NOUNS}"
    r"|(?<=\s)(?:또는|혹은|아니면)(?=\s)|(?<=[가-힣])이?나(?=\s)|หรือ"
)
"""Words of which either side is enough."""

SHORT_ALTERNATIVES = (
    rf"(?<![\w-])(?:o|of|u)(?=\s+(?:{_ARTICLES}|el|los|las|lo|gli|le|de|het)\s)"
    r"|(?<=s\s)o(?=\s+\w+s\b)"
)
"""Words that are an "or" before an article or, in Spanish, between plurals, and something else
in other languages."""

ADDITIONS = (
    r"(?<![\w-])(?:as well as|and|und|sowie|et|y|ed|e|oraz|и|ve|og|och|و)(?![\w-])|&|\+"
    r"|以及|还有|還有|外加|和|与|與|跟|及|、|(?<=[\u30a1-\u30faー\u4e00-\u9fff])[とや]"
    r"(?=[\u30a1-\u30fa\u4e00-\u9fff])|(?<=[가-힣])(?:하고|이랑|랑)(?=\s)"
    r"|(?<=[가-힣]{2})[와과](?=\s)|และ|กับ"
)
"""Words that join what is wanted together, or two wishes."""

SHORT_ADDITIONS = rf"(?<![\w-])(?:en|i)(?=\s+(?:{_ARTICLES})\s)"
"""Words that are an "and" before an article, and something else in other languages."""

PREPOSITIONS = (
    r"with|for|about|in|on|under|below|over|at|from|by|of|to|as|like|made|suitable|mit|für|über"
    r"|aus|unter|von|zum|zur|als|im|am|bei|avec|pour|sur|dans|sous|par|à|au|aux|en|de|du|con"
    r"|para|por|sobre|per|su|sotto|di|com|sob|voor|met|van|over|dla|z|do|pod|для|с|на|про|под"
    r"|için|hakkında|من|مع|عن"
)
"""Words that tie what follows to what stands before: "a mug with cats and dogs"."""

ROMANCE_WORDS = frozenset({"ou", "o", "u", "oppure", "et", "y", "e", "ed", "ou bien"})
"""Words between wishes of languages in which adjectives follow their noun."""
