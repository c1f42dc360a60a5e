"""Relative words: cheap, expensive, new, old, short and long, in several languages."""

from daybreak.encoders.amounts import Quantity
from daybreak.encoders.bound_words import (
    GENERAL_NOUNS,
    MEDIA_NOUNS,
    UNSPACED_GENERAL_NOUNS,
    UNSPACED_MEDIA_NOUNS,
)

_NOT = r"(?:(?:not|isn't|aren't|nothing|n't) (?:too |very |so |that |overly )?)"
_NICHT = r"(?:(?:nicht|nichts|kein\w*) (?:zu |so |sehr |allzu |ganz so )?)"
_CHEAP = (
    rf"{_NOT}(?:expensive|pricey|costly|dear)|cheap(?:er|est|ish)?|inexpensive|affordable"
    r"|low[- ](?:priced|cost|price)|(?:easy on the|for a small) budget|budget[- ]friendly"
    r"|reasonably priced|bargains?"
    rf"|{_NICHT}teuer\w*|{_NICHT}teures|billig(?:e[rsnm]?|er\w*|ste\w*)?"
    r"|(?:preis)?günstig(?:e[rsnm]?|er\w*|ste\w*)?|preiswert(?:e[rsnm]?)?"
    r"|pas (?:trop |très )?ch(?:er|ère)s?|bon marché|moins chers?|abordables?|peu coûteux"
    r"|no (?:muy |demasiado |tan )?car[oa]s?|barat[oa]s?|económic[oa]s?|asequibles?"
    r"|non troppo car[oiae]|economic[oiahe]+|a buon mercato"
)
_CHEAP_UNSPACED = (
    r"(?:不要|别|別|不用|不|没那么)(?:太|很|那么|怎么|是很|过于)?(?:贵|貴|昂贵)的?"
    r"|(?:相对|比较|更|最|要)?便宜(?:一点|一點|一些|点儿?|點|些)?的?|实惠|實惠|平价|低价|廉价|性价比高的?|安い|安め"
)
_DEAR = (
    rf"{_NOT}(?:too )?cheap|(?:more |most |very )?expensive|pricey|high[- ]priced|high[- ]end"
    rf"|{_NICHT}billig\w*|(?:etwas |sehr )?teuer(?:e[rsnm]?|ste\w*)?|teure[rsnm]?"
    r"|hochpreisig\w*|well[- ]paid|high(?:ly|er|est)?[- ]paid"
    r"|(?:gut|besser|best|hoch)[- ]?bezahlt(?:e[rnsm]?)?"
    r"|plus chers?|haut de gamme|más car[oa]s?|de lujo|più car[oiae]"
)
_DEAR_UNSPACED = (
    r"(?:不要|别|別|不)太便宜的?|(?:更|最|要)?[贵貴](?:一点|一點|一些|点儿?|些)的?"
    r"|昂贵的?|高价的?|最贵的?|高档的?"
)
_NO_NAME = (
    r"(?!(?:york|zealand|orleans|jersey|delhi|england|mexico|hampshire|age|wave|world|year|year's"
    r"|years|testament|order|deal|moon|fashioned|school|style|english|testament|man|men|woman)\b)"
)
"""Words after "new" and "old" that are a part of their names."""
_SOME = r"(?:something|anything|etwas|quelque chose de|algo|qualcosa di)"
_NEW = (
    r"(?:brand[- ])?(?:new|newer|recent|current)"
    rf"(?= (?:{_NO_NAME}[\w-]+ )?(?:{GENERAL_NOUNS})(?!\w))"
    rf"|{_SOME} (?:new|newer|recent|neues|aktuelles|nouveau|nuevo|nuovo)(?![-\w])"
    r"|newest|latest|most recent|recently (?:released|published|added)"
    r"|what(?:'s| is) new(?= (?:in|on|about|with|from|at)(?!\w))|was gibt(?:'s| es) neues"
    r"|neues(?= (?:aus|über|zu|zum|zur|vom|von)(?!\w))|quoi de neuf|qué hay de nuevo"
    rf"|(?:neue[nrs]?|aktuelle[nrs]?)(?= \w*?(?:{GENERAL_NOUNS})(?!\w))|neu(?:e)?st(?:e[nrsm]?)"
    rf"|(?:films|livres|articles) (?:récents|nouveaux)|nouveaux(?= (?:{GENERAL_NOUNS})(?!\w))"
    r"|(?<=películas )(?:nuevas|recientes)|últim[oa]s(?= películas| novedades| libros)"
)
_NEW_UNSPACED = (
    rf"(?:最新|较新|新近|近期|最近)(?:上映|发布|出版|推出)?的?|新(?=(?:{UNSPACED_GENERAL_NOUNS}))(?!番茄|片段|剧场)"
    r"|新(?:出|上映|发布|出版|推出|上架)的?"
    rf"|新的(?=[\u4e00-\u9fff]{{0,4}}(?:{UNSPACED_GENERAL_NOUNS}))"
)
_GENRES = (
    r"sci-?fi|science fiction|horror|(?:film[- ])?noir|romances?|fantasy|animation|crime"
    r"|adventures?|mysteries"
)
_OF_CLASSICS = (
    r"old|great|timeless|all[- ]time|well[- ]known|famous|film|movie|cinema|literary|screen"
)
_OLD = (
    rf"(?:old|older)(?= (?:{_NO_NAME}[\w-]+ )?(?:{MEDIA_NOUNS})(?!\w))|oldest"
    rf"|alte[nrs]?(?= \w*?(?:{MEDIA_NOUNS})(?!\w))|älteste[nrs]?"
    rf"|vieux(?= films| livres)|(?<=películas )(?:antiguas|viejas)"
    rf"|(?:old )?classic(?= (?!rock|cars?\b)(?:[\w-]+ )?(?:{MEDIA_NOUNS}|{_GENRES})(?!\w))"
    rf"|(?<!modern )(?<!instant )(?<!cult )(?:(?:{_OF_CLASSICS}) )*classics"
    r"|(?:film|kino|buch|serien|comedy|horror)?klassiker[ns]?"
    rf"|klassische[nrs]?(?! (?:musik|lieder))(?= \w*?(?:{MEDIA_NOUNS})(?!\w))"
    r"|(?:grands )?classiques(?: du cinéma)?|clásic[oa]s(?: del cine)?|classici(?: del cinema)?"
)
_OLD_UNSPACED = (
    r"老(?=片|电影|動畫|动画|番|剧|歌|电视剧)|早期的|旧(?=片|番)|老旧的"
    rf"|(?<!最)[经經]典(?:老|的)*(?=(?:{UNSPACED_MEDIA_NOUNS})(?!音))"
)
_TIMED = (
    r"(?= (?!(?:term|time|lost|running|distance|haired|story|stories|kiss)\b)(?:[\w-]+ )?"
    r"(?:films?|movies?|videos?|episodes?)(?!\w))"
)
"""Something that lasts, with one word before it: "short animated films"."""
_SHORT = (
    rf"{_NOT}(?:too |so )?long(?! )|short(?:er)?{_TIMED}"
    r"|kurze[rns]?(?= (?:filme?n?|videos?|serien?)(?!\w))|nicht (?:zu|so) lang\w*"
)
_SHORT_UNSPACED = r"(?:不要|别|不)太长的?|短(?=片)|时长短的?|短一点的?|短些的?"
_LONG = (
    rf"long(?:er)?{_TIMED}"
    r"|lange[rns]?(?= (?:filme?n?|videos?)(?!\w))"
)
_LONG_UNSPACED = r"长(?=片)|时长长的?|长一点的?"

RELATIVE_WORDS: tuple[tuple[Quantity, bool, str, str], ...] = (
    ("price", False, _CHEAP, _CHEAP_UNSPACED),
    ("price", True, _DEAR, _DEAR_UNSPACED),
    ("year", True, _NEW, _NEW_UNSPACED),
    ("year", False, _OLD, _OLD_UNSPACED),
    ("duration", False, _SHORT, _SHORT_UNSPACED),
    ("duration", True, _LONG, _LONG_UNSPACED),
)
"""Quantity, whether large values are meant, words with spaces, and words without; of two that
overlap, the longer one counts."""
NAMES_WITH_RELATIVE_WORDS = (
    r"cheap trick|cheaper by the dozen|cheap thrills|dirt cheap|cheapskate"
)
"""Names in which such a word says nothing about a quantity."""
