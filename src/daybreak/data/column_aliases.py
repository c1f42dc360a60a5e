"""Names of the columns of tables: the usual ones, and those of exports of shop systems.

One table holds all of them, :data:`COLUMN_ALIASES`; :mod:`daybreak.data.columns` compares names
with it without regard to case, marks between words, hints in parentheses and accents.
"""

from typing import Literal, TypeAlias, get_args

TableRole: TypeAlias = Literal["events", "items", "users"]
TABLE_ROLES: tuple[TableRole, ...] = get_args(TableRole)

_ITEM_IDS = (
    *("item_id", "item", "itemid", "iid", "movie_id", "movieid", "product_id", "productid"),
    *("article_id", "news_id", "book_id", "song_id", "track_id", "video_id", "post_id"),
    *("ad_id", "app_id", "anime_id", "artist_id", "business_id", "content_id", "doc_id"),
    *("recipe_id", "poi_id", "venue_id", "game_id", "sku", "parent_asin", "asin", "isbn"),
    *("stock_code", "gmap_id"),
)
_ITEM_IDS_OF_SYSTEMS = (
    # WooCommerce, Shopify, Magento, PrestaShop, Salesforce, Matomo
    *(
        "variant_sku",
        "lineitem_sku",
        "line_item_sku",
        "item_sku",
        "product_sku",
        "order_item_sku",
    ),
    *("line_item_product_id", "item_product_id", "id_product", "product2_id", "product_code"),
    *("product_view_sku", "ecommerce_item_sku", "handle", "product_handle", "item_code"),
    *("entity_id", "reference", "gtin", "ean", "barcode"),
    # German, French, Spanish, Portuguese, Italian
    *("artikelnummer", "artikel_nr", "artikelnr", "artikel_id", "produkt_id", "produktnummer"),
    *("id_produit", "id_article", "code_article", "reference_produit", "id_producto"),
    *("codigo_producto", "codigo_articulo", "id_produto", "codigo_produto", "id_prodotto"),
    *("codice_articolo", "codice_prodotto"),
    *("product", "artikel", "produkt", "produit", "producto", "articulo", "produto"),
    *("prodotto", "articolo"),
    # Russian (1C), Chinese, Japanese, Korean
    *(
        "артикул",
        "код_товара",
        "ид_товара",
        "id_товара",
        "код_номенклатуры",
        "номенклатура_код",
    ),
    *("товар_id", "номенклатура", "товар"),
    *(
        "商品id",
        "商品编号",
        "商品编码",
        "商品編號",
        "产品id",
        "产品编号",
        "物品id",
        "货号",
        "商品",
    ),
    *("商品コード", "商品番号", "品番", "상품id", "상품번호", "상품코드", "상품"),
)
_USER_IDS = (
    "user_pseudo_id",  # GA4, whose user_id is mostly empty
    *("user_id", "user", "userid", "uid", "query_id", "customer_id", "customerid", "customer"),
    *("visitor_id", "visitorid", "account_id", "member_id", "household_id", "household_key"),
    *("person_id", "client_id", "reviewer_id", "reader_id", "viewer_id"),
)
_USER_IDS_OF_SYSTEMS = (
    # WooCommerce, Shopify, Magento, PrestaShop, Salesforce, Matomo
    *(
        "customer_user_id",
        "customer_user",
        "id_customer",
        "contact_id",
        "idvisitor",
        "id_visitor",
    ),
    *("shopper_id", "buyer_id", "subscriber_id", "profile_id", "anonymous_id", "client_code"),
    # German, French, Spanish, Portuguese, Italian
    *("kundennummer", "kunden_nr", "kundennr", "kunden_id", "nutzer_id", "benutzer_id"),
    *("id_client", "code_client", "numero_client", "id_cliente", "codigo_cliente"),
    *("id_usuario", "codice_cliente", "id_utente"),
    *("kunde", "kundin", "nutzer", "benutzer", "cliente", "client", "usuario", "utilisateur"),
    *("utente", "acheteur"),
    # Russian (1C), Chinese, Japanese, Korean
    *("код_клиента", "ид_клиента", "id_клиента", "клиент_id", "код_контрагента", "клиент"),
    *("покупатель", "контрагент", "пользователь", "id_пользователя", "ид_пользователя"),
    *(
        "用户id",
        "用户编号",
        "用戶id",
        "客户id",
        "客户编号",
        "会员id",
        "会员编号",
        "会员号",
        "顾客id",
    ),
    *("用户", "客户", "会员", "顧客id", "会員id", "会員番号", "顧客番号", "ユーザーid"),
    *("회원id", "회원번호", "고객id", "고객번호", "사용자id"),
    # addresses, where nothing else says who it was
    *("email", "e_mail", "customer_email", "billing_email", "email_address"),
)
_CREATION_TIMES = (
    *("created_at", "creation_timestamp", "created", "date_created", "added_at", "date_added"),
    *("published_at", "published", "publish_time", "publish_date", "timestamp"),
    *("created_date", "date_add", "creation_date", "erstellt_am", "date_creation"),
    *("fecha_creacion", "дата_создания", "дата_добавления", "创建时间", "上架时间", "登録日"),
)

