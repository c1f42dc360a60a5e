"""Words that make an amount a bound, and relative words such as "cheap", in several languages.

The constants are regular expressions of closed lists. :mod:`daybreak.encoders.quantities` looks
for them directly before or after an amount.
"""

AT_MOST_BEFORE = (
    r"(?:no|not) (?:more|higher|longer|later|greater) than|not (?:over|above|exceed(?:ing)?)"
    r"|(?:nothing|none|no|not|never) (?:that )?(?:is |costs? |costing )?(?:over|above|more than"
    r"|more expensive than|longer than|dearer than)"
    r"|(?:do not|don't|not) (?:want |wish |like )?(?:to )?(?:spend|pay)"
    r" (?:more than|over|above)"
    r"|at (?:the )?most|up to|as much as|max(?:imum|\.)?(?: of)?|a maximum of|within"
    r"|(?:can|could|will|would|to|only|want to|i'd) (?:only )?spend|my limit is"
    r"|limit(?:ed)?(?: of| to)?"
    r"|budget(?: of| is|:)?(?: up to)?"
    r"|höchstens|maximal|max\.|bis(?: zu| maximal)?"
    r"|nicht (?:mehr als|über|teurer als|länger als)"
    r"|nichts (?:über|teureres als)|(?:mein )?budget(?: von| ist|:)?"
    r"|jusqu'à|au plus|au maximum|maximum|pas plus de|rien au-dessus de|ne pas dépasser"
    r"|hasta|como máximo|máximo|no más de|nada (?:más|por encima) de|presupuesto(?: de)?"
    r"|fino a|al massimo|massimo|non più di|non oltre"
)
"""What is said before an amount that counts as well."""

BELOW_BEFORE = (
    r"under|below|less than|cheaper than|lower than|fewer than|shorter than|smaller than"
    r"|unter(?:halb)?(?: von)?|weniger als|billiger als|günstiger als|kürzer als"
    r"|(?:à )?moins de|moins cher(?:e?s?)? que|sous|en dessous de|au-dessous de"
    r"|(?:por )?debajo de|menos de|inferior(?:es)? a|más barat[oa]s? que"
    r"|sotto (?:i|gli|le)|sotto|meno di|inferiore a|al di sotto di"
)

AT_LEAST_BEFORE = (
    r"at least|(?:no|not) (?:less|lower|shorter|cheaper|fewer|earlier) than|not (?:under|below)"
    r"|(?:nothing|none|never) (?:under|below|less than|cheaper than|shorter than)"
    r"|min(?:imum|\.)?(?: of)?|a minimum of|starting (?:at|from)"
    r"|mindestens|wenigstens|nicht (?:unter|weniger als)|nichts unter|ab"
    r"|au moins|pas moins de|à partir de|au minimum|minimum"
    r"|al menos|por lo menos|como mínimo|mínimo|no menos de|a partir de|desde"
    r"|almeno|come minimo|minimo|non meno di|a partire da"
)

ABOVE_BEFORE = (
    r"over|above|more than|greater than|higher than|better than|longer than|exceeding"
    r"|more expensive than"
    r"|über|mehr als|höher als|teurer als|länger als|besser als"
    r"|plus de|au-dessus de|supérieure?s? à|plus long(?:ue)?s? que"
    r"|más de|por encima de|superior(?:es)? a|más car[oa]s? que"
    r"|più di|sopra (?:i|gli|le)|sopra|oltre|superiore a"
)

ABOUT_BEFORE = (
    r"about|around|approximately|approx\.?|roughly|circa|ca\.?|some|nearly|close to|near"
    r"|for (?:about|around)|in the region of"
    r"|etwa|ungefähr|rund|um die|zirka|gegen"
    r"|environ|autour de|à peu près|vers|alrededor de|unos|unas|aproximadamente|cerca de"
    r"|intorno a(?:i)?"
)

PAID_BEFORE = r"for|at|priced at|worth|für|zu|pour|à|por|per|a"
"""Words before a price that is about what somebody pays: "a gift for 20 euros"."""

AT_MOST_UNSPACED = (
    r"(?:不要|别|別|不能|不可|请勿)?(?:不超过|不超過|超不过)|(?:不要|别|別|不能|请勿)(?:超过|超過|高于|高於|多于)"
    r"|不多于|不高于|不高於|不大于|不长于|最多|至多|最高|顶多|頂多|最贵|最長|最长"
    r"|预算(?:是|为|在|只有)?|預算(?:是|為|在|只有)?|控制在"
)
BELOW_UNSPACED = r"低于|低於|少于|少於|小于|小於|不到|不足|短于|便宜于"
AT_LEAST_UNSPACED = (
    r"不低于|不低於|不少于|不少於|不小于|不短于|至少|最少|最低|起码|起碼"
    r"|(?:不要|别|別|不能)(?:低于|低於|少于|少於|不到)"
)
ABOVE_UNSPACED = r"超过|超過|高于|高於|多于|多於|大于|大於|长于|長於|贵于|不止"
ABOUT_UNSPACED = r"大约|大約|大概|约|約|差不多|接近|将近"

