"""Requests that name nothing: "surprise me", "the best films of all time", "随便推荐".

Their words must not be compared with items: of all films, those with *time* in their titles are
not the best ones of all time. Who asks in this way wants the list that comes without a text.
"""

import re
import unicodedata
from functools import cache

from daybreak.encoders.clause_words import FILLERS

SUPERLATIVES = (
    r"(?:most|more) (?:popular|read|watched|bought|sold)"
    r"|(?:top|best|highest|well)[- ](?:rated|selling|reviewed)"
    r"|best[- ]?sell(?:ing|ers?)|of all times?|ever made|right now|at the moment"
    r"|these days|nowadays|aller zeiten|bestbewertete[nrs]?|meistverkaufte[nrs]?"
    r"|meistgelesene[nrs]?|beliebteste[nrs]?|de tous les temps"
    r"|(?:les )?(?:plus|mieux) (?:populaires?|vendue?s|notée?s|lue?s)"
    r"|de todos los tiempos|más (?:populares|vendid[oa]s|leíd[oa]s)|di tutti i tempi"
    r"|più (?:popolari|vendut[ie])|de todos os tempos|mais (?:populares|vendid[oa]s)"
    r"|van aller tijden|wszech czasów|всех времён|всех времен"
)
"""Words by which only a rank is asked for, in scripts with spaces."""
UNSPACED_SUPERLATIVES = (
    r"最(?:受欢迎|受歡迎|热门|熱門|火|畅销|暢銷)的?|热门的?|熱門的?|畅销的?"
    r"|史上最(?:佳|好|强)的?"
)
OPEN_PHRASES = (
    r"surprise me(?: with (?:something|anything))?"
    r"|what(?:so)?ever(?: you (?:have|like|want|recommend))?"
    r"|(?:any|some)thing (?:good|nice|fun|interesting|different|else|cool|great"
    r"|special|you like)"
    r"|(?:please )?(?:recommend|suggest)(?: (?:me|us))?(?: (?:any|some)thing)?"
    r"|(?:recommendation|suggestion)s?(?: please)?"
    r"|(?:don't|do not) know what(?: to \w+| i want)?|no idea what to \w+"
    r"|(?:(?:i'm|i am|im|we're|feeling)(?: so)? )?bored|hello|hi there|hi|hey"
    r"|good (?:morning|evening|afternoon)"
    r"|what(?:'s| is| are)?(?: (?:hot|good|popular|trending|in"
    r"|(?:everybody|people|others) \w+ing))"
    r"|what (?:should|can|could) (?:i|we) (?:watch|read|buy|get|play|listen to|see|order"
    r"|eat|cook)(?: next| now| today)?"
    r"|what to (?:watch|read|buy|get|play|listen to|see|order|eat|cook)"
    r"(?: next| now| today| tonight)?"
    r"|trending|popular|famous|well[- ]known|acclaimed|(?:widely )?loved"
    r"|greatest|best|top(?: (?:ten|\d+|picks)|(?= \w))"
    r"|must[- ](?:see|read|have)s?|favou?rites?|überrasche? mich|überraschung"
    r"|egal(?: was)?|irgendwas|irgendetwas|(?:et)?was (?:gutes|neues|anderes|schönes)"
    r"|keine ahnung(?: was)?|mir ist langweilig|langweilig|hallo"
    r"|guten (?:tag|morgen|abend)|beliebte?[nrs]?|beste[nrs]?|empfiehl mir"
    r"|empfehlung(?:en)?|was soll ich (?:lesen|schauen|sehen|kaufen|hören|kochen)"
    r"|angesagt|bekannte[nrs]?|berühmte[nrs]?|connue?s|célèbres?|conocid[oa]s|famos[oaie]s?"
    r"|surprends-moi|surprenez-moi|n'importe quoi"
    r"|quelque chose de (?:bien|bon|nouveau|différent)|bonjour|salut"
    r"|je ne sais pas quoi \w+|je m'ennuie|recommande(?:z)?-moi|meilleure?s?"
    r"|populaires?|sorpréndeme|cualquier cosa|algo (?:bueno|nuevo|diferente|bonito)"
    r"|no sé qué \w+|hola|recomiéndame|mejor(?:es)?|sorprendimi|qualsiasi cosa"
    r"|qualcosa di (?:bello|buono|nuovo|diverso)|ciao|consigliami|miglior[ei]|popolari"
)
"""Phrases that ask for anything, in scripts with spaces."""
UNSPACED_OPEN_PHRASES = (
    r"随便(?:看看|推荐|来点|什么)?|隨便(?:看看|推薦)?|都可以|都行|什么都行"
    r"|(?:给我|给点)?(?:一个|个|点)?惊喜(?:一下)?"
    r"|(?:我)?(?:也)?不知道(?:看|买|读|听|玩|吃)?(?:点|些)?(?:什么|啥)?(?:好)?"
    r"|(?:好|太|很)?无聊(?:啊|了)?|你好|您好|推荐(?:一下|一些|几部|几个|几本)?"
    r"|推薦(?:一下|一些|幾部|幾個)?|有什么好(?:看|玩|听|吃|用)的?"
    r"|最好(?:看|玩|听|吃|用)?的?|有什么推荐的?|大家都在(?:看|买|听|玩)什?么?的?"
    r"|おすすめ(?:は|を|の)?(?:教えて|何)?|お勧め(?:は|を|の)?|何でも(?:いい|良い)?"
    r"|なんでも(?:いい)?|人気の?|こんにちは|暇(?:です|だ)?|面白い(?:もの)?"
    r"|추천(?:해)?\s?(?:줘|주세요|좀)?|아무거나|인기\s?(?:있는|많은)?|안녕(?:하세요)?"
    r"|심심해(?:요)?"
)
_RANKS = (
    r"(?:most |very )?(?:popular|famous|well[- ]known|acclaimed|loved)|best|greatest"
    r"|top(?: ?\d+)?"
    r"|beste[nrs]?|beliebte[nrs]?|bekannte[nrs]?|meilleure?s?|populaires|mejores|migliori|melhores"
)
_BEFORE_RANK = (
    r"(?:the|some|a|an|few|show|give|recommend|find|me|us|what|which|are|is|please|your|want|i|all"
    r"|die|der|das|zeig|mir|was|sind|welche|les|des|las|los|gli|le|i|os|as|quels|sont)"
)
UNSPACED_RANKS = r"最(?:好看?|佳|棒|经典)的?|高分的?|评分最?高的?|口碑(?:最|很)?好的?"
_NOUNS = """
    film films movie movies book books novel novels song songs track tracks album albums
    artist artists band bands music game games anime series show shows title titles
    product products item items article articles news story stories post posts video
    videos recipe recipes job jobs gift gifts present presents stuff thing things one
    ones pick picks choice choices option options filme buch bücher lied lieder spiel
    spiele serie serien produkt produkte artikel sachen nachrichten livre livres chanson
    chansons jeu jeux produit produits película películas libro libros canción canciones
    juego juegos producto productos libri canzoni giochi prodotti watch read listen buy
    see play get today tonight now week month year time moment heute gerade jetzt
"""
NOUNS = frozenset(_NOUNS.split())
"""What a shop sells, as people name all of it, and times of asking."""
UNSPACED_NOUNS = (
    r"(?:电影|電影|片子?|书籍?|書|小说|动漫|动画|番剧?|歌曲?|音乐|游戏|遊戲|商品|东西"
    r"|東西|产品|新闻|文章|礼物|剧|映画|本|アニメ|ゲーム|曲|商品|もの|영화|책|노래"
    r"|게임|상품|것|애니|드라마)"
)
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_UNSPACED_REST = re.compile(
    r"(?:的|了|吧|呢|吗|啊|呀|は|を|の|が|에|을|를|은|는|\s|[，。？！,.?!~～、])+"
)


