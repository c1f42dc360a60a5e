"""Names of id columns in several languages: a word for an item or a person, and one for its id.

``movie_id``, ``id_pelicula``, ``Filmnummer``, ``电影编号`` and ``動画ID`` follow the same few
patterns. :func:`id_names` writes them out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ID_ONLY = ("{}_id", "{}id", "id_{}")
"""Patterns for nouns whose numbers and codes are something else, such as phone numbers."""


@dataclass(frozen=True)
class IdPatterns:
    """How a language, or several, join a noun and a word for its id."""

    patterns: tuple[str, ...]
    words: str
    """Nouns, with spaces between."""

    @property
    def nouns(self) -> list[str]:
        """Nouns, in the form that the patterns need."""
        return self.words.split()


_ENGLISH = (*ID_ONLY, "{}_no", "{}_nr", "{}_number", "{}_code", "{}_uuid", "{}_guid")
_GERMAN = ("{}_id", "{}id", "{}nummer", "{}_nummer", "{}nr", "{}_nr", "{}_code", "id_{}")
_ROMANCE = (
    *("id_{}", "{}_id", "id{}", "codigo_{}", "codice_{}", "code_{}", "cod_{}", "numero_{}"),
    *("num_{}", "ref_{}", "reference_{}", "referencia_{}", "codigo_de_{}", "id_de_{}"),
    *("n_{}", "no_{}", "nro_{}", "n_o_{}", "no_de_{}", "n_de_{}", "numero_de_{}"),
)
_POLISH = ("id_{}", "kod_{}", "numer_{}", "nr_{}")
_TURKISH = ("{}_id", "{}id", "{}_kodu", "{}_no")
_RUSSIAN = ("id_{}", "ид_{}", "код_{}", "номер_{}", "идентификатор_{}")
_CHINESE = (
    *(
        "{}id",
        "{}_id",
        "{}编号",
        "{}編號",
        "{}编码",
        "{}編碼",
        "{}代码",
        "{}代碼",
        "{}号",
        "{}號",
    ),
    *("{}标识", "{}標識", "{}序号"),
)
_JAPANESE = ("{}id", "{}_id", "{}番号", "{}コード", "{}no")
_KOREAN = ("{}id", "{}_id", "{}번호", "{}_번호", "{}코드", "{}_코드", "{}아이디")

ITEM_NOUNS: Mapping[str, IdPatterns] = {
    "en": IdPatterns(
        _ENGLISH,
        "product item article news story book song track album video movie film show series"
        " episode podcast clip stream post recipe course lesson job vacancy listing property"
        " hotel restaurant place venue game app offer deal artist photo question anime manga"
        " wine beer dish tour trip car vehicle banner creative campaign ad",
    ),
    "en, ids only": IdPatterns(ID_ONLY, "document doc paper program content"),
    "de, nl": IdPatterns(
        _GERMAN,
        "artikel produkt product buch boek film video lied song beitrag nachricht bericht"
        " rezept"
        " recept kurs cursus stelle stellen vacature angebot anzeige spiel spel hotel",
    ),
    "fr, es, pt, it": IdPatterns(
        _ROMANCE,
        "produit article livre film video chanson recette cours offre annonce jeu emploi"
        " producto articulo libro pelicula cancion noticia receta curso oferta empleo anuncio"
        " juego serie produto artigo livro filme musica receita vaga jogo prodotto articolo"
        " canzone brano notizia ricetta corso offerta annuncio gioco item",
    ),
    "pl": IdPatterns(
        _POLISH,
        "produktu towaru artykulu artykułu ksiazki książki filmu oferty",
    ),
    "tr": IdPatterns(
        _TURKISH,
        "urun ürün kitap film video sarki şarkı haber makale oyun",
    ),
    "ru": IdPatterns(
        _RUSSIAN,
        "товара продукта статьи новости книги фильма видео песни трека рецепта курса вакансии"
        " объявления игры",
    ),
    "zh": IdPatterns(
        _CHINESE,
        "商品 产品 產品 物品 文章 新闻 新聞 视频 視頻 影片 电影 電影 图书 圖書 书籍 書籍"
        " 书 歌曲 音乐 音樂"
        " 帖子 课程 課程 职位 職位 岗位 菜谱 食谱 游戏 遊戲 应用 应用程序 广告 廣告 酒店"
        " 餐厅 餐廳 景点"
        " 房源 作品 番剧 动漫 動漫 节目 節目 剧集 项目 内容 条目 货品",
    ),
    "ja": IdPatterns(
        _JAPANESE,
        "商品 製品 アイテム 品目 記事 ニュース 動画 ビデオ 映画 作品 本 書籍 曲 楽曲"
        " レシピ 講座 コース 求人"
        " ゲーム 広告 物件 投稿 アニメ コンテンツ",
    ),
    "ko": IdPatterns(
        _KOREAN,
        "상품 제품 아이템 품목 기사 뉴스 동영상 영상 비디오 영화 도서 책 노래 곡 레시피"
        " 강의 채용 게임 광고"
        " 게시물 작품 콘텐츠",
    ),
}
"""Words for items, in the form that the patterns of their language need, by language."""

USER_NOUNS: Mapping[str, IdPatterns] = {
    "en": IdPatterns(
        _ENGLISH,
        "user customer client member visitor reader viewer listener player subscriber account"
        " buyer shopper guest student learner candidate applicant patron consumer",
    ),
    "en, ids only": IdPatterns(ID_ONLY, "contact person profile household reviewer cookie"),
    "de, nl": IdPatterns(
        _GERMAN,
        "kunden kunde nutzer benutzer mitglied mitglieds besucher leser käufer kaeufer"
        " abonnenten"
        " spieler bewerber klant klanten gebruiker gebruikers lid bezoeker lezer",
    ),
    "fr, es, pt, it": IdPatterns(
        _ROMANCE,
        "client utilisateur membre visiteur lecteur acheteur abonne candidat joueur eleve"
        " cliente usuario miembro visitante lector comprador suscriptor candidato jugador"
        " alumno utilizador membro leitor assinante jogador aluno utente visitatore lettore"
        " acquirente abbonato giocatore",
    ),
    "pl": IdPatterns(_POLISH, "klienta uzytkownika użytkownika czytelnika"),
    "tr": IdPatterns(_TURKISH, "kullanici kullanıcı musteri müşteri uye üye okur"),
    "ru": IdPatterns(_RUSSIAN, "клиента пользователя покупателя читателя зрителя участника"),
    "zh": IdPatterns(
        _CHINESE,
        "用户 用戶 使用者 客户 客戶 会员 會員 顾客 顧客 读者 讀者 观众 觀眾 听众 买家"
        " 買家 玩家 学员 學員"
        " 账号 帐号 账户",
    ),
    "ja": IdPatterns(_JAPANESE, "顧客 会員 ユーザー ユーザ 利用者 お客様 読者 視聴者"),
    "ko": IdPatterns(_KOREAN, "회원 고객 사용자 이용자 유저 독자 시청자"),
}
"""Words for people, in the form that the patterns of their language need, by language."""

BARE_USER_NOUNS = (
    *("candidato", "miembro", "membre", "membro", "klant", "gebruiker", "mitglied", "besucher"),
    *("klient", "uzytkownik", "użytkownik", "kullanici", "kullanıcı", "musteri", "müşteri"),
    *(
        "用戶",
        "使用者",
        "客戶",
        "会員",
        "會員",
        "顾客",
        "顧客",
        "买家",
        "ユーザー",
        "ユーザ",
        "利用者",
    ),
    *("회원", "고객", "사용자", "유저"),
)
"""Words for people that name the id without a word for it."""


def id_names(nouns: Mapping[str, IdPatterns]) -> Iterator[str]:
    """Yield the names of id columns.

    Args:
        nouns: Nouns and patterns by language.

    Example:
        >>> names = {"en": IdPatterns(("{}_id", "id_{}"), "film song")}
        >>> list(id_names(names))
        ['film_id', 'id_film', 'song_id', 'id_song']
    """
    for one in nouns.values():
        for noun in one.nouns:
            yield from (pattern.format(noun) for pattern in one.patterns)


def names_beside_data() -> frozenset[str]:
    """Return names of ids that show that a column named ``data`` holds dates.

    That is its meaning in Italian, Portuguese and Polish; in English it may be anything.

    Example:
        >>> sorted({"id_utente", "user_id", "film_id"} & names_beside_data())
        ['id_utente']
    """
    languages = ("fr, es, pt, it", "pl")
    tables = [{one: table[one] for one in languages} for table in (ITEM_NOUNS, USER_NOUNS)]
    words = " ".join((tables[1][languages[0]].words, tables[0][languages[0]].words)).split()
    names = {*id_names(tables[0]), *id_names(tables[1]), *words}
    return frozenset(names - {*id_names({"en": ITEM_NOUNS["en"]}), "item", "film", "video"})
