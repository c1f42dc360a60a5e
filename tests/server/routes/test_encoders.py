"""Fine-tuned encoders over HTTP: start, follow, cancel, resume, read the card, use."""

from dataclasses import asdict

import pytest

from daybreak.client import Client, RejectedError, ResourceNotFoundError
from daybreak.config import Settings
from daybreak.data import read_folder
from daybreak.data.importing import ImportResult
from daybreak.data.rejects import Rejects
from daybreak.encoders import load_encoder
from daybreak.errors import GateRefusedError
from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.finetuning.methods import methods
from daybreak.service.release_training import TrainOptions, retrain
from daybreak.service.serving import RecommenderService
from daybreak.service.training.tuned_encoders import ENCODER_RECORDS, used_encoder
from daybreak.service.workspace import Workspace
from tests.server.conftest import WAIT_S, served, until
from tests.service.finetuning.tasteful_shop import write_encoder, write_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server over a shop that has not been trained, and its client."""
    folder = tmp_path_factory.mktemp("encoders")
    write_shop(folder / "data")
    write_encoder(folder / "words")
    url = f"sqlite:///{folder / 'shop.db'}"
    settings = Settings(store=url, encoder=str(folder / "words"))
    with Workspace(settings, create=True) as store:
        store.write_import(ImportResult(read_folder(folder / "data").tables, Rejects(), {}, ()))
    with (
        RecommenderService(settings) as live,
        served(live, rate=0) as (_, address),
        Client(address, timeout_s=WAIT_S) as client,
    ):
        yield live, client, folder


def task_of(client, id_):
    return next(task for task in client.tasks() if task.id == id_)


def ended(client, id_):
    until(lambda: task_of(client, id_).status != "running")
    return task_of(client, id_)


@pytest.fixture(scope="module")
def made(shop):
    """The id of an encoder, and its task."""
    _, client, _ = shop
    task = client.encoders.tune()
    assert (task.kind, task.status) == ("finetune", "running")
    return task.encoder, ended(client, task.id)


def test_an_encoder_is_made_by_a_task_whose_note_is_the_verdict(shop, made):
    _, client, folder = shop
    id_, task = made
    assert task.status == "done"
    assert task.note.startswith("helps: It ranks simulated cold items significantly better")
    (info,) = [one for one in client.encoders.list() if one.id == id_]
    assert (info.verdict, info.method, info.used) == ("helps", "whitening", False)
    assert info.gain[1] > 0
    assert info.ended_at >= info.created_at
    assert load_encoder(folder / "encoders" / id_).metadata["verdict"] == "helps"


def test_the_card_has_slices_facts_and_text(shop, made):
    _, client, folder = shop
    card = client.encoders.get(made[0])
    assert card.slices[0]["strategy"] == "both"
    assert {"similar", "text alone"} <= {one["strategy"] for one in card.slices}
    assert card.facts["items"] == 320
    assert card.card == (folder / "encoders" / made[0] / "README.md").read_text("utf-8")
    assert "folder" not in card.facts


def test_trainings_use_a_chosen_encoder_until_the_original_is_chosen(shop, made, monkeypatch):
    live, client, folder = shop
    trained = []

    def train(store, settings, options, **_):
        trained.append(settings.encoder)
        raise GateRefusedError("worse", {})

    monkeypatch.setattr("daybreak.service.release_training.train_release", train)
    for choice in (made[0], "original"):
        assert client.encoders.use(choice).used
        outcome = retrain(asdict(live.settings), asdict(TrainOptions()))
        assert outcome["status"] == "refused"
    assert trained == [str(folder / "encoders" / made[0]), str(folder / "words")]
    assert not client.encoders.get(made[0]).used


def test_a_cancelled_task_leaves_an_encoder_that_can_be_resumed(shop):
    _, client, _ = shop
    task = client.encoders.tune("delta", objective="history", steps=100_000, seed=3)
    until(lambda: (task_of(client, task.id).progress or {}).get("step", "").startswith("train"))
    with pytest.raises(RejectedError, match="is running"):
        client.encoders.tune()
    with pytest.raises(RejectedError, match="is running"):
        client.train()
    assert client.admin.cancel_task(task.id).note == "asked to end"
    assert ended(client, task.id).status == "cancelled"
    assert client.encoders.get(task.encoder).verdict is None
    with pytest.raises(RejectedError, match="not finished"):
        client.encoders.use(task.encoder)
    again = client.encoders.tune(resume=task.encoder)
    assert again.encoder == task.encoder
    until(lambda: task_of(client, again.id).progress)
    client.admin.cancel_task(again.id)
    assert ended(client, again.id).status == "cancelled"
    card = client.encoders.get(task.encoder)
    assert (card.method, card.objective) == ("delta", "history")


def test_a_finished_encoder_is_not_resumed(shop, made):
    with pytest.raises(RejectedError, match="nothing to resume"):
        shop[1].encoders.tune(resume=made[0])


def test_unknown_encoders_and_tasks_are_not_found(shop):
    _, client, _ = shop
    for ask in (
        lambda: client.encoders.get("x"),
        lambda: client.encoders.use("x"),
        lambda: client.encoders.tune(resume="x"),
        lambda: client.admin.cancel_task("x"),
    ):
        with pytest.raises(ResourceNotFoundError, match="'x'"):
            ask()


@pytest.mark.parametrize(
    "body",
    [
        {"method": "magic"},
        {"goal": "sales"},
        {"objective": "luck"},
        {"steps": 0},
        {"seed": -1},
        {"encoder": "/"},
    ],
)
def test_a_body_that_is_not_valid_starts_nothing(shop, body):
    _, client, _ = shop
    before = len(client.tasks())
    with pytest.raises(RejectedError) as refused:
        client.request("POST", "/encoders", body)
    assert refused.value.problem.status == 422
    assert len(client.tasks()) == before


def test_a_chosen_encoder_whose_folder_is_gone_is_not_used(shop, caplog):
    live, _, folder = shop
    live.store.settings({"encoder": "encoder-gone"})
    assert used_encoder(live.store, folder, "words") == "words"
    assert "encoder-gone is gone" in caplog.text
    live.store.settings({"encoder": None})
    live.store.put_documents(ENCODER_RECORDS, {"e0": {"verdict": "helps"}})
    with pytest.raises(RejectedError, match="folder of the encoder 'e0' is gone"):
        shop[1].encoders.use("e0")
    live.store.put_documents(ENCODER_RECORDS, {"e0": None})


@pytest.mark.parametrize("role", ["read", "write"])
def test_only_admins_make_and_choose_encoders(start, live, role):
    text = ApiKeyStore(live.store).create(role, role)[1]
    ApiKeyStore(live.store).create("admin", "boss")
    client = start(keys="on")
    for path in ("/encoders", "/encoders/x/use", "/tasks/x/cancel"):
        answer = client.post(f"/api/v1{path}", json={}, headers={"X-API-Key": text})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_the_description_names_all_methods_and_objectives(client):
    pytest.importorskip("torch", reason="torch, of the extra deep, is missing")
    from daybreak.nets.finetuning.objectives import objectives  # noqa: PLC0415 - needs torch

    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    body = schemas["FinetuneBody"]["properties"]
    assert set(body["method"]["enum"]) == set(methods)
    assert set(body["objective"]["enum"]) == set(objectives)
