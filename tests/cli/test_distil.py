import pytest

from daybreak.encoders import load_encoder
from tests.encoders.tiny_server import tiny_server


@pytest.fixture
def teacher(here, monkeypatch):
    """The name of a big text model, and a catalogue to learn on."""
    monkeypatch.setenv("DAYBREAK_CACHE", str(here / "cache"))
    lines = [f"{n},red globe number {n}" for n in range(40)]
    (here / "items.csv").write_text("\n".join(["item_id,title", *lines]) + "\n", "utf-8")
    with tiny_server() as server:
        yield f"{server.url}#tiny"


def test_a_small_model_is_made_and_can_be_used_by_its_folder(teacher, here, ask):
    made = ask("distil", "items.csv", "--teacher", teacher, "--out", "small", "--dim", 8)
    assert (made["texts"], made["folder"]) == (40, "small")
    assert made["texts_per_s"] > 0
    assert load_encoder(here / "small").dim == 8


def test_what_it_is_worth_is_told(teacher, call):
    status, out, err = call(
        "distil", "items.csv", "--teacher", teacher, "--out", "s", "--dim", 8
    )
    assert status == 0, err
    assert "s: 8 dimensions" in out
    assert "cosine similarity to the teacher, held-out texts" in out
    assert "daybreak train --encoder s" in err


def test_a_folder_with_items_will_do_and_an_earlier_model_is_replaced(teacher, here, ask):
    (here / "shop").mkdir()
    (here / "items.csv").rename(here / "shop" / "items.csv")
    for dim in (4, 8):
        ask("distil", "shop", "--teacher", teacher, "--out", "small", "--dim", dim)
    assert load_encoder(here / "small").dim == 8


def test_other_files_are_not_written_over(teacher, here, call):
    status, _, err = call("distil", "items.csv", "--teacher", teacher, "--out", here)
    assert status == 2
    assert "holds other files; name a new folder" in err


def test_without_items_nothing_is_learned(teacher, here, call):
    (here / "logs").mkdir()
    (here / "logs" / "events.csv").write_text("user_id,item_id\na,b\n", "utf-8")
    status, _, err = call("distil", "logs", "--teacher", teacher, "--out", "small")
    assert status == 2
    assert "distilling reads a table of items" in err


def test_an_unknown_teacher_is_told(here, call):
    (here / "items.csv").write_text("item_id,title\n1,a\n", "utf-8")
    status, _, err = call("distil", "items.csv", "--teacher", "./nowhere", "--out", "small")
    assert status != 0
    assert "no usable files for the text model './nowhere'" in err