COLUMN_ALIASES: dict[TableRole, dict[str, tuple[str, ...]]] = {
    "events": {
        "user_id": (*_USER_IDS, *_USER_IDS_OF_SYSTEMS),
        "item_id": (*_ITEM_IDS, *_ITEM_IDS_OF_SYSTEMS),
        "event_type": (
            *("event_type", "event", "feedback_type", "interaction_type", "event_name"),
            *("action", "action_type", "behavior", "behaviour", "behavior_type", "type"),
            *("interaction", "reaction", "verb", "activity", "event_kind", "ereignis"),
            *("aktion", "evento", "accion", "evenement", "действие", "событие", "行为"),
            *("行为类型", "行為", "操作", "事件", "行動", "status", "order_status"),
            *("financial_status", "order_state", "stage_name", "вид_операции", "статус"),
            *("тип_события", "хозяйственная_операция", "订单状态", "注文状況", "주문상태"),
        ),
        "value": (
            *("value", "rating", "ratings", "stars", "overall", "score", "event_value"),
            *("weight", "label", "preference", "play_count", "plays", "listen_count", "count"),
            *("quantity", "qty", "amount", "strength", "thumbs", "vote", "votes", "grade"),
            *("rate", "liked", "is_liked", "points", "units", "sentiment", "bewertung"),
            *("punktzahl", "menge", "anzahl", "puntuacion", "calificacion", "cantidad"),
            *("quantite", "valutazione", "avaliacao", "оценка", "рейтинг", "количество"),
            *("评分", "評分", "分数", "数量", "數量", "評価", "点数", "평점", "수량"),
            *("lineitem_quantity", "line_item_quantity", "item_quantity", "qty_ordered"),
            *(
                "product_quantity",
                "order_quantity",
                "bestellmenge",
                "кол_во",
                "购买数量",
                "個数",
            ),
        ),
        "timestamp": (
            *("timestamp", "time", "datetime", "ts", "event_time", "event_timestamp", "at"),
            *("unix_review_time", "unixtime", "created_at", "date", "day", "invoice_date"),
            *("purchase_date", "rated_at"),
            *("order_date", "ordered_at", "paid_at", "paid_date", "processed_at", "date_add"),
            *("created_date", "close_date", "order_start_date", "activity_date", "event_date"),
            *(
                "server_timestamp",
                "server_time",
                "server_time_pretty",
                "visit_time",
                "date_time",
            ),
            *("datum", "bestelldatum", "kaufdatum"),
            *("zeitpunkt", "date_commande", "date_achat"),
            *("fecha", "fecha_compra", "fecha_pedido", "data_compra", "data_ordine"),
            *(
                "дата",
                "дата_продажи",
                "дата_заказа",
                "дата_покупки",
                "дата_документа",
                "период",
            ),
            *(
                "时间",
                "日期",
                "下单时间",
                "购买时间",
                "訂單時間",
                "日時",
                "日付",
                "注文日",
                "購入日",
            ),
            *("날짜", "일시", "주문일", "구매일"),
        ),
        "domain": ("domain",),
        "event_id": ("event_id",),
    },
    "items": {
        "item_id": (*_ITEM_IDS, "id", *_ITEM_IDS_OF_SYSTEMS),
        "title": (
            *("title", "name", "item_name", "item_title", "product_name", "product_title"),
            *("movie_title", "headline", "lineitem_name", "post_title"),
            *("bezeichnung", "artikelbezeichnung", "produktname", "titel", "libelle"),
            *("designation", "titre", "nombre", "titulo", "nome", "titolo"),
            *("наименование", "название", "наименование_товара", "заголовок"),
            *(
                "标题",
                "名称",
                "商品名称",
                "商品名",
                "商品标题",
                "品名",
                "タイトル",
                "상품명",
                "제목",
            ),
        ),
        "description": (
            *("description", "desc", "product_description", "summary", "overview", "abstract"),
            *("plot", "comment", "body_html", "body", "long_description", "short_description"),
            *("beschreibung", "artikelbeschreibung", "descripcion"),
            *("descricao", "descrizione"),
            *(
                "описание",
                "описание_товара",
                "描述",
                "商品描述",
                "详情",
                "説明",
                "商品説明",
                "설명",
            ),
        ),
        "text": ("text",),
        "categories": (
            *("categories", "category", "genres", "genre", "class", "product_category"),
            *(
                "product_categories",
                "product_type",
                "product_family",
                "family",
                "item_category",
            ),
            *("kategorie", "kategorien", "warengruppe", "categorie", "categoria", "rubrique"),
            *("категория", "категории", "группа_товаров", "группа", "раздел"),
            *("分类", "类目", "类别", "商品分类", "カテゴリ", "カテゴリー", "카테고리"),
        ),
        "image": (
            *("image", "image_url", "img", "img_url", "picture", "thumbnail", "thumbnail_url"),
            *(
                "poster_url",
                "cover_url",
                "images",
                "image_src",
                "base_image",
                "image_urls",
                "bild",
            ),
            *("изображение", "картинка", "图片", "画像", "이미지"),
        ),
        "created_at": _CREATION_TIMES,
        "is_hidden": ("is_hidden", "hidden"),
        "available_from": ("available_from", "valid_from", "on_sale_from", "starts_at"),
        "available_until": (
            *("available_until", "valid_until", "on_sale_until", "expires_at", "ends_at"),
        ),
        "domain": ("domain",),
    },
    "users": {
        "user_id": (*_USER_IDS, "id", *_USER_IDS_OF_SYSTEMS),
        "text": ("text", "bio", "about", "about_me", "comment"),
        "created_at": (
            *_CREATION_TIMES[:-1],
            "signup_date",
            "registered_at",
            "registration_date",
        ),
        "domain": ("domain",),
    },
}
