"""Words of negation, contrast and asking, in the languages of the multilingual text model.

Words of :data:`SPACED_NEGATIONS` and :data:`SPACED_CONTRASTS` are whole words, ``_`` stands for
a space in them; the other constants are regular expressions, for scripts without spaces and for
idioms.
"""

_SPACED_NEGATIONS = """
    no not nothing without except except_for excluding apart_from other_than
    nothing_with never none_of hate hates hated dislike dislikes disliked detest detested
    can't_stand cannot_stand avoid avoiding minus
    free_of don't dont doesn't didn't isn't aren't won't wouldn't shouldn't can't
    cannot neither nor anything_but everything_but all_but instead_of rather_than kein
    keine keinen keinem keiner keines keinerlei ohne nicht nichts nie niemals außer
    ausser ausgenommen hasse statt anstatt anstelle_von weder sans pas sauf hormis
    excepté aucun aucune jamais déteste ni au_lieu_de plutôt_que rien_de sin excepto
    salvo menos ningún ninguno ninguna nunca nada_de odio en_lugar_de en_vez_de senza
    non tranne eccetto nessun nessuno nessuna mai niente odio invece_di né a_parte sem
    não nao exceto nenhum nenhuma nunca nada_de em_vez_de nem detesto zonder geen niet
    niets behalve nooit uitgezonderd in_plaats_van haat bez nie oprócz poza żaden
    żadna żadne żadnych nigdy z_wyjątkiem zamiast nienawidzę ani без не кроме никаких
    никакой никакая никакого ни нет никогда за_исключением вместо ненавижу исключая
    uden ikke uten inte inga ingen ej undtagen förutom بدون بلا لا ليس ليست غير إلا
    ماعدا ما_عدا باستثناء عدا أكره
    already_have already_own already_got already_read already_seen already_watched
    already_bought already_played have_read_all have_seen_all read_it_all seen_it_all
    habe_schon hab_schon habe_bereits besitze_schon besitze_bereits j'ai_déjà
    ya_tengo ya_he_leído ya_he_visto ya_leí ya_vi ho_già já_tenho já_li já_vi heb_al
    heb_ik_al mam_już уже_есть уже_читал уже_читала уже_видел уже_видела
"""
SPACED_NEGATIONS = tuple(word.replace("_", " ") for word in _SPACED_NEGATIONS.split())
"""Words after which a clause says what is unwanted, or what somebody has already."""

_SPACED_CONTRASTS = """
    but however though although instead just only aber sondern jedoch dafür
    stattdessen lieber mais plutôt pero sino ma bensì piuttosto mas porém maar ale
    lecz но а зато только лучше ama fakat لكن ولكن 하지만 그렇지만 대신
"""
SPACED_CONTRASTS = tuple(word.replace("_", " ") for word in _SPACED_CONTRASTS.split())
"""Words after which a clause is wanted again."""

UNSPACED_NEGATIONS = (
    r"不要|不想要|不想看|不想买|不想听|不想吃|不想|不喜欢|不爱|不含|不带|不加|不包括|不吃|不喝|不看|不买"
    r"|不需要|不用|不是|而不是|别给我?|别要|别推荐|别来|讨厌|拒绝|排除|没有|不能有|请勿|切勿"
    r"|已经有了?|已经(?:看|读|买|玩|听)过|已經有了?|已經(?:看|讀|買|玩|聽)過"
    r"|不喜歡|不愛|不帶|不買|不看|別給我?|別要|別推薦|討厭|拒絕|沒有|不需要"
    r"|ไม่เอา|ไม่ต้องการ|ไม่อยากได้|ไม่ชอบ|ไม่มี|ไม่ใส่|ไม่|ยกเว้น|ปราศจาก"
)
"""Words of scripts without spaces after which a clause says what is unwanted."""

UNSPACED_CONTRASTS = (
    r"但是|但|可是|不过|而是|不過|只要"
    r"|けれども|けれど|けど|しかし|ですが|だが|でも|ただし|지만|แต่"
)
"""Words of scripts without spaces after which a clause is wanted again."""

BUT = (
    r"(?<!\w)(?:but|though|although|however|aber|jedoch|mais|pero|ma|però|mas|porém|maar|ale|lecz"
    r"|но|ama|fakat)|但是?|不过|不過|けど|でも|だが|ですが|지만"
)
"""Words of contrast after which something may be said about what stands before."""

