"""Further names of columns that say whose an event is and what it is about.

They are looked up after the usual names of :mod:`daybreak.data.column_aliases`, because they
may mean something else elsewhere: ``job`` is an item of applications and an attribute of
people. Phone numbers, sessions and orders identify somebody where no user is known.
"""

from collections.abc import Mapping

from daybreak.data.column_aliases import COLUMN_ALIASES

PHONE_NAMES = (
    *("phone", "phone_number", "billing_phone", "customer_phone", "telephone", "mobile"),
    *(
        "telefon",
        "telefonnummer",
        "telephone_number",
        "telefono",
        "телефон",
        "手机号",
        "手机",
        "电话",
    ),
)
"""Names of columns with phone numbers."""
SESSION_NAMES = (
    *("session_id", "session", "sessionid", "ga_session_id", "visit_id", "id_visit", "idvisit"),
    *("device_id", "cookie_id", "browser_id", "sitzung", "sitzungs_id", "id_session"),
    *("id_sesion", "сессия", "会话id", "设备id", "セッションid"),
)
"""Names of columns with sessions."""
ORDER_NAMES = (
    *(
        "order_id",
        "order_number",
        "order_no",
        "order_name",
        "order",
        "id_order",
        "increment_id",
    ),
    *("order_increment_id", "transaction_id", "invoice", "invoice_no", "invoice_id", "receipt"),
    *(
        "receipt_id",
        "receipt_no",
        "basket_id",
        "cart_id",
        "id_cart",
        "ticket_id",
        "checkout_id",
    ),
    *("bestellnummer", "bestell_nr", "auftragsnummer", "rechnungsnummer", "belegnummer"),
    *("numero_commande", "id_commande", "numero_pedido", "id_pedido", "numero_ordine"),
    *(
        "номер_заказа",
        "заказ",
        "ид_заказа",
        "订单号",
        "订单编号",
        "订单id",
        "注文番号",
        "주문번호",
    ),
)
"""Names of columns with orders, which all lines of an order share."""