def drop_superlatives(text: str) -> str:
    """Return a text without the words by which only a rank is asked for.

    Example:
        >>> drop_superlatives("the most popular horror of all time").split()
        ['the', 'horror']
    """
    return _superlatives().sub(" ", text)


def is_open_request(text: str) -> bool:
    """Return whether a text asks without a word about what.

    Example:
        >>> is_open_request("surprise me"), is_open_request("the best films of all time")
        (True, True)
        >>> is_open_request("the best westerns of all time"), is_open_request("love")
        (False, False)
        >>> is_open_request("随便推荐"), is_open_request("推荐几部恐怖片")
        (True, False)
        >>> is_open_request("?!"), is_open_request("")
        (True, False)
    """
    if text and all(unicodedata.category(char)[0] in "PZC" for char in text):
        return True  # marks name nothing
    plain = text.casefold().replace("’", "'")
    rest, n_phrases = _open_phrases().subn(" ", drop_superlatives(plain))
    if not n_phrases and rest == plain:
        return False
    rest = _UNSPACED_REST.sub(" ", _unspaced_nouns().sub(" ", rest))
    return all(word in FILLERS or word in NOUNS for word in _WORD.findall(rest))


def is_unspaced_noun(word: str) -> bool:
    """Return whether a word of a script without blanks names all that a shop sells.

    Example:
        >>> is_unspaced_noun("电影"), is_unspaced_noun("袜子")
        (True, False)
    """
    return _unspaced_nouns().fullmatch(word) is not None


def find_rank(text: str) -> str:
    """Return the words by which a text asks for the best of a kind; empty: it does not.

    Example:
        >>> find_rank("top rated comedies"), find_rank("the best thrillers")
        ('top rated', 'best')
        >>> find_rank("a present for my best friend"), find_rank("surprise me")
        ('', '')
    """
    if is_open_request(text):
        return ""
    found = _superlatives().search(text)
    if found:
        return found[0].strip()
    found = _ranks().search(text)
    return found["rank"] or found["unspaced"] if found else ""


def drop_rank(text: str) -> str:
    """Return a text without the words of :func:`find_rank`.

    Example:
        >>> drop_rank("the best thrillers of all time").split()
        ['the', 'thrillers']
    """
    text = drop_superlatives(text)
    found = _ranks().search(text)
    if not found:
        return text
    start, end = found.span("rank" if found["rank"] else "unspaced")
    return f"{text[:start]} {text[end:]}"


@cache
def _superlatives() -> re.Pattern[str]:
    spaced = rf"(?<!\w)(?:{SUPERLATIVES})(?!\w)"
    return re.compile(f"{spaced}|{UNSPACED_SUPERLATIVES}", re.IGNORECASE)


@cache
def _open_phrases() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{OPEN_PHRASES})(?!\w)|{UNSPACED_OPEN_PHRASES}")


@cache
def _unspaced_nouns() -> re.Pattern[str]:
    return re.compile(UNSPACED_NOUNS)


@cache
def _ranks() -> re.Pattern[str]:
    spaced = rf"^\W*(?:{_BEFORE_RANK}\s+)*(?P<rank>{_RANKS})(?=\s+\S)"
    return re.compile(rf"{spaced}|(?P<unspaced>{UNSPACED_RANKS})", re.IGNORECASE)
