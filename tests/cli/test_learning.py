import pytest


@pytest.fixture
def shop(here, ask):
    """Forty users of two kinds."""
    rows = [
        f"u{user},{kind}{(user + step) % 8}"
        for user in range(40)
        for kind in ["tea" if user % 2 else "rum"]
        for step in range(6)
    ]
    (here / "events.csv").write_text("user_id,item_id\n" + "\n".join(rows) + "\n")
    ask("import", "events.csv")


def test_training_puts_a_release_into_use(imported, here, ask):
    trained = ask("train", "--seed", 3)
    folder = here / trained["release"]["folder"]
    assert (folder / "release.json").exists()
    assert trained["release"]["metadata"]["seed"] == 3


def test_training_tells_people_what_it_measured(shop, call):
    status, out, err = call("train", "--strategy", "popular", "--strategy", "item_knn")
    assert status == 0
    assert "NDCG@10 in simulated cold starts" in out
    assert "is in use" in out
    assert "next: daybreak recommend" in err


def test_an_unknown_strategy_is_refused_with_the_known_ones(imported, call):
    status, _, err = call("train", "--strategy", "magic")
    assert status == 2
    assert "known: auto, popular" in err


def test_a_store_in_memory_cannot_be_trained(call):
    status, _, err = call("train", "--store", "sqlite:///:memory:")
    assert status == 2
    assert "use a file" in err


def test_evaluation_compares_with_popularity_and_draws_a_page(shop, here, call):
    status, out, _ = call("evaluate", "--slice", "events_3", "-k", "3", "--html", "page.html")
    assert status == 0
    assert "events_3: 8 users" in out
    assert "against popular" in out
    assert "<svg" in (here / "page.html").read_text("utf-8")


def test_evaluation_names_the_slices_there_are(shop, call):
    status, _, err = call("evaluate", "--slice", "lukewarm")
    assert status == 2
    assert "known: cold_user_nothing" in err
