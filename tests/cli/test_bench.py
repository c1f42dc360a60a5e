import pytest


@pytest.fixture
def shop(here):
    """A folder with forty users of two kinds."""
    rows = [
        f"u{user},{kind}{(user + step) % 8}"
        for user in range(40)
        for kind in ["tea" if user % 2 else "rum"]
        for step in range(6)
    ]
    folder = here / "shop"
    folder.mkdir()
    (folder / "events.csv").write_text("user_id,item_id\n" + "\n".join(rows) + "\n")
    return folder


FEW = ("--strategy", "popular", "--strategy", "item_knn", "--repeats", 1)


def test_it_prints_a_table_and_writes_page_and_pictures(shop, here, call):
    status, out, err = call(
        "bench", "--data", "shop", *FEW, "--html", "page.html", "--pictures", "drawn"
    )
    assert status == 0, err
    assert "shop: 40 users; 16 items" in out
    assert out.index("item_knn") < out.index("popular")
    assert "<svg" in (here / "page.html").read_text("utf-8")
    assert sorted(path.name for path in (here / "drawn").iterdir()) == [
        "bars.svg",
        "curves.svg",
    ]
    assert "wrote page.html" in err


def test_it_answers_in_json(shop, ask):
    found = ask("bench", "--data", "shop", *FEW, "--auto", "--seed", 3)
    names = [row["strategy"] for row in found["strategies"]]
    assert sorted(names) == ["auto", "item_knn", "popular"]
    assert found["facts"]["seed"] == 3


def test_it_wants_one_source_of_data(call):
    status, _, err = call("bench")
    assert status == 2
    assert "--data FOLDER or --demo" in err
    assert call("bench", "--data", "shop", "--demo")[0] == 2


def test_a_file_that_cannot_be_written_is_named(shop, call):
    status, _, err = call("bench", "--data", "shop", *FEW, "--html", "nowhere/page.html")
    assert status == 2
    assert "'nowhere/page.html' cannot be written" in err


def test_the_demo_plays_on_a_part_of_the_shop(ask):
    found = ask("bench", "--demo", "--strategy", "popular", "--repeats", 1)
    assert found["data"] == "gift_shop (one customer in 5)"
    assert found["facts"]["users"] == 591
    assert len(found["slices"]) > 6
