import pytest

from daybreak.data.columns import find_value_column, is_rating_column, match_columns
from daybreak.errors import ConfigError, DataError

EVENTS = {
    "RecBole": ["user_id:token", "item_id:token", "rating:float", "timestamp:float"],
    "RecTools": ["user_id", "item_id", "weight", "datetime"],
    "RePlay": ["query_id", "item_id", "rating", "timestamp"],
    "LensKit": ["user_id", "item_id", "rating", "timestamp"],
    "Microsoft Recommenders": ["userID", "itemID", "rating", "timestamp"],
    "LibRecommender": ["user", "item", "label", "time"],
    "gorse": ["UserId", "ItemId", "Value", "Timestamp", "FeedbackType"],
    "Amazon Personalize": ["USER_ID", "ITEM_ID", "EVENT_VALUE", "TIMESTAMP", "EVENT_TYPE"],
    "MovieLens": ["userId", "movieId", "rating", "timestamp"],
}


@pytest.mark.parametrize("convention", EVENTS)
def test_the_columns_of_other_tools_are_recognised(convention):
    mapping = match_columns(EVENTS[convention], "events")
    targets = ["user_id", "item_id", "value", "timestamp", "event_type"]
    assert [c.target for c in mapping.columns] == targets[: len(EVENTS[convention])]
    assert mapping.convention == convention


def test_a_choice_goes_before_what_is_recognised():
    names = ["user_id", "item_id", "rating", "stars"]
    assert match_columns(names, "events", {"value": "stars"}).source_of("value") == "stars"
    assert match_columns(names, "events", {"value": None}).source_of("value") is None


def test_further_columns_of_items_keep_their_own_names():
    mapping = match_columns(["movieId", "Title", "name", "Unit Price", "unit_price"], "items")
    assert [c.target for c in mapping.columns] == [
        *("item_id", "title", "name", "unit_price", "unit_price_2")
    ]


def test_a_missing_id_says_what_to_do():
    with pytest.raises(DataError, match=r"events have no column for item_id; columns: user, x"):
        match_columns(["user", "x"], "events")


def test_a_choice_that_is_not_there_is_an_error():
    with pytest.raises(ConfigError, match="items have no column 'sku'; columns: item_id"):
        match_columns(["item_id"], "items", {"title": "sku"})


@pytest.mark.parametrize(
    "names",
    [
        ["Kunde", "Artikel", "Datum"],
        ["Cliente", "Producto", "Fecha"],
        ["Acheteur", "Produit", "Date commande"],
        ["Utente", "Prodotto", "Data ordine"],
        ["用户", "商品", "时间"],
        ["user_id", "movie_id", "date"],
        ["Candidato", "id_oferta", "fecha_hora"],
        ["N° client", "Référence", "Date"],
        ["Nº de cliente", "Cód. produto", "Data"],
        ["ID utente", "codice_articolo", "data"],
        ["Mitgliedsnummer", "Filmnummer", "Uhrzeit"],
        ["Klantnummer", "ArtikelNr", "Besteldatum"],
        ["id_klienta", "id_książki", "data_zakupu"],
        ["kullanıcı_id", "film_id", "tarih"],
        ["ID пользователя", "ид_статьи", "дата_события"],
        ["使用者", "產品編號", "時間"],
        ["会员编号", "电影ID", "观看时间"],
        ["ユーザーID", "動画ID", "視聴日時"],
        ["회원번호", "영화 ID", "일시"],
    ],
)
def test_plain_words_of_other_languages_are_recognised(names):
    mapping = match_columns(names, "events")
    assert [c.target for c in mapping.columns] == ["user_id", "item_id", "timestamp"]


@pytest.mark.parametrize(
    "names",
    [
        ["名称", "类型", "发布日期"],
        ["電影名稱", "類別", "上架時間"],
        ["タイトル", "ジャンル", "公開日"],
        ["영화제목", "장르", "출시일"],
        ["Nome do produto", "Categorias", "Data de publicação"],
        ["Naam", "Categorie", "created_at"],
    ],
)
def test_columns_of_catalogues_in_other_languages_are_recognised(names):
    mapping = match_columns(["item_id", *names], "items")
    assert [c.target for c in mapping.columns][1:] == ["title", "categories", "created_at"]


@pytest.mark.parametrize(
    "name", ["category_id", "order_id", "phone_number", "store_id", "price"]
)
def test_numbers_of_other_things_are_no_ids(name):
    with pytest.raises(DataError, match="no column for item_id"):
        match_columns(["user_id", name], "events")


def test_data_is_a_date_only_beside_ids_in_languages_where_it_means_that():
    assert (
        match_columns(["utente", "prodotto", "Data"], "events").source_of("timestamp") == "Data"
    )
    assert match_columns(["user_id", "film_id", "data"], "events").unused == ("data",)
    both = match_columns(["id_cliente", "id_produto", "data", "timestamp"], "events")
    assert both.source_of("timestamp") == "timestamp"


@pytest.mark.parametrize(
    "name", ["My Rating", "Overall rating (1-10)", "user_rating", "用户总评分"]
)
def test_ratings_are_found_among_other_words(name):
    assert match_columns(["user_id", "item_id", name], "events").source_of("value") == name
    assert find_value_column(["user_id", name]) == name
    assert is_rating_column(name)


@pytest.mark.parametrize("name", ["average_rating", "rating_count", "age_rating", "rating_id"])
def test_what_is_said_about_ratings_is_no_rating(name):
    assert match_columns(["user_id", "item_id", name], "events").source_of("value") is None


@pytest.mark.parametrize("outer", [("actor", "object"), ("message", "message"), ("hit", "doc")])
def test_ids_in_objects_of_events_are_found(outer):
    """JSON Lines of activity streams and logs; before, `user_id` was missing."""
    names = [f"{outer[0]}_userId", f"{outer[1]}_itemId", f"{outer[1]}_tags"]
    seen = match_columns(names, "events")
    assert (seen.source_of("user_id"), seen.source_of("item_id")) == (names[0], names[1])