ALSO = (
    r"(?<!\w)(?:also|too|as well|another|auch|noch|aussi|encore|también|anche|pure|também"
    r"|ook|też|także|тоже|также)(?!\w)|也|还|還|も"
)
"""Words with which something else is asked for as well."""

WITHOUT_BEFORE_NOUN = r"(?P<without>[^的，。！？\s]{1,10})的(?P<noun>[\u3400-\u9fff]{1,10})"
"""What a Chinese negation rules out, and the noun after it, which is wanted."""

FOLLOWING_NEGATIONS = (
    r"以外|抜き|ぬき|(?<=[\u30a1-\u30faー\u4e00-\u9fffa-z0-9])(?:なし|無し)"
    r"|(?:は|が|を|も)?(?:大嫌い|嫌い|きらい|苦手|いらない|要らない|いりません|不要(?![\u3400-\u9fff])|やめて|除いて|除く"
    r"|欲しくない|ほしくない|見たくない|好きじゃない|好きではない)(?:です)?"
    r"|(?:では|じゃ)(?:ない|なく|ありません)"
    r"|(?:은|는|이|가|을|를|만)?\s*(?:말고|빼고|없이|없는|제외하고|제외한|제외|싫어\w*|싫다|싫습니다|아닌"
    r"|안 좋아\w*|원하지 않\w*|필요 없\w*)"
    r"|(?<=\s)(?:hariç|dışında|olmasın|değil|istemiyorum|sevmiyorum|olmadan|içermeyen)(?!\w)"
)
"""Words that negate what stands before them: Japanese, Korean, Turkish."""

JOINING_WORDS = (
    r"(?<!\w)(?:or|nor|oder|noch|ou|ni|o|né|nem|of|ani|lub|или|ни|veya|أو|ولا)(?!\w)"
    r"|或|和|또는|หรือ"
)
"""Words that continue an unwanted list after a comma: "no horror, war or romance"."""

ASKING_WORDS = (
    r"(?<!\w)(?:please|want|like|love|need|give|show|looking|bitte|möchte|will|mag|suche|gerne"
    r"|veux|voudrais|aime|quiero|busco|voglio|vorrei|quero|wil|graag|chcę|хочу|люблю)(?!\w)"
    r"|想要|喜欢|要|请|喜歡|欲しい|好き|원해|좋아"
)
"""Words with which a clause asks for something; it does not continue an unwanted list."""

MEASURE_WORDS = r"一[个個本把件部只条條张張块盏盞些杯套台種种瓶盒双雙副份]"
"""The number one with a Chinese measure word, as an indefinite article."""

UNSPACED_REQUEST = (
    rf"^\s*(?:我们?|请|請|给我|給我|想要|想买|想看|想|要|买|来|找|推荐|推薦)+{MEASURE_WORDS}"
)
"""A Chinese request up to what it asks for."""

UNSPACED_TALK = (
    r"有没有|有沒有|有什么|有什麼|有哪些|有啥|请问|請問|请?(?:给我|帮我|帮忙)?(?:推荐|推薦)(?:一下|一些|几部|几个|点儿?|些)?"
    r"|(?:来|來|给我来?|給我來?|找)(?:点|點|些)儿?"
    r"|(?<![\u3400-\u9fff])我?(?:好|太|很)?无聊[了啊]?(?=[，。！\s])"
    r"|帮我找|我?(?:最近)?(?:很|挺|特别|非常|比较)?(?:喜欢|喜歡|想看|想要|想买|想找)|适合|適合|好看的|谢谢|謝謝"
    r"|(?:那样|这样|之类|一类)的?|类似于?|類似|(?<=[\u3400-\u9fff])(?:新?番剧?)(?=[，。？！\s吗呢]|$)"
    r"|[吗嗎呢吧啊呀](?=[，。？！\s]|$)|一点的|一下"
)
"""Chinese words that only ask, inside a text without spaces."""

