"""Sheets of workbooks are read as the tables that people see in them."""

import zipfile
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_folder, read_tables
from daybreak.data.readers.workbooks import sheets_of
from daybreak.errors import DataError

DAY = 1_778_630_400.0
"""2026-05-13."""
STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd.mm.yyyy hh:mm"/>'
    '<numFmt numFmtId="165" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="0"/>'
    '<xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="46"/><xf numFmtId="14"/></cellXfs>'
    "</styleSheet>"
)
DATE_TIME, ZEROS, ELAPSED, DATE = 1, 2, 3, 4
"""Styles of cells."""
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


def cell(value):
    """Return a cell; a tuple is a number and its style."""
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, tuple):
        return f'<c s="{value[1]}"><v>{value[0]}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def sheet(rows, merged=()):
    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    merges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    return f"<worksheet><sheetData>{lines}</sheetData>{merges}</worksheet>"


@pytest.fixture
def book(tmp_path):
    def write(sheets, *, hidden=(), properties=""):
        path = tmp_path / "shop.xlsx"
        states = {name: "hidden" if name in hidden else "visible" for name in sheets}
        names = "".join(
            f'<sheet name="{name}" r:id="r{n}" state="{state}"/>'
            for n, (name, state) in enumerate(states.items())
        )
        links = "".join(
            f'<Relationship Id="r{n}" Target="worksheets/s{n}.xml"/>'
            for n in range(len(sheets))
        )
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(
                "xl/workbook.xml",
                f'<workbook xmlns:r="r">{properties}<sheets>{names}</sheets></workbook>',
            )
            archive.writestr("xl/_rels/workbook.xml.rels", f"<R>{links}</R>")
            archive.writestr("xl/styles.xml", STYLES)
            for n, rows in enumerate(sheets.values()):
                text = rows if isinstance(rows, str) else sheet(rows)
                archive.writestr(f"xl/worksheets/s{n}.xml", text)
        return path

    return write


ORDERS = [["Kunde", "Artikel", "Datum"], ["ann", 4006381333931, (46155.604167, DATE_TIME)]]
PRODUCTS = [["ArtikelNr", "Titel"], [4006381333931, "Red cup"]]


def test_dates_and_long_numbers_are_what_the_sheet_shows(book):
    events = read_tables(book({"Tabelle1": ORDERS})).tables.events
    assert events.select("user_id", "item_id", "timestamp").rows() == [
        ("ann", "4006381333931", DAY + 14.5 * 3600)
    ]


def test_the_sheets_of_a_book_are_the_tables_of_a_shop(book):
    tables = read_folder(book({"Bestellungen": ORDERS, "Artikel": PRODUCTS})).tables
    assert tables.items["title"].to_list() == ["Red cup"]
    assert tables.events["user_id"].to_list() == ["ann"]


@pytest.mark.parametrize(("role", "column"), [("events", "user_id"), ("items", "title")])
def test_a_table_is_the_sheet_that_has_its_columns(role, column, book):
    result = read_tables(**{role: book({"Bestellungen": ORDERS, "Artikel": PRODUCTS})})
    assert getattr(result.tables, role)[column].to_list() in (["ann"], ["Red cup"])
    assert result.mappings[role].role == role


def test_a_note_names_the_sheet_that_is_read_and_the_others(book):
    path = book({"Bestellungen": ORDERS, "Artikel": PRODUCTS})
    notes = read_tables(items=path).notes
    assert "shop.xlsx: the sheet 'Artikel' is read; others: Bestellungen" in notes


def test_two_sheets_with_the_same_columns_are_asked_about(book):
    june = [ORDERS[0], ["bob", *ORDERS[1][1:]]]
    path = book({"May": ORDERS, "June": june})
    with pytest.raises(DataError, match="several sheets: May, June"):
        read_tables(path)
    assert read_folder(path).tables.events["user_id"].to_list() == ["ann", "bob"]


def test_titles_empty_rows_and_columns_and_hidden_sheets_are_passed_over(book):
    rows = [["Report"], [], *([None, *row] for row in PRODUCTS), [None, "Total", None]]
    path = book({"Info": [], "Artikel": rows, "Old": PRODUCTS}, hidden=["Old"])
    items = read_tables(items=path).tables.items
    assert items.columns == ["item_id", "title"]
    assert items["item_id"].to_list() == ["4006381333931", "Total"]
    assert [one.stem for one in sheets_of(path)] == ["Artikel"]


def test_a_cell_over_several_rows_is_the_value_of_each(book):
    rows = [["category", "sku"], ["Tea", "a"], [None, "b"], ["Cups", "c"], [None, "d"]]
    path = book({"S": sheet(rows, ["A2:A3", "A4:B4"])})
    assert read_tables(items=path).tables.items["categories"].to_list() == [
        *("Tea", "Tea", "Cups", None)
    ]


def test_zeros_that_a_format_shows_and_durations_are_kept(book):
    rows = [["user_id", "item_id", "watch_time", "liked"]]
    rows += [[(7, ZEROS), f"film {n}", (0.001 * n, ELAPSED), n > 2] for n in range(4)]
    path = book({"S": rows})
    frame = read_tables(users=path, columns={"users": {"user_id": "item_id"}}).tables.users
    assert frame["watch_time"].to_list() == [0, 86, 173, 259]
    assert read_tables(path).tables.events["user_id"].to_list() == ["00007"] * 4


def test_days_of_old_books_of_apple_begin_in_1904(book):
    rows = [["user_id", "item_id", "date"], ["ann", "tea", (46155 - 1462, DATE)]]
    path = book({"S": rows}, properties='<workbookPr date1904="1"/>')
    assert read_tables(path).tables.events["timestamp"].to_list() == [DAY]


def test_readings_of_japanese_words_are_no_part_of_them(book):
    text = '<c t="inlineStr"><is><r><t>緑茶</t></r><rPh sb="0"><t>リョクチャ</t></rPh></is></c>'
    row = f'<row><c t="inlineStr"><is><t>a</t></is></c>{text}</row>'
    path = book({"S": sheet([["sku", "title"]]).replace("</sheetData>", row + "</sheetData>")})
    assert read_tables(items=path).tables.items["title"].to_list() == ["緑茶"]


@pytest.mark.parametrize(
    "rows",
    [
        "<worksheet><row>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet/>",
        '<w><row r="2000000"/></w>',
    ],
)
def test_a_damaged_book_is_told(rows, book):
    with pytest.raises(DataError, match=r"shop.xlsx is a damaged workbook"):
        read_tables(book({"S": rows}))


def test_a_book_without_rows_is_empty(book):
    with pytest.raises(DataError, match=r"shop.xlsx is empty"):
        read_tables(book({"S": []}))


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=20))
def test_texts_come_through_as_they_are_in_the_cells(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("book") / "shop.ods"
    rows = "".join(
        "<t:table-row>"
        + "".join(f"<t:table-cell><x:p>{escape(text)}</x:p></t:table-cell>" for text in row)
        + "</t:table-row>"
        for row in [
            ("sku", "note"),
            *((f"i{n}", f"+{a} {b}") for n, (a, b) in enumerate(pairs)),
        ]
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f'<d xmlns:t="t" xmlns:x="x"><t:table t:name="S">{rows}</t:table></d>',
        )
    items = read_tables(items=path).tables.items
    assert items["note"].to_list() == [f"+{a} {b}" for a, b in pairs]
