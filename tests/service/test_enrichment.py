"""Enrichment of a store: what is written is used only if new items gain by it."""

import json

import polars as pl
import pytest

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.errors import ConfigError
from daybreak.estimates import PairedDifference
from daybreak.service import enrichment
from daybreak.service.enrichment import enrich_store
from daybreak.service.workspace import Workspace
from daybreak.testing.language_models import ScriptedLanguageModel

SAYS = json.dumps({"keywords": ["tea"]})


@pytest.fixture
def workspace(tables, tmp_path):
    events, items, users = tables
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Workspace(Settings(store=url, encoder="none"), create=True) as opened:
        opened.store.write(Tables.of(events, items, users))
        yield opened


def written(workspace):
    items = workspace.tables.items
    return items["written_by_model"].to_list() if "written_by_model" in items.columns else None


@pytest.mark.parametrize(("low", "is_used"), [(0.01, True), (-0.01, False)])
def test_it_is_used_if_new_items_gain(workspace, monkeypatch, low, is_used):
    gain = PairedDifference(0.02, low, 0.03)
    monkeypatch.setattr(enrichment, "measure_gain", lambda *_: gain)
    result = enrich_store(workspace, ScriptedLanguageModel([SAYS]))
    assert result.is_used == is_used
    assert written(workspace) == (["tea"] * 35 if is_used else None)
    assert result.to_dict()["gain"]["low"] == low
    assert ("used from the next" in result.describe_use()) == is_used


def test_it_is_switched_on_and_off_by_hand_and_kept(workspace):
    model = ScriptedLanguageModel([SAYS])
    assert enrich_store(workspace, model, use="always").is_used
    assert set(written(workspace)) == {"tea"}
    assert not enrich_store(workspace, None, use="never").is_used
    assert set(written(workspace) or [None]) == {None}
    assert enrich_store(workspace, model, use="always").counts.known == 35
    assert set(written(workspace)) == {"tea"}


def test_the_gain_is_measured_on_simulated_new_items(workspace):
    """The titles say nothing, what the model writes says all."""
    items = workspace.tables.items
    kinds = dict(zip(items["item_id"], items["shelf"], strict=True))
    blank = items.select(
        "item_id", title=pl.lit("thing") + pl.int_range(pl.len()).cast(pl.String)
    )
    tables = workspace.tables
    workspace.__dict__["tables"] = Tables.of(tables.events, blank, tables.users)

    def tell(prompt):
        title = json.loads(prompt.messages[1].content)["item"]["title"]
        number = int(title.removeprefix("thing"))
        return json.dumps({"keywords": [kinds[f"item-{number}"]]})

    class AllWords:
        attributes = ()
        keywords = tuple(sorted(set(kinds.values())))

    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(
            "daybreak.service.language.enrichment.CatalogueVocabulary.of",
            classmethod(lambda cls, _: AllWords),
        )
        result = enrich_store(workspace, ScriptedLanguageModel(tell))
    assert result.gain.difference > 0.1
    assert result.is_used


def test_without_a_model_nothing_is_written(workspace):
    with pytest.raises(ConfigError, match="no language model is set"):
        enrich_store(workspace, None)
    with pytest.raises(ConfigError, match="auto, always or never"):
        enrich_store(workspace, None, use="sometimes")
