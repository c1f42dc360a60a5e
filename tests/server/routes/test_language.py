"""Tasks with a language model over HTTP: enrichment and imagined buyers."""

import json

import polars as pl
import pytest

from daybreak.client import Client, RejectedError
from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.service.serving import RecommenderService
from daybreak.service.workspace import Workspace
from tests.language_models.chat_server import chat_body, chat_server
from tests.server.conftest import WAIT_S, served, until

KINDS = ("tea", "rum", "pot")


def answer(body):
    """Choose the first keyword of the prompt; say yes where the kind is the same."""
    data = json.loads(body["messages"][-1]["content"])
    if "keywords" in data:
        words = [word for word in data["keywords"] if word in data["item"]["title"]][:1]
        said = {"attributes": [], "keywords": words, "sentence": ""}
    else:
        kind = data["item"].split()[0]
        said = {"chooses": all(kind in title for title in data["chosen"])}
    return chat_body(json.dumps(said))


def tables():
    items = pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in range(18)],
            "title": [f"{KINDS[n % 3]} number {n}" for n in range(18)],
        }
    )
    rows = [(f"u{u}", f"i{3 * ((u * n + u) % 6) + u % 3}") for u in range(30) for n in range(4)]
    events = pl.DataFrame(rows, ["user_id", "item_id"], orient="row").unique(
        maintain_order=True
    )
    return Tables.of(events.with_row_index("timestamp", offset=1_000_000), items)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A client of a server with a language model, and the model."""
    folder = tmp_path_factory.mktemp("language")
    with chat_server(answer) as model:
        settings = Settings(
            store=f"sqlite:///{folder / 'shop.db'}",
            encoder="none",
            language_model=model.model,
            language_model_price="1/2",
        )
        with Workspace(settings, create=True) as workspace:
            workspace.store.write(tables())
        with (
            RecommenderService(settings) as live,
            served(live, rate=0) as (_, address),
            Client(address, timeout_s=WAIT_S) as client,
        ):
            yield client, model


def ended(client, id_):
    def found():
        return next(task for task in client.tasks() if task.id == id_)

    until(lambda: found().status != "running")
    return found()


def test_items_are_enriched_by_a_task_that_asks_nothing_twice(shop):
    client, model = shop
    assert client.language.enrichment().latest is None
    task = client.language.enrich(use="always")
    assert (task.kind, task.status) == ("enrichment", "running")
    assert ended(client, task.id).status == "done"
    found = client.language.enrichment()
    assert (found.items, found.used) == (18, True)
    assert (found.latest.thin, found.latest.written) == (18, 18)
    assert found.latest.usage["cost"] > 0
    until(lambda: client.item("i0").get("written_by_model") == "tea")
    n_asked = len(model.asked)
    again = ended(client, client.language.enrich(use="never").id)
    assert again.note == "not used"
    found = client.language.enrichment()
    assert (found.latest.known, found.used) == (18, False)
    assert len(model.asked) == n_asked


def test_buyers_are_imagined_by_a_task(shop):
    client, _ = shop
    task = client.language.imagine_buyers(["i0"], n_items=4, n_users=5)
    done = ended(client, task.id)
    assert (done.kind, done.status) == ("buyers", "done")
    assert done.note.startswith("weight ")
    found = client.language.buyers().latest
    assert found.n_items == 4
    assert len(found.users["i0"]) == 5
    assert 0 <= found.weight <= found.tried
    assert len(found.gain) == 3


def test_a_missing_column_of_titles_ends_the_task(shop):
    client, _ = shop
    done = ended(client, client.language.imagine_buyers(title="headline").id)
    assert done.status == "failed"
    assert "no column 'headline'; they have item_id, title" in done.note


def test_without_a_language_model_no_task_starts(tmp_path):
    settings = Settings(store=f"sqlite:///{tmp_path / 'shop.db'}", encoder="none")
    with Workspace(settings, create=True) as workspace:
        workspace.store.write(tables())
    with (
        RecommenderService(settings) as live,
        served(live, rate=0) as (_, address),
        Client(address, timeout_s=WAIT_S) as client,
    ):
        for start in (client.language.enrich, client.language.imagine_buyers):
            with pytest.raises(RejectedError, match="no language model is set"):
                start()
        assert client.tasks() == ()