RECIPIENT = (
    r"(?<!\w)(?:for|pour|para|per|für|voor)\s+(?:an?|my|our|the|some|mon|ma|une?|l[ae]|mi|el|un[ao]?"
    r"|mi[ao]|meine?[nmr]?|eine?[nmr]?|den|die|mijn|een|um|uma|meu|minha)?\s*"
    r"(?:(?:best|good|close|dear|old|new|beste[nr]?|gute[nr]?|meilleure?|mejor|goede)\s+)?"
    r"(?:friend|colleague|co-?worker|neighbou?r|boss|somebody|someone|person|mother|mum|mom|father|dad|wife"
    r"|husband|girlfriend|boyfriend|partner|sister|brother|aunt|uncle|grandmother|grandma|grandfather"
    r"|grandpa|freund(?:in)?|kolleg(?:en|in)|nachbar(?:n|in)?|chef(?:in)?|jemanden?|mutter|mama|vater|papa|frau"
    r"|mann|schwester|bruder|oma|opa|tante|onkel|amie?|collègue|voisine?|quelqu'un|mère|père|maman|femme|mari"
    r"|sœur|frère|amig[ao]|colega|vecin[ao]|alguien|madre|padre|mamá|papá|espos[ao]|herman[ao]|amic[ao]"
    r"|collega|vicin[ao]|qualcuno|moglie|marito|sorella|fratello|vriend(?:in)?|iemand|moeder|vader|zus"
    r"|broer|mãe|pai|alguém)s?\s*,?\s+(?:who|that|whose|der|die|das|qui|que|che)\s"
)
"""Somebody about whom the text goes on: what a friend loves is asked for, not friendship."""

UNSPACED_RECIPIENT = (
    r"(?<=[爱愛欢歡])(?P<likes>[^，。！？、\s]+?)的(?:好?朋友|好友|闺蜜|同事|邻居|鄰居|老板|人"
    r"|妈妈|媽媽|爸爸|妻子|老婆|丈夫|老公|女友|男友|女朋友|男朋友)"
)
"""The same in Chinese, behind what the person likes."""

GIFT_FOR = (
    r"(?<!\w)(?:presents?|gifts?|geschenk[es]?|cadeau[xs]?|regal[oi]s?|presentes?|prezent\w*|podar\w*"
    r"|подар\w*)(?=\s+(?:for|to give|für|pour|para|per|voor|dla|для)(?!\w))"
    r"|(?<!\w)to (?:keep|put)(?!\w)"
    r"|(?<=的)[礼禮][物品]$|(?<=[への]の)プレゼント|(?<=위한 )선물"
)
"""Words for a present to somebody, and for putting things in something: the rest is wanted."""

LOVE = (
    r"(?<!\w)(?:in\s+love(?!\s+with)|(?:true|first|young|forbidden)\s+love"
    r"|(?<!my )(?<!our )(?<!the )(?:girls?|boys?)(?:'s?|s')?\s+love"
    r"|(?<!\bi )(?<!\bwe )(?<!\byou )(?<!\bthey )(?<!\bwho )"
    r"love\s+(?:stor(?:y|ies)|songs?|letters?|films?|movies?|triangles?|poems?|affairs?))(?!\w)"
)
"""Phrases in which *love* is what somebody looks for, and no word of asking."""

LIKENESS_AFTER = (
    r"(?:more )?like|similar to|along the lines of|in the (?:style|vein|spirit) of"
    r"|reminiscent of|(?:so etwas |ähnlich )?wie|im stil von|comme|similaires? à|semblables? à"
    r"|dans le (?:style|genre|goût) de|como|parecid[oa]s? (?:a|com)|similar(?:es)? a"
    r"|al estilo de|no estilo de|come|simili? a|nello stile di|zoals|vergelijkbaar met"
    r"|w stylu|podobne do|как|вроде|похож\w* на|в стиле"
    r"|(?:watch|read|play|see|buy|try|get|listen to)(?: next)? after"
    r"(?: watching| reading| playing)?|after (?:watching|reading|playing|seeing)"
    r"|fans? (?:of|von|de|di)"
    r"|(?:^|(?:i|we|you)(?:'ve| have)?(?: just| recently| really| also)* )"
    r"(?:watched|read|played|saw|seen|finished|liked|loved|enjoyed)"
    r"|après avoir (?:vu|lu|aimé)|despu[eé]s de (?:ver|leer)|dopo aver (?:visto|letto)"
)
"""Words before what something is to be like; without effect unless a title follows."""
LIKENESS_AROUND = (
    r"(?:像|类似于?|類似於?|跟|和)(?P<name>[^，。！？\s]+?)(?:一样|一樣|那样|那樣|这样|這樣|差不多|相似|之类|的|$)",
    r"(?:看完|读完|玩过|刚看了|喜欢看?)(?P<name>[^，。！？\s]+?)(?:之后|以后|的人|的|后|了|$)",
    r"(?P<name>\S.*?)(?:みたいな|のような|っぽい|に似た|に似ている)",
    r"(?P<name>\S.*?)(?:\s+같은|[와과]\s*(?:비슷|유사)한|처럼)(?=\s|$)",
    r"(?P<name>\S.*?)\s+(?:gibi|benzeri)(?!\w)",
)
"""The same where words stand behind it: Chinese, Japanese, Korean, Turkish."""