AT_MOST_AFTER = (
    r"(?:or|and) (?:less|under|below|cheaper|fewer|shorter)|max(?:imum|\.)?"
    r"|at (?:the )?most|tops"
    r"|oder (?:weniger|billiger|günstiger|kürzer|darunter)|höchstens|maximal"
    r"|ou moins|(?:au )?maximum|o menos|como máximo|máximo|o meno|al massimo|massimo"
)
AT_LEAST_AFTER = (
    r"(?:or|and) (?:more|over|above|longer|higher|better|up)|min(?:imum|\.)?|at least|upwards"
    r"|oder (?:mehr|länger|besser|höher|darüber)|und mehr|aufwärts|mindestens"
    r"|ou plus|(?:au )?minimum|o más|como mínimo|mínimo|o più"
)
ABOUT_AFTER = r"or so|or thereabouts|ish|oder so|ungefähr|environ|más o menos|circa"
AT_MOST_AFTER_UNSPACED = r"(?:或|及)?(?:以下|以内|以內|之内|之內|之下)|封顶|封頂|内(?=的)|以下"
AT_LEAST_AFTER_UNSPACED = r"(?:或|及)?以上|起(?![来床])"
ABOUT_AFTER_UNSPACED = r"左右|上下|前后|くらい|ぐらい|程度|前後"

BEFORE_TIME = (
    r"before|prior to|earlier than|older than|pre"
    r"|vor(?: dem jahr)?|älter als|früher als|avant|antes del?(?: año)?|anterior(?:es)? a"
    r"|prima del(?: l'anno)?|anteriori al"
)
UNTIL_TIME = r"until|till|up to|through|no later than|bis(?: zum jahr)?|jusqu'en|hasta|fino al"
AFTER_TIME = (
    r"after|later than|newer than|younger than|post"
    r"|nach(?: dem jahr)?|neuer als|jünger als|später als|après|después del?(?: año)?"
    r"|posterior(?:es)? a|dopo il"
)
SINCE_TIME = (
    r"since|as of|starting (?:in|from|with)|no earlier than|not before|beginning (?:in|with)"
    r"|seit|ab(?: dem jahr)?|nicht vor|depuis|à partir de|desde|a partir de|dal"
)
IN_TIME = (
    r"(?:from|of|in|released in|made in|shot in|published in) (?:the )?(?:year |years )?"
    r"|aus (?:dem|den) (?:jahre?n?)?|aus|von|de l'année|de|des|del año|dei|degli|del"
)
"""Words before a year or a decade that only say "of this time"."""
AROUND_TIME = (
    r"around|circa|ca\.?|roughly|about the year|um|etwa|rund|vers|alrededor de|intorno al"
)
TOPIC_TIME = (
    r"about(?: the| life in the| the early| the late)?|set in(?: the)?|during(?: the)?|over the"
    r"|on the|history of(?: the)?|story of(?: the)?|über(?: die| das)?|handelt von(?: den)?"
    r"|sur(?: les)?"
    r"|sobre(?: los)?|sui"
)
UNSPACED_TOPIC_TIME = r"关于|關於|讲述|講述|描写|描寫|反映|发生在|發生在|背景是|背景为"
"""Words before a year or a decade that is what something is about."""

BEFORE_TIME_AFTER = (
    r"(?:or|and) (?:earlier|older|before)|oder (?:früher|älter)|und (?:früher|älter)"
)
SINCE_TIME_AFTER = (
    r"(?:or|and) (?:later|newer|after|younger)|onwards?|on\b(?! )|and on|oder (?:später|neuer)"
    r"|und (?:später|neuer)|ou plus récent|o posterior(?:es)?"
)
BEFORE_TIME_AFTER_UNSPACED = r"之前|以前|前(?!后|後)"
AFTER_TIME_AFTER_UNSPACED = r"之后|之後|以后|以後|后|後"
SINCE_TIME_AFTER_UNSPACED = r"以来|以來|起|至今|开始|開始"

RANGE_START = (
    r"between|from|zwischen|von|entre|de|desde|tra|fra|da(?:l|i)?|in the range(?: of)?"
)
RANGE_START_OF_GUESS = r"between|zwischen|entre|tra|fra|in the range(?: of)?"
"""The same, before numbers without a unit: "from 9 to 5" are no prices."""
RANGE_START_UNSPACED = r"从|從|在|介于|介於|自"
RANGE_JOIN = (
    r"\s*[-–—~〜至到]\s*|\s+(?:to|till|until|through|bis(?: zu)?|à|a|hasta|fino a|al)\s+"
)
RANGE_JOIN_WEAK = r"\s+(?:and|und|et|y|e|or)\s+|\s*[和与與]\s*"
"""Words between two amounts that are a range only after :data:`RANGE_START`."""
RANGE_AFTER_UNSPACED = r"之间|之間|间|間"