_BARE_USERS = (
    *("visitor", "reader", "viewer", "listener", "player", "student", "learner", "guest"),
    *(
        "candidate",
        "applicant",
        "shopper",
        "buyer",
        "subscriber",
        "account",
        "member",
        "person",
    ),
    *("follower_id", "follower", "from_user_id", "from_user", "source_user_id", "sender_id"),
    *("actor_id", "actor", "employee_id", "employee", "leser", "zuschauer", "spieler"),
    *("bewerber", "lecteur", "visiteur", "lector", "visitante", "lettore", "leitor"),
    *(
        "borrower",
        "borrower_id",
        "borrower_no",
        "borrower_number",
        "borrower_card",
        "library_card",
        "card_number",
        "card_no",
        "membership_number",
        "membership_no",
        "patron",
        "voter",
        "voter_id",
    ),
    *(
        "reviewer",
        "reviewer_name",
        "rater",
        "rater_id",
        "lead_id",
        "swiper_id",
        "swiper",
        "fan",
    ),
    *("cust", "cust_id", "cust_no", "cust_nr", "custno", "kd_nr", "kdnr", "debitor"),
    *("customer_name", "user_name", "client_name", "kundenname", "nom_client"),
    *("guest_email", "user_email", "buyer_email", "contact_email", "shipping_email"),
    *("member_email", "student_email", "login", "username", "nickname"),
)
_BARE_ITEMS = (
    *("article", "movie", "film", "book", "song", "track", "album", "video", "podcast"),
    *("episode", "recipe", "course", "lesson", "job", "vacancy", "listing", "hotel"),
    *("restaurant", "venue", "game", "app", "anime", "manga", "wine", "beer", "dish", "story"),
    *("news", "post", "offer", "ad", "creative", "campaign", "artist", "show", "series"),
    *("buch", "lied", "beitrag", "rezept", "kurs", "stelle", "angebot", "anzeige", "spiel"),
    *("livre", "chanson", "recette", "cours", "offre", "annonce", "jeu", "libro", "pelicula"),
    *("cancion", "noticia", "receta", "curso", "oferta", "juego", "livro", "filme", "musica"),
    *("receita", "vaga", "jogo", "canzone", "brano", "notizia", "ricetta", "corso", "gioco"),
    *("thread_id", "channel_id", "topic_id", "event_name", "inventory_id", "swiped_id", "plu"),
    *("material", "material_no", "material_number", "materialnummer", "matnr", "part_number"),
    *("asset_id", "asset", "clip", "slug", "permalink"),
    *("part_no", "art_no", "artnr", "art_nr", "teilenummer", "app_package", "package_name"),
    *("bundle_id", "app_name", "exhibit", "exhibit_id", "artwork", "artwork_id", "exponat"),
    *("thread", "channel", "playlist_id", "collection_id", "group_id", "community_id"),
    *("电影", "電影", "影片", "图书", "圖書", "书籍", "歌曲", "音乐", "视频", "文章", "新闻"),
    *("课程", "职位", "游戏", "宝贝", "宝贝id", "宝贝编号", "映画", "本", "曲", "動画", "記事"),
    *("영화", "도서", "노래", "동영상", "기사"),
    # people, in networks of them
    *("followee_id", "followee", "followed_id", "followed_user_id", "following_id"),
    *("target_user_id", "target_user", "to_user_id", "to_user", "friend_id", "recipient_id"),
    *("receiver_id", "matched_user_id", "liked_user_id", "viewed_user_id", "target_id"),
    *("profile_id", "shown_profile_id", "other_user_id", "partner_id"),
)
_NAMES_OF_OTHERS = frozenset(
    {"name", "nombre", "nome", "nom", "naam", "nazwa", "名字", "名前", "이름"}
)
"""Titles of items that are as well names of people."""
ITEM_TITLE_NAMES = (
    *(one for one in COLUMN_ALIASES["items"]["title"] if one not in _NAMES_OF_OTHERS),
    *("film_title", "book_title", "book_name", "song_title", "song_name", "track_name"),
    *("track_title", "article_title", "video_title", "course_title", "course_name"),
    *("job_title", "game_title", "game_name", "event_title", "宝贝标题", "宝贝名称"),
    *("item_description", "product_description", "description"),
)
"""Names of columns with titles of items beside other ids, the best first."""
NUMBER_NAMES = (
    *("number", "no", "nr", "code", "ref", "reference", "key", "pk", "uuid", "guid"),
    *("identifier", "record_id", "entry_id", "object_id", "node_id", "nid"),
    *("nummer", "kennung", "schluessel", "schlussel", "referenz", "numero", "num", "cle"),
    *("identifiant", "codigo", "cod", "referencia", "identificador", "codice", "riferimento"),
    *("kod", "kodu", "numer", "nomer", "ид", "код", "номер", "编号", "編號", "代码", "代碼"),
    *("番号", "コード", "번호", "코드"),
)
"""Names of columns that number the rows of a catalogue or of people: what else they number
elsewhere is not asked for there."""
LIKELY_ROW_NAMES: Mapping[str, tuple[str, ...]] = {
    "user_id": (*NUMBER_NAMES, *_BARE_USERS),
    "item_id": (*NUMBER_NAMES, *_BARE_ITEMS, "handle", "url", "link"),
}
"""Further names of ids in tables of items and of users, the best first."""
LIKELY_KEY_NAMES: Mapping[str, tuple[str, ...]] = {
    "user_id": (*_BARE_USERS, *PHONE_NAMES, *SESSION_NAMES, *ORDER_NAMES),
    "item_id": (*_BARE_ITEMS, *ITEM_TITLE_NAMES),
}
"""Names of the keys of events where none of the usual names is there."""
PAIRS_OF_PEOPLE = (("source", "target"), ("from", "to"), ("src", "dst"), ("von", "an"))
"""Names of two columns of a network, of who acts and of whom it is about."""
OWN_USER_NAMES = frozenset({*SESSION_NAMES, *ORDER_NAMES})
"""Names of columns each value of which is somebody unknown."""
