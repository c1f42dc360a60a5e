"""Encodings that spreadsheets write are recognised by the letters that they give."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.readers.text import detect_encoding
from daybreak.errors import DataError

TEXTS = {
    "cp932": "会員番号,商品コード,商品名,購入日\nu1,A1,園芸のバラと赤い花,2026/01/02\n",
    "euc_jp": "会員番号,商品コード,商品名,購入日\nu1,A1,園芸のバラと赤い花,2026/01/02\n",
    "cp949": "회원번호,상품코드,상품명,주문일\nu1,A1,정원 장미와 커피,2026-01-01\n",
    "gb18030": "用户编号,商品编号,商品名称,下单时间\nu1,A1,园艺玫瑰花和咖啡,2026-01-01\n",
    "cp950": "會員編號,商品編號,商品名稱,日期\nu1,A1,園藝玫瑰花與咖啡豆,2026-01-01\n",
    "cp1251": "Клиент,Артикул,Наименование,Дата\n1,A1,Садовая роза,01.02.2026\n",
    "koi8-r": "Клиент,Артикул,Наименование,Дата\n1,A1,Садовая роза,01.02.2026\n",
    "cp866": "Клиент,Артикул,Наименование,Дата\n1,A1,Садовая роза,01.02.2026\n",
    "cp1253": "Πελάτης,Κωδικός,Περιγραφή\n1,2,Κόκκινο τριαντάφυλλο\n",
    "cp1255": "לקוח,מוצר,תאריך\n1,2,ורד אדום\n",
    "cp1256": "العميل,المنتج,التاريخ\n1,2,وردة حمراء\n",
    "cp1250": "Klient;Artykuł;Nazwa\n1;2;Żółta róża ogrodowa, książka\n",
    "cp874": "รหัสสินค้า,ชื่อสินค้า\n1,ชาเขียวญี่ปุ่น\n",
    "cp1257": "Prekė;Pavadinimas\n1;Žalioji arbata, vilnonė antklodė, būgnas, mėšlas\n",
    "mac_roman": "Kunde;Bezeichnung\n1;Größe, Müsli, Straße, Äpfel\n",
    "cp850": "Kunde;Bezeichnung\n1;Größe, Müsli, Straße, Äpfel\n",
    "cp1254": "Müşteri;Ürün;Ürün Adı\n1;2;Kırmızı gül, ağaç\n",
}
WESTERN = (
    "Kundennr;Bezeichnung\n1;Größe M, weiße Füße\n",
    "client,libellé\n1,Été à la forêt où ça brûle, naïf œuvre\n",
    "cliente,descripción\n1,¿qué niño? ¡sí! 5 m³\n",
    "kund,ålder\n1,räksmörgås på ö\n",
    "notandi,vara\n1,Það er þetta á íslensku\n",
    "usuário,produto\n1,coração não\n",
)
CENTRAL = (
    "Zelený čaj sypaný, mlýnek na kávu ruční, vlněná přikrývka, stolní lampa\n",
    "Šálka na kávu, vlnená prikrývka, písací stôl, ďalšie kľúče a dáždniky\n",
    "Zöld tea szálas, kávédaráló kézi, erős őszibarack, gyűjtői fűszer, bőr\n",
    "Râşniţă de cafea, pătură de lână, lampă de birou, ceaşcă roşie\n",
    "Bočica, kućište, đumbir, vuneni džemper, čašica, mreža, priča\n",
)
MIXED = "Château Müller, crème brûlée, Jalapeño, Weißbier, Smørrebrød, pão, Gruyère\n"


@pytest.mark.parametrize("text", CENTRAL)
def test_languages_of_central_europe_are_recognised(text):
    assert detect_encoding(text.encode("cp1250"), "a.csv").codec == "cp1250"


@pytest.mark.parametrize("text", [MIXED, "crème\n", "caffè, perché, così, più\n", "l\u2019eau"])
def test_names_from_many_western_languages_stay_western(text):
    assert detect_encoding(text.encode("cp1252"), "a.csv").codec == "cp1252"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32"])
def test_wide_characters_need_no_ascii_letters(codec):
    text = "用户\t商品\t评分\n张一\t茶一\t5\n李一\t茶二\t4\n"
    found = detect_encoding(text.encode(codec), "a.csv")
    assert text.encode(codec).decode(found.codec) == text


@pytest.mark.parametrize("codec", TEXTS)
@pytest.mark.parametrize("n", [1, 50])
def test_an_encoding_is_recognised(codec, n):
    found = detect_encoding((TEXTS[codec] * n).encode(codec), "a.csv")
    assert found.codec == codec
    assert found.label


@pytest.mark.parametrize("text", WESTERN)
def test_western_texts_stay_western(text):
    assert detect_encoding(text.encode("cp1252"), "a.csv").codec == "cp1252"


@pytest.mark.parametrize("text", [*TEXTS.values(), *WESTERN])
def test_utf8_stays_utf8(text):
    assert detect_encoding(text.encode(), "a.csv").codec == "utf-8"


@given(st.binary(max_size=60))
def test_bytes_are_text_or_an_error_is_told(sample):
    with suppress(DataError):  # any other error is a failure
        assert detect_encoding(sample, "a.csv").codec


def test_columns_of_such_a_file_are_recognised(tmp_path):
    path = tmp_path / "購入履歴.csv"
    path.write_bytes(TEXTS["cp932"].encode("cp932"))
    result = read_tables(path)
    assert result.tables.events.select("user_id", "item_id").rows() == [("u1", "A1")]
    assert f"{path.name}: read as Shift-JIS" in result.notes