MEDIA_NOUNS = (
    r"films?|movies?|pictures?|series|shows?|animes?|cartoons?|books?|novels?|songs?|albums?"
    r"|music|tracks?|hits?|games?|videos?|episodes?|documentar(?:y|ies)|comed(?:y|ies)|dramas?"
    r"|thrillers?|westerns?|musicals?|classics?|filme[ns]?|serien?|bücher|buch|lieder|musik"
    r"|spiele?|krimis?|komödien?|livres?|chansons?|películas?|peliculas?|libros?|canciones"
    r"|canzoni|libri"
)
UNSPACED_MEDIA_NOUNS = (
    r"电影|電影|影片|片子|片|动画片?|動畫|动漫|動漫|番剧|番|剧集|电视剧|剧|书|小说|歌曲|歌|音乐|专辑|游戏"
    r"|作品|映画|アニメ"
)
GENERAL_NOUNS = (
    rf"{MEDIA_NOUNS}|products?|items?|things?|stuff|something|anything|ones?|titles?|releases?"
    r"|arrivals?|models|designs?|gifts?|presents?|articles?|news|produkte?|artikel|sachen|dinge"
    r"|etwas|geschenke?|produits?|articles|cadeaux|productos?|cosas|regalos?|prodotti|cose"
)
"""Nouns between a negation and a bound, and after "new"."""
UNSPACED_GENERAL_NOUNS = (
    rf"{UNSPACED_MEDIA_NOUNS}|商品|东西|東西|产品|產品|礼物|物品|作品|上架|款"
)

_BARE_NOUNS = """
    film films movie movies picture pictures show shows series product products item items
    thing things stuff one ones title titles release releases filme filmen produkte artikel
    sachen dinge article articles produits película películas productos cosas prodotti
    电影 電影 影片 片子 片 动画 动画片 動畫 动漫 動漫 番剧 番 作品 商品 东西 東西 产品 物品 映画
"""
BARE_NOUNS = frozenset(_BARE_NOUNS.split())
"""Words that name no topic when nothing else is said."""

NEGATIONS = (
    r"no|not|nothing|none|without|except|never|don't want|do not want|keine?[nrms]?"
    r"|nicht|nichts"
    r"|ohne|außer|pas de|pas|sans|sin|no quiero|nada de|senza|non|niente"
)
UNSPACED_NEGATIONS_OF_BOUNDS = r"不要|不想要|不想看|不看|不买|别|別|除了"

PRICE_WORDS = (
    r"prices?|priced|pricing|cost|costs|costing|preis|preise|kostet|kosten|kostend|koste|prix"
    r"|coûte|coûtant|precio|precios|cueste|cuesta|cuestan|prezzo|costi|costa|worth|budget|spend"
)
UNSPACED_PRICE_WORDS = r"价格|價格|价钱|價錢|价位|價位|售价|售價|定价|单价|预算|預算|价"
RATING_WORDS = (
    r"rated|ratings?|scored?|scoring|reviews?|imdb|bewertet|bewertung(?:en)?|note|noté[es]*"
    r"|valorad[oa]s?|puntuación|voto|valutati?"
)
UNSPACED_RATING_WORDS = r"评分|評分|打分|得分|评价|豆瓣|分数"
DURATION_WORDS = (
    r"runtimes?|running times?|run times?|durations?|length|lasting|lasts?"
    r"|laufzeit|dauer|spieldauer"
    r"|länge|dauern|dauert|durée|duración|duran?|durata"
)
UNSPACED_DURATION_WORDS = r"时长|時長|片长|片長|长度|時間|时间"
GLUE_BEFORE = (
    r"which|that|who|is|are|be|should|must|may|can|i|for|with|a|an|the|of|and|but|at|to|in|it|only"
    r"|have|has|my|released|made|produced|published|filmed|shot|dating|from"
    r"|das|die|der|den|soll|darf|sollte|für|mit|und|aber|von|aus|mein|nur|erschienen"
    r"|qui|pour|et|mais|avec|un|une|sorti[es]*|que|por|para|y|pero|con|una|che|per|ma"
)
"""Words that join a bound to what it is said of, before it."""
GLUE_BEFORE_UNSPACED = r"在|是|要|的|但|且|并|，|我"
GLUE_AFTER = (
    r"each|apiece|per piece|in price|in total|long|in length|pro stück|das stück|chacun"
    r"|cada uno"
)
GLUE_AFTER_UNSPACED = r"钱|的|の"
COUNT_WORDS = (
    r"child(?:ren)?|kids?|bab(?:y|ies)|toddlers?|boys?|girls?|teens?|teenagers?|adults?|people|age[ds]?"
    r"|years?|months?|kinder[n]?|kind|jahren?|jungen|mädchen|enfants?|ans|niñ[oa]s|años|bambin[oi]"
    r"|anni|persons?|guests?|players?|spieler|holds?|seats?|fits|serves|stores"
)
UNSPACED_COUNT_WORDS = r"岁|歲|孩|宝宝|儿童|兒童|个月|人"
"""Words of sentences whose numbers without a unit are ages or count something."""
