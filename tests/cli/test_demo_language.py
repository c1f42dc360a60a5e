import polars as pl
import pytest

from daybreak.cli.language import choose_language
from daybreak.service.demo import (
    NEW_ITEM_TITLE,
    USER_TEXT,
    USER_TEXT_ZH,
    choose_demo_data,
)


@pytest.fixture(autouse=True)
def _english_again():
    yield
    choose_language(None)


def test_what_is_said_depends_on_language_and_encoder(tmp_path):
    assert choose_demo_data().text == USER_TEXT
    assert choose_demo_data(None, "zh").text == USER_TEXT_ZH
    quick = choose_demo_data(None, "zh", quick=True)
    assert (quick.text, quick.title) == (USER_TEXT, NEW_ITEM_TITLE)
    assert "新用户" in quick.headings[0]


def write_other_shop(folder):
    """Write the tables of a shop in Chinese, in an encoding of Windows."""
    folder.mkdir()
    rows = [
        f"会员{u},P{(u + n * n) % 12},2024年3月{1 + n}日" for u in range(400) for n in range(6)
    ]
    (folder / "订单.csv").write_text("\n".join(["用户,商品,时间", *rows]), "gb18030")
    items = [f"P{n},{'红茶' if n % 2 else '绿茶'}{n}号" for n in range(12)]
    (folder / "商品.csv").write_text("\n".join(["商品编号,商品名称", *items]), "gb18030")
    users = [f"会员{u},{'男女'[u % 2]}" for u in range(400)]
    (folder / "用户.csv").write_text("\n".join(["用户,性别", *users]), "gb18030")


def test_the_demo_takes_other_data_and_speaks_chinese(call, tmp_path):
    folder = tmp_path / "店"
    write_other_shop(folder)
    status, out, err = call("demo", "--data", folder, "--lang", "zh", "--quick")
    assert status == 0, err
    assert "一位新用户说" in out
    assert "店" in out


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"categories": ["茶具|瓷", "茶具", "茶叶", "点心", "点心|瓷", "文具"]}, "茶具"),
        (
            {
                "tags": [
                    ["TV", "热血"],
                    ["TV", "校园"],
                    ["TV"],
                    ["TV", "校园"],
                    ["TV", "2011年"],
                ]
            },
            "校园",
        ),
        ({"title": ["绿茶", "红茶"]}, "绿茶"),
        ({}, "1"),
    ],
)
def test_other_shops_are_asked_for_a_word_of_their_own(tmp_path, columns, word):
    n = len(next(iter(columns.values()), [""]))
    shop = pl.DataFrame({"item_id": [str(1 + number) for number in range(n)], **columns})
    asked = choose_demo_data(tmp_path, "zh").about(shop)
    assert (asked.text, asked.title) == (f"我想找{word}", f"{word} 新品")


def test_the_texts_of_the_gift_shop_stay_as_they_are():
    shop = pl.DataFrame({"item_id": ["1"], "title": ["MUG"]})
    assert choose_demo_data().about(shop) == choose_demo_data()