REWRITES = (
    # What looks like a negation and is none.
    (
        r"(?<!\w)(?:not (?:only|just|merely|sure|bad)|why not|(?:whether )?or not|if not"
        r"|no (?:matter|problem|doubt|idea|rush|one|longer|less than|more than|thanks?)"
        r"|no thank you"
        r"|nothing but|without (?:a )?doubt|can(?:'t|not) (?:wait|go wrong|find|get enough)"
        r"|(?:have|do) you already (?:got|have|own)"
        r"|(?:don't|do not|doesn't|does not) (?:mind|care|know|have|own|matter|get enough)"
        r"|(?:haven't|have not|hasn't|never|didn't|did not) (?:seen|read|tried|heard|have|find)"
        r"|nicht nur|warum nicht|nicht schlecht|ohne zweifel|nichts als|noch nicht"
        r"|noch (?:kein|keine|keinen)|nicht (?:sicher|gesehen|gelesen|gefunden|wahr)"
        r"|noch (?=ein)|ich habe kein(?:e|en)?"
        r"|pas seulement|pas mal|pourquoi pas|sans doute|je n'ai pas(?: encore)?(?: d[e'])?"
        r"|no s[oó]lo|por qu[eé] no|sin duda|no tengo|no obstante|non solo|perch[eé] no"
        r"|senza dubbio|n[aã]o s[oó]|sem d[uú]vida|niet alleen|waarom niet|nie tylko|czemu nie"
        r"|не только|почему бы (?:и )?нет|не против)(?!\w)"
        r"|要不要|是不是|有没有|有沒有|想不想|能不能|可不可以|会不会|喜不喜欢|好不好|不用说|没有看过|没看过"
        r"|除了(?=.{0,60}(?:还|還|也))",
        " ",
    ),
    # Negations inside a word.
    (
        r"(?<!\w)(?:non-?violent|violence-free|gewaltfreie?[nrs]?|gewaltlose?[nrs]?)(?!\w)",
        " without violence, ",
    ),
    # The number sign.
    (r"(?<!\w)no\.?\s?(?=\d)", "nr "),
    # Negations that contain a word of contrast.
    (r"(?<!\w)(?:(?:any|every)thing but|all but)(?!\w)", " except "),
    (
        r"(?<!\w)(?:any|every|all) (?:colou?rs?|sizes?|brands?|kinds?|types?|sorts?|genres?"
        r"|flavou?rs?|styles?|materials?|shapes?|countr(?:y|ies)|languages?) but(?= )",
        " except ",
    ),
    (r"(?<!\w)(?:instead of|rather than)(?!\w)", " without "),
    (r"(?<!\w)plutôt que?(?!\w)", " sans "),
    # Exceptions and requests around an unwanted part, cut by commas.
    (
        r"除(?:了|去|开|開)?([^，。,;；\s]{1,30}?)(?:以外|之外|外)?(?=都|皆|全|其他|其它|[，。,;；\s]|$)",
        r"，不要\1，",
    ),
    (r"(不要[^，。,、不要]{1,8}?)(?=(?:我)?(?:只)?要(?!求|素))", r"\1，"),
    (r"(?<!\w)(?:and|und) (?=(?:need|want|looking|brauche|suche|möchte)(?!\w))", ", "),
    (
        r"(?<!\w)(?:and|und|et|y|e|en|i|и) (?=(?:something|anything|some|please|i'd|i|etwas|ich"
        r"|quelque|je|algo|qualcosa|iets|ik|coś|что-то|я)(?!\w))",
        ", ",
    ),
)
"""Patterns and what replaces them before a sentence is split."""

NAMES = (
    r"(?<!\w)(?!(?:please|want|but|and|with|like|have|i|is|are|need|or|so|of) )"
    r"(?:\w+ )(?P<word>no)(?= [A-Z])"
    r"|(?<!\w)(?:deadly|original|mortal|the|of|a) (?P<noun>sin)(?!\w)"
    r"|(?<!\w)(?P<title>[Ss]in)(?= [Cc]ity)"
)
"""Words of names that look like negations: "Kimi no Na wa", "livros no Brasil", "Sin City"."""

