"""Kinds of event types by their names: what says no, what was only shown or viewed.

People write the same type in many forms: ``dislike``, ``disliked``, ``un-liked``,
``thumbsDown``, ``not interested``, ``不喜欢``. The names are therefore read word by word and
compared with stems of the usual languages. Start with :func:`event_name_kind`.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

EventNameKind: TypeAlias = Literal["negative", "impression", "view", "count", "other"]
"""Kind of an event type: ``negative`` counts against the item; ``impression`` and ``view`` are
weaker than other types; ``count`` is an action whose value is a quantity, never a rating."""
MAX_CACHED_NAMES = 10_000
"""Maximum number of event types whose kind is cached."""

_CAMEL_CASE_BOUNDARY = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[а-яё])(?=[А-ЯЁ])"
    r"|(?<=[А-ЯЁ])(?=[А-ЯЁ][а-яё])"
)
_APOSTROPHES = re.compile("['’`´]")
_SPECIAL_LETTERS = str.maketrans({"ø": "o", "ł": "l", "ı": "i", "đ": "d", "æ": "ae", "œ": "oe"})


def _words(*groups: str) -> "re.Pattern[str]":
    """Return a pattern for whole words; each group is a list of patterns between blanks."""
    patterns = "|".join(word for group in groups for word in group.split())
    return re.compile(rf"_(?:{patterns})(?=_)")


def _parts(*groups: str) -> "re.Pattern[str]":
    """Return a pattern for parts of words, for languages without blanks or with endings."""
    return re.compile("|".join(part for group in groups for part in group.split()))


_OPINION = (
    r"lik(?:e|es|ed|ing) lov(?:e|es|ed) interest(?:ed|ing)? want(?:ed)? wanna relevant "
    r"recommend(?:ed)? useful helpful enjoy(?:ed)? good great satisf\w+ happy fan care "
    r"for_me my_\w+ again prefer(?:red)? favou?rites? appealing worth"
)
_NEGATION = (
    "not no dont do_not didnt did_not doesnt does_not never isnt wasnt wont cant non less fewer"
)
_UNDOABLE = (
    r"lik(?:e|es|ed|ing) lov(?:e|es|ed) follow(?:s|ed|ing)? subscri\w+ favou?rit\w* favs? "
    r"fav(?:ou?r)?ed sav(?:e|ed) bookmark(?:s|ed|ing)? star(?:s|red)? pin(?:s|ned)? "
    r"heart(?:s|ed)? upvot(?:e|es|ed) vot(?:e|es|ed) friend(?:s|ed)? match(?:ed)? "
    r"join(?:s|ed)? install(?:s|ed|ing)? enroll?(?:s|ed)? register(?:ed)? interest(?:ed|ing)? "
    r"recommend(?:s|ed)? cart(?:ed)? add(?:s|ed)? purchas(?:e|ed) buy bought order(?:ed)? "
    r"happy satisf\w+ want(?:ed)? wish(?:ed)? wishlist(?:ed)? collect(?:ed)? clap watch "
    r"attend(?:ed)? impressed share[ds]?"
)
_NEGATIVE_ENGLISH = _words(
    rf"un_?(?:{'|'.join(_UNDOABLE.split())}) un_?helpful unsub(?:bed)? rma",
    rf"(?:undo|undid|undone|revok(?:e|ed))_(?:the_|a_)?(?:{'|'.join(_UNDOABLE.split())})",
    r"dis_?(?:lik(?:e|es|ed|ing)|favou?r(?:ed)?|approv(?:e|es|ed|al)|agree[ds]?|satisf\w+)",
    r"dis_?(?:interest(?:ed)?|recommend(?:ed)?|pleased|love[ds]?)",
    r"disappoint\w* disgust\w* displeas\w* disregard\w* discard(?:s|ed)? detest\w* loath\w*",
    r"hat(?:e|es|ed) down_?vot(?:e|es|ed|ing) vot(?:e|es|ed)_down rat(?:e|ed)_down",
    r"thumbs?_?down thumb_down_\w+ dismiss\w* refund\w* charge_?backs? ignor(?:e|es|ed|ing)",
    r"reject\w* declin(?:e|es|ed|ing) refus(?:e|es|ed|al) complain\w*",
    r"(?:black|block)_?list\w*",
    r"bann?(?:ed)? unwanted irrelevant inappropriate spam avoid(?:s|ed)? void(?:ed)?",
    r"opt(?:ed)?_out opt(?:ed)?out swip(?:e|es|ed)_left left_swip(?:e|es|ed) swipeleft nope",
    r"(?:see|seen|show|want)_(?:less|fewer) (?:less|fewer)_(?:of|like)_(?:this|these|it) dnf",
    r"did_not_finish sen[dt]_back g[ai]ve_back tak(?:e|en)_back money_back",
    r"remov(?:e|ed|al)?from\w+ not?interest(?:ed)? (?:dont|not)liked? nointerest",
    r"cancell?(?:ed)?order order_?cancell?(?:ed|ation)?",
    r"return(?:ed)?(?:item|product|order)s? no_?show(?:s|ed)?",
    r"mut(?:e|ed|ing) (?:stop(?:ped)?|quit)_(?:reading|watching|listening|playing) sold_back",
    r"g[ai]ve_up given_up (?:no|non)_thanks? left_early walk(?:ed|s)?_out",
    r"(?:low|poor|bad)_quality",
    rf"(?:{'|'.join(_NEGATION.split())})_(?:[^\W_]+_){{0,2}}?(?:{'|'.join(_OPINION.split())})",
)
_AMBIGUOUS_ENGLISH = _words(
    r"return(?:s|ed)? skip(?:s|ped|ping)? cancel(?:s|l?ed|l?ing|lations?)?",
    r"hid(?:e|es|den|ing)?",
    r"block(?:s|ed|ing)? report(?:s|ed|ing)? remov(?:e|es|ed|al|ing) delet(?:e|es|ed|ion)",
    r"abandon(?:s|ed)? withdrawn withdrew",
)
"""Words that say no unless a word of ``_OTHER_CONTEXT`` says what else is meant."""
_OTHER_CONTEXT = _words(
    r"view(?:s|ed|ing)? visit(?:s|ed|or|ors)? pages? search home label form reads?",
    r"open(?:ed)? download\w* gems? visiteurs? besucher accueil",
    r"(?:return|retour)(?:s|ed)?_(?:sessions?|users?|customers?|buyers?|shoppers?|clients?)",
    r"generat\w+ export\w* print\w* ads? advert\w* intro recap forward backward?s? credits",
    r"coupon discount filter filters account trip flight ticket date impressions? insurance",
    r"abandon(?:s|ed)?_(?:cart|basket|checkout) (?:cart|basket|checkout)_abandon(?:ed|ment)?",
    r"return(?:s|ed)?_(?:to|from)_(?!(?:the_)?(?:seller|store|shop|sender|warehouse|vendor))\w*",
)
_REFUSALS = (
    r"refunds? returns? cancell?ations? cancel "
    r"exchanges? complaints? money_back refund_and_return "
    r"retouren? rueckgabe ruckgabe erstattung "
    r"storno widerruf umtausch annulation remboursement "
    r"retours? devoluci?on devoluciones reembolso cancelaci?on cancelamento reso resi rimborso "
    r"annullamento zwrot(?:u|ow)? iade iptal returns_and_refunds возврата"
)
_ABOUT = (
    r"polic(?:y|ies) terms faqs? guarantees? info information instructions? guide help rules? "
    r"conditions? pages? window options? richtlinien? "
    r"bedingungen bedingung hinweise belehrung politique "
    r"garantie garantia garanzia politicas? condiciones condicoes condizioni polityka warunki "
    r"politikas? kosullari условия правила"
)
_NEGATED_NEGATIVE = _words(
    r"un_?(?:hid(?:e|den)|block(?:s|ed)?|mut(?:e|ed)|ban(?:ned)?|reject(?:ed)?|skip(?:ped)?)",
    r"un_?(?:dislik(?:e|ed)|report(?:ed)?|delet(?:e|ed)|remov(?:e|ed)|cancel(?:l?ed)?|ignored?)",
    r"(?:undo|undid|undone|revert(?:ed)?|remov(?:e|ed)|delet(?:e|ed)|cancel(?:l?ed)?)_(?:the_)?"
    r"(?:dislik\w+|hid\w+|block\w*|return\w*|refund\w*|downvot\w+|report\w*|ban|thumbs?_?down"
    r"|cancell?ation|rejection|not_interested)",
    r"(?:return|refund|cancellation|report)s?_(?:cancel(?:l?ed)?|revert(?:ed)?|withdrawn)",
    r"remov(?:e|ed)_from_(?:black_?list|block_?list|hidden|ignored|spam|trash)",
    r"(?:not?|never|nicht)_(?:hat(?:e|ed)|dislik(?:e|ed)|skip(?:ped)?|return(?:s|ed)?"
    r"|cancel(?:l?ed|lations?)?|refund(?:s|ed)?|storniert|retourniert)",
    # what is about refusals, and what fails although somebody wants the item
    rf"(?:[^\W_]+_)?(?:{'|'.join(_REFUSALS.split())})_(?:{'|'.join(_ABOUT.split())})",
    rf"(?:{'|'.join(_ABOUT.split())})_(?:(?:de|di|du|des|dei|of|for|on|o|fuer|zur?)_)?"
    rf"(?:{'|'.join(_REFUSALS.split())})",
    r"cookies? consent",
    r"(?:payment|card|charge|transaction)s?_(?:was_)?(?:declin|refus|reject)\w*",
    r"(?:declin|refus|reject)(?:ed|al)_(?:payment|card|charge|transaction)s?",
)
_NEGATIVE_ALONE = re.compile(
    r"_(?:(?:review|rating|feedback|vote|signal|reaction|preference|response|answer|score|thumbs?"
    r"|experience|sentiment|opinion|recommendation|match|swipe|event|rate|rated|mark|a|very)_)*"
    r"(?:no|nah|nope|down|negative|bad|poor|terrible|awful|worst|boring|minus|dropped|drop_out"
    r"|angry|quit|schlecht|malo|mauvais|odio|queja|meh|flag(?:s|ged)?|snoozed?|churn(?:ed)?"
    r"|disput(?:e|es|ed)|baja)"
    r"(?:_(?:review|rating|feedback|vote|signal|reaction|preference|response|answer|score|match"
    r"|thumbs?|experience|sentiment|opinion|recommendation|swipe|event))*_"
)
"""Words that say no only where nothing else is said."""
_NEGATIVE_LATIN = _words(
    # German, Dutch
    r"gef(?:ae|a)llt_(?:mir_)?nicht (?:mag|mochte|moechte|will)_(?:ich_)?nicht nicht_gemocht",
    r"gefiel_(?:mir_)?nicht (?:nicht|des|un)_?interess\w* kein_interesse",
    r"missf(?:ae|a|ie)ll\w*",
    r"entlik\w+ abgemeldet abmeldung",
    r"missfiel retour(?:e|en|niert|nieren)? retournier\w* (?:zu)?r(?:ue|u)ckgabe",
    r"zur(?:ue|u)ck(?:gegeben|geschickt|gesendet|gesandt) r(?:ue|u)cksendung(?:en)?",
    r"(?:r(?:ue|u)ck)?erstatt\w+ storn\w+ entfolg\w+ abbestell\w+ gek(?:ue|u)ndigt",
    r"k(?:ue|u)ndigung abgelehnt ablehn\w+ (?:ue|u)berspr\w+ ausgeblendet ausblenden",
    r"blockier\w+",
    r"gemeldet entfern(?:t|en|ung) gel(?:oe|o)scht l(?:oe|o)schen verworfen ignoriert",
    r"daumen_(?:runter|nach_unten) reklam\w+ widerruf(?:en)? umgetauscht umtausch",
    r"unerw\w+nscht abgebrochen nicht_mehr_(?:folg\w+|gefolgt)",
    r"niet_(?:leuk|geinteresseerd|interessant) geretourneerd retourneer\w* terugbeta\w+",
    r"teruggestuurd teruggegeven geannuleerd annuleer\w* annulering overgeslagen overslaan",
    r"verborgen verberg\w* geblokkeerd blokkeer\w* afgewezen geweigerd weiger\w*",
    r"verwijder\w+",
    r"ontvolg\w* uitgeschreven opgezegd opzegg\w+ afgemeld",
    # French
    r"n?_?(?:aime|aimes|aimez|aimer|aime[er])_pas pas_aim\w+ pas_(?:d_)?interess\w*",
    r"jaime_pas",
    r"retour(?:s|nes?|nee?s?|ner)? rembours\w+ annul\w+ ignorer masqu\w+ bloqu\w+ "
    r"signal(?:e|er|ee|ement) "
    r"des_?abonn\w+ des_?inscri\w+ rejet\w* refus\w+ supprim\w+ retir(?:er|ee) je_deteste",
    r"pouce_(?:vers_le_)?bas (?:non|in)_?interess\w+ deplai\w+ plainte resili\w+",
    r"ne_plus_suivre reclamation retiree?s?_d(?:u|e|es)_\w+",
    # Spanish, Portuguese, Italian
    r"no_(?:me_|le_|nos_)?(?:gust\w+|interes\w+|quiero|recomend\w+) disgust[aeo]\w*",
    r"devuel\w+",
    r"devol[uv]\w+ reembols\w+ cancel(?:ad[oa]s?|ar|aci?on|amento) omit\w+ saltad[oa]",
    r"ocult(?:ar?|ad[oa]|o)",
    r"bloquea\w* denunci\w+ rechaz\w+ eliminad[oa] eliminar quitad[oa] quitar borrad[oa]",
    r"borrar",
    r"dej\w+_de_seguir dad[oa]_de_baja descartad[oa]",
    r"descartar anulad[oa] dar_de_baja desuscri\w+",
    r"pulgar_abajo reclamacion",
    r"nao_(?:gost\w+|interess\w+|quero|recomend\w+) pulad[oa] pular bloquead[oa] rejeit\w+",
    r"descadastr\w+ desinscr\w+ desist\w+ removid[oa]",
    r"remover deix\w+_de_seguir descurt\w+ excluid[oa] polegar_para_baixo",
    r"non_(?:mi_)?(?:piac\w+|interess\w+|voglio|consigli\w+) reso restitui\w+ rimbors\w+",
    r"annulla\w* saltat[oa] nascost[oa] nascond\w+ blocca\w* segnala\w* rifiut\w+ rimoss[oa]",
    r"disdett\w+ rimuov\w+ (?:sme[ts]\w+_di|non)_segui\w+",
    r"pollice_(?:in_)?giu disiscri\w+ scartat[oa]",
    # Polish, Czech, Swedish, Danish, Norwegian, Turkish, Vietnamese, Indonesian
    r"nie_(?:lubi\w*|podoba\w*|interes\w+) zwrot\w* zwroc\w+ anulowan\w+ pomin\w+ ukry\w+",
    r"przesta\w+_obserwowa\w+ z?rezygn\w+ wypisa\w+",
    r"zablokow\w+ odrzu\w+ usun\w+ nelibi nelibil\w* vracen\w* vratk\w+ zrusen\w* preskoc\w+",
    r"ogilla\w* gillar_inte inte_intress\w+ retur retur(?:nera\w*|nert|neret) aterbetal\w+",
    r"avbr[uoi]t\w+ avfolj\w+ hoppa\w*_over",
    r"avbest\w+ avvisa\w* (?:kan|liker)_ikke_lide liker_ikke ikke_interess\w+ refunder\w*",
    r"begenme\w* iade\w* iptal\w* gizle\w* engelle\w* reddet\w* reddedil\w*",
    r"(?:sepet|liste|abonelik|favori)[^\W_]*[td][ae]n_\w+ takip\w*_birak\w*",
    r"takipten_cik\w* atla(?:ndi|dim?)",
    r"ilgilenmiyor\w* khong_(?:thich|quan_tam) tra_hang hoan_tien bo_qua bo_theo_doi huy",
    r"(?:tidak|tak|gak)_(?:suka|tertarik|minat) dikembalikan dibatalkan batal(?:kan)? lewati",
    # Russian, Ukrainian
    r"не_(?:по)?нрав\w+ не_понравил\w+ дизлайк\w* возврат\w* возвращен\w* вернул[аи]?",
    r"отмен\w+",
    r"пропу[сщ]\w+ скры\w+ за?блокир\w+ блокир\w+ жалоб\w+ пожалов\w+ отпис\w+ отклон\w+",
    r"удал\w+",
    r"не_?интерес\w+ нет_интерес\w+ отказ\w* убра\w+ не_подоба\w+ не_цікав\w+ повернен\w+",
    r"скасов\w+ прихов\w+",
    r"відхил\w+ видал\w+ відпис\w+ ненавижу",
)
_NEGATIVE_PARTS = _parts(
    # Chinese
    "不喜[欢歡] 不爱 不愛 [讨討][厌厭] [厌厭][恶惡] 反感 不感[兴興]趣 [没沒无無][兴興]趣",
    "[没沒]有[兴興]趣 不再 不想(?:再)?(?:看|要) 不要 不看了? 不(?:再)?推[荐薦] 不[满滿]意",
    "不合适 不合適",
    "(?:交易|[订訂][单單]|已)[关關][闭閉]",
    "退[货貨款订訂单單换換回] 退掉 取消 取[关關] 移除 移出 [删刪]除 屏蔽 封[锁鎖] 拉黑",
    "举报 舉報 檢舉 检举",
    "投[诉訴] 差[评評] 点踩 點踩 ^_踩_$ 跳[过過] 略[过過] 拒[绝絕收] [隐隱]藏 忽略 [弃棄]",
    "卸[载載]",
    "退[会會] 太[贵貴] [减減]少.{0,4}推[荐薦]",
    "不[值好]得?看? 不良 划走 [负負](?:反[馈饋]|[评評])",
    # Japanese
    "嫌い 嫌だ 苦手 [興兴]味(?:が|は)?(?:な|無) 好き(?:では|じゃ)な 返品 返金 キャンセル",
    "取り?消し?",
    "スキップ 非表示 ブロック 通報 解除 解約 削除 却下 拒否 除外 低評価 不要 いらない",
    "バッドボタン 苦情 よくな[いか] 良くな[いか] ミュート 離脱 退会",
    # Korean
    "싫어 싫음 싫다 비추천 비추 반품 환불 취소 건너뛰 건너뜀 스킵 숨기 숨김 차단 신고",
    "해지 탈퇴 별로 관심_?없 언팔 삭제 거절 제거 (?:찜|좋아요|관심|구독)_?해제",
    # Arabic, Hebrew, Hindi, Thai
    "لم_يعجبني لا_يعجبني غير_مهتم إلغاء الغاء إرجاع ارجاع مرتجع استرداد حظر إخفاء تخطي",
    "رفض حذف",
    "לא_אהב לא_מעוניי החזר ביטול בוטל הוחזר חסימה הסתר דילוג דחה नापसंद पसंद_नहीं वापसी",
    "वापस_कि रद्द",
    "ไม่ชอบ ไม่สนใจ คืนสินค้า คืนเงิน ยกเลิก ซ่อน บล็อก ข้าม",
    # symbols
    "👎 💔 😡 🤮 🚫",
)
_NEGATED_NEGATIVE_PARTS = _parts(
    "取消(?:不喜[欢歡]|退[货貨款]|屏蔽|拉黑|[隐隱]藏|拒[绝絕]|[举舉][报報]|踩|跳[过過])",
    "(?:ブロック|非表示|ミュート|通報|返品|低評価)(?:を)?(?:の)?(?:解除|キャンセル|取り?消し?)",
    "(?:차단|숨김|숨기기|싫어요|반품|신고)_?(?:해제|취소) [没沒]有?退[货貨款]",
    "不(?:讨厌|討厭|跳过|跳過) 未(?:退[货貨款订訂单單]|取消) 取消[静靜]音",
    "(?:退|取消|投[诉訴]).{0,4}(?:政策|[规規][则則定]|[须須]知|[说說]明|[条條]款|指南|流程|[险險]|保障)",
    "(?:返品|返金|キャンセル)(?:の)?(?:ポリシー|規[約定]|条件|方法|保[証障]|について|待ち|不可)",
    "(?:반품|환불|취소)_?(?:정책|규정|안내|약관|조건|대기)",
)
_FILLERS = (
    r"items? pages? details? products? articles? news lists? listings? events? users? the on a "
    r"screen content videos? links? profiles? results? first unique quick full images? photos? "
    r"thumbnails? descriptions? category type of to in app web mobile card slot banner ads? "
    r"e?_?mails? push notifications? newsletters? hard soft help faqs? guides? size reviews? "
    r"polic(?:y|ies) pdp plp at"
)
_VIEW_WORDS = (
    r"view(?:s|ed|ing|er)? click(?:s|ed|ing|through)? clickthroughs? reads? pv pageviews? "
    r"pageviewed detailviews? looked zoom(?:s|ed)? "
    r"scroll(?:s|ed)? angeschaut seitenaufrufe? visit(?:s|ed)? open(?:s|ed)? search(?:es|ed)? "
    r"brows(?:e|es|ed|ing) hover(?:s|ed)? preview(?:s|ed)? tap(?:s|ped)? angesehen "
    r"ansicht(?:en)? aufrufe? aufgerufen geklickt klicks? angeklickt betrachtet "
    r"besucht bekeken bekijken vue?s? vus consult(?:e|ee) consultation clics? clique[er]? "
    r"visto vista visualiza\w+ visita(?:do|ta|to)? clicado "
    r"просмотр\w* клик\w* перегляд\w* goruntule\w* wyswietl\w* visningar? visat"
)
_IMPRESSION_WORDS = (
    r"impress(?:ion|ions|ed)? exposures? exposed shown show displays? displayed seen served "
    r"viewable rendered bounce[sd]? gezeigt angezeigt einblendung(?:en)? affichages? affiche "
    r"impresion(?:es)? "
    r"mostrado показ\w*"
)
_VIEW = re.compile(
    rf"_(?:(?:{'|'.join((_FILLERS + ' impressions? history ' + _VIEW_WORDS).split())})_)+"
)
_VIEWED_PAGES = re.compile(
    r"(?!\w*_(?:and|then|through)_)"
    r"(?:_(?:view(?:s|ed|ing)?|pageviews?)_\w+|\w+_(?:view(?:s|ed)?|pageviews?)_)"
)
_PAGES = _words(
    _ABOUT,
    r"pages? cart basket bag checkout orders? wish_?list favou?rites? profile account returns?",
    r"refunds? shipping delivery promotions? coupons? sale collection home settings",
)
"""Pages of which views are told: a view of one is a view, whatever it is about."""
_IMPRESSION = re.compile(
    rf"_(?:(?:{'|'.join((_FILLERS + ' ' + _IMPRESSION_WORDS).split())})_)+"
)
_HAS_VIEW_WORD = _words(_VIEW_WORDS)
_HAS_IMPRESSION_WORD = _words(_IMPRESSION_WORDS)
_VIEW_PARTS = _parts("浏览 瀏覽 点击 點擊 查看 访问 訪問 閲覧 クリック 조회 클릭 열람")
_IMPRESSION_PARTS = _parts("曝光 展示 展现 展現 インプレッション 노출 表示回")
_NOT_DONE = _words(
    r"(?:not?|non|didnt|did_not)_(?:click|view|purchas|buy|bought|order|open|read|convers)\w*"
)
_SHOWN_AND_SKIPPED = _words(
    r"(?:impress(?:ion|ions|ed)?|shown|displayed|exposed)_(?:skip\w*|ignored?)",
    r"(?:skip\w*|ignored?)_impressions?",
)
"""Types of items that were shown among others and not chosen, which says little."""
_COUNT = _words(
    r"purchas\w+ buy(?:s|ing)? bought orders? ordered cart carts add_to_\w+ basket plays?",
    r"played",
    r"playcount listen\w* stream\w* download\w* checkout\w* transactions? sales? sold",
    r"quantity",
    r"qty units? counts? minutes seconds dwell\w* duration times? watch_time kauf\w* gekauft",
    r"bestell\w+ achats? achete\w* commandes? compra\w* pedidos? acquist\w+ ordin\w+",
    r"zakup\w*",
    r"покуп\w+ заказ\w* количество anzahl menge quantite cantidad",
)
_COUNT_PARTS = _parts(
    "购买 購買 购物 下单 下單 播放 加购 加購 购入 購入 注文 再生 구매 구입 재생 数量 數量"
)


SYSTEM_EVENT_KINDS: dict[str, EventNameKind] = {
    # GA4
    **dict.fromkeys(("select_item", "select_content", "view_cart", "site_search"), "view"),
    **dict.fromkeys(("session_start", "user_engagement", "scroll", "screen_view"), "view"),
    **dict.fromkeys(("login", "sign_up", "form_start", "video_progress"), "view"),
    **dict.fromkeys(("session_end", "exit", "page_leave", "page_exit", "page_unload"), "view"),
    **dict.fromkeys(("view_promotion", "email_sent", "email_delivered"), "impression"),
    **dict.fromkeys(("push_sent", "notification_sent", "sms_sent"), "impression"),
    **dict.fromkeys(("email_opened", "email_open", "push_opened"), "view"),
    "select_promotion": "view",
    # answers that put off, and what came to no end
    **dict.fromkeys(("not_now", "maybe_later", "later", "not_yet", "ask_later"), "impression"),
    **dict.fromkeys(("remind_me_later", "ask_me_later", "decide_later"), "impression"),
    **dict.fromkeys(("expired", "timed_out", "timeout"), "impression"),
    **dict.fromkeys(("stop", "stopped", "video_stop", "playback_stopped"), "view"),
    # Matomo, Shopify, Segment, Meta
    **dict.fromkeys(("content_interaction", "outlink", "action", "goal"), "view"),
    **dict.fromkeys(("collection_viewed", "category_viewed", "cart_viewed"), "view"),
    **dict.fromkeys(("search_submitted", "promotion_clicked", "lead"), "view"),
    "promotion_viewed": "impression",
    **dict.fromkeys(("product_added", "add_ecommerce_item"), "count"),
    # states of orders in WooCommerce, Shopify, Magento, PrestaShop, Salesforce
    **dict.fromkeys(("failed", "wc_failed", "checkout_draft", "payment_error"), "view"),
    **dict.fromkeys(("payment_failed", "payment_declined", "card_declined"), "view"),
    **dict.fromkeys(("trash", "fraud", "restocked", "closed_lost"), "negative"),
    # documents of 1C
    **dict.fromkeys(("реализация", "реализация_товаров", "продажа", "чек"), "count"),
    **dict.fromkeys(("добавление_в_корзину", "добавлено_в_корзину", "корзина"), "count"),
    "списание": "view",
}
"""Kinds of event types whose words do not say it, by the words of :func:`split_name`."""


def split_name(name: str) -> str:
    """Return the words of an event type in lower case, with ``_`` before and after each.

    Example:
        >>> [split_name(name) for name in ("thumbsDown", "Un-Liked", "n’aime pas")]
        ['_thumbs_down_', '_un_liked_', '_naime_pas_']
    """
    text = unicodedata.normalize("NFKC", _CAMEL_CASE_BOUNDARY.sub("_", name.strip()))
    text = _APOSTROPHES.sub("", text.casefold()).translate(_SPECIAL_LETTERS)
    words = re.sub(r"[\s\d_\-–—./:|,;!?+()\[\]\"]+", "_", _strip_latin_accents(text))
    return f"_{words.strip('_')}_"


def _strip_latin_accents(text: str) -> str:
    """Return text without accents on Latin letters; other scripts keep their marks."""
    kept: list[str] = []
    for letter in unicodedata.normalize("NFD", text):
        if not (unicodedata.combining(letter) and kept and kept[-1].isascii()):
            kept.append(letter)
    return unicodedata.normalize("NFC", "".join(kept))


_MINUS = re.compile(r"\s*[-\u2212]\s?\d+(?:[.,]\d+)?\s*")
"""Numbers below 0 in a column of event types."""
_ZERO = re.compile(r"\s*0(?:[.,]0+)?\s*")
_PASSES = frozenset({"pass", "passed", "passes"})
_CHOICES = frozenset(
    {"like", "liked", "likes", "superlike", "super_like", "superliked", "love", "smash"}
    | {
        "interested",
        "match",
        "save",
        "saved",
        "keep",
        "favorite",
        "favourite",
        "apply",
        "applied",
    }
)
_MARKS_OF_TESTS = frozenset({"fail", "failed", "fails", "graded", "exam"})


def kinds_beside(names: Iterable[str]) -> dict[str, EventNameKind]:
    """Return the kinds of event types that only the other types tell.

    Who likes or passes does not want what is passed; a test is passed or failed. Beside -1, 0
    is no vote.

    Args:
        names: All types of the events.

    Example:
        >>> kinds_beside(["like", "pass"]), kinds_beside(["pass", "fail"])
        ({'pass': 'negative'}, {})
        >>> kinds_beside(["1", "0", "-1"])
        {'0': 'impression'}
    """
    words = {split_name(name).strip("_"): name for name in names}
    found: dict[str, EventNameKind] = {}
    if words.keys() & _CHOICES and not words.keys() & _MARKS_OF_TESTS:
        found |= {words[name]: "negative" for name in words.keys() & _PASSES}
    if any(_MINUS.fullmatch(name) for name in names):
        found |= {name: "impression" for name in names if _ZERO.fullmatch(name)}
    return found


@lru_cache(maxsize=MAX_CACHED_NAMES)
def event_name_kind(name: str) -> EventNameKind:
    """Return the kind of an event type.

    Example:
        >>> [event_name_kind(n) for n in ("un-liked", "thumbsDown", "退货", "return_visit")]
        ['negative', 'negative', 'negative', 'other']
        >>> [event_name_kind(name) for name in ("exposure", "page view", "purchase", "like")]
        ['impression', 'view', 'count', 'other']
    """
    words = split_name(name)
    if (kind := SYSTEM_EVENT_KINDS.get(words.strip("_"))) is not None:
        return kind
    if _SHOWN_AND_SKIPPED.search(words):
        return "impression"
    if _is_negative(words) or _MINUS.fullmatch(name):
        return "negative"
    if _is_impression(words):
        return "impression"
    if _is_view(words):
        return "view"
    return "count" if _COUNT.search(words) or _COUNT_PARTS.search(words) else "other"


def _is_negative(words: str) -> bool:
    """Return whether the words say no."""
    if _NEGATED_NEGATIVE.search(words) or _NEGATED_NEGATIVE_PARTS.search(words):
        return False
    if _NEGATIVE_ALONE.fullmatch(words) or _NEGATIVE_ENGLISH.search(words):
        return True
    if _OTHER_CONTEXT.search(words):
        return False
    patterns = (_AMBIGUOUS_ENGLISH, _NEGATIVE_LATIN, _NEGATIVE_PARTS)
    return any(pattern.search(words) for pattern in patterns)


def _is_view(words: str) -> bool:
    """Return whether the words say that an item or a page was looked at."""
    if _VIEW_PARTS.search(words) or (_VIEW.fullmatch(words) and _HAS_VIEW_WORD.search(words)):
        return True
    return bool(_VIEWED_PAGES.fullmatch(words) and _PAGES.search(words))


def _is_impression(words: str) -> bool:
    """Return whether the words say that an item was shown, or that nothing was done with it."""
    if words == "_view_item_list_" or _NOT_DONE.search(words):
        return True
    if _IMPRESSION_PARTS.search(words):
        return True
    return bool(_IMPRESSION.fullmatch(words) and _HAS_IMPRESSION_WORD.search(words))


def has_strong_type(names: Iterable[str | None]) -> bool:
    """Return whether one of the types is neither negative nor an impression or a view.

    Example:
        >>> has_strong_type(["view", "dislike"]), has_strong_type(["view", "purchase"])
        (False, True)
    """
    weak = {"negative", "impression", "view"}
    return any(name is None or event_name_kind(name) not in weak for name in names)