_FILLER_WORDS = """
    i i'm i'd i'll we me my you do does am is are be been a an the any anything
    anyone something everything all some stuff things thing one ones it its this
    that these those of with about in on for to and or so also too very really ever
    want wants wanted would like likes liked love loves loved enjoy
    enjoys enjoyed adores liebt ama adora encanta need looking look search searching give show
    find recommend get have has had please thanks thank just only kind sort
    type there here at else more what whatever from ich wir mir mich du sie es ein
    eine einen einem einer eines der die das den dem des etwas irgendwas irgendetwas
    alles was mit von über für zu und oder auch sehr gerne gern bitte danke möchte
    will wollen mag suche brauche hätte habe zeig zeige gib lieber nur bin ist sind
    je j'ai j'aime j'aimerais n'aime n' ne nous moi de d le la les l un une quelque
    chose tout tous avec pour et ou aussi veux voudrais aime cherche s'il vous te
    plaît plait svp merci c'est qui que yo quiero busco gusta gustan gustaría el los
    las una unos unas algo todo todos cualquier cosa con para y o también por favor
    gracias sea sean io voglio vorrei cerco mi piace piacciono il lo gli uno
    qualcosa tutto tutti per e anche favore grazie di del della dei che eu quero
    gosto procuro um uma os as qualquer coisa tudo com obrigado da dos ik wil zoek
    hou graag een het iets van met voor en ook alsjeblieft alstublieft dank ja chcę
    szukam lubię coś wszystko z na też proszę dziękuję я мне хочу хотел хотела ищу
    люблю нравится нравятся что-то что-нибудь всё все с и для тоже пожалуйста
    спасибо это ben bir şey her lütfen teşekkürler istiyorum أنا أريد أحب شيء كل من
    مع فضلك شكرا 我 我们 请 谢谢 给我 想 想要 要 随便 什么都可以 什么都行 都可以
    都行 都好 其他都行 其他都可以 其他 任何 的 了 吧 啊 呢 谢了 多谢 推荐 東西 东西
    hello hi hey dear either entweder hallo guten tag bonjour salut hola buenas ciao buongiorno
    olá oi cześć привет здравствуйте merhaba 你好 您好 こんにちは 안녕하세요
    請 謝謝 給我 隨便 お願いします ください です ます 何か 何でも が は を の なら
    映画 저는 나는 뭐든 주세요 추천 부탁해요
    can could can't couldn't should would must may might shall let let's got get gets
    getting buy sell which when where how why who whom there's what's that's he's she's
    they're we're it's he she him her his hers they them their our your yours my someone
    somebody maybe perhaps good great nice best decent awesome perfect favourite favorite
    suggest suggestion suggestions recommendation recommendations recommended idea ideas
    please pls plz thx sth smth tonight if because since then than movie movies film films
    flick flicks lot lots few bit quite here's kann können könnt könnte würde würden haben
    habt gibt's gibt empfehlen empfehlung welche welcher welches wie wo wann sein seine
    seinen ihr ihre ihren unser unsere meine mein meinen meinem meiner filme filmen
    schauen anschauen peux peut pouvez avez as ai quel quelle quels quelles recommander
    conseiller mon ma mes notre sa ses leur regarder puedo puede puedes tiene tienes
    tienen hay cuál qué recomienda recomiendas mi mis su sus película películas pelicula
    peliculas ver mirar posso può avete quale quali mio mia miei film vedere posso filme
    filmes meu minha 有 有什么 什么 哪些 吗 呢 有没有 好看 适合 一起 看 像 那样 一样 类似
"""
FILLERS = frozenset(_FILLER_WORDS.split())
"""Words that only ask: a clause of nothing else says nothing about items."""

_PRONOUN_WORDS = """
    i i'm i'd i'll we me my us our ich wir mir mich mein meine meinen je j'ai j'aime j'aimerais
    nous moi mon ma mes yo me mi mis io noi eu meu minha ik mij mijn ja mnie я мне мы ben
"""
PRONOUNS = frozenset(_PRONOUN_WORDS.split())
"""Words of somebody who talks about himself or herself: the text is a sentence."""

_TITLE_WORDS = """
    one ones love loves ama adora show like get want need more all you what will die was son
    pour on me my we du
    it here there from just this that also do can could should must may let got buy sell which
    when where how why who he she him her his they them your good great nice best perfect idea
    tonight if then few movie movies film films flick flicks as ma mon sa wie sein
"""
TITLE_WORDS = frozenset(_TITLE_WORDS.split())
"""Words that only ask in a sentence, and that may be what a short phrase looks for."""

ENGLISH_NOUNS = frozenset({"bin", "den", "hay", "sea", "tag", "van"})
"""Words that only ask in another language, and name things in English."""
