"""Ids come back in the type in which they came in, and frames in the library of the caller."""

import pickle

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from daybreak import Recommender
from daybreak.errors import ConfigError
from daybreak.service.results import integer_columns

RECORDS = [{"user_id": n % 4, "item_id": 100 + n * n % 7} for n in range(16)]
COLUMNS = {name: [row[name] for row in RECORDS] for name in RECORDS[0]}
ITEMS = pl.DataFrame({"item_id": range(100, 110), "title": [f"pot {n}" for n in range(10)]})


def fitted(data=RECORDS, items=None, **options):
    return Recommender(encoder="none", strategies=["popular"], **options).fit(data, items)


FORMS = {
    "records": RECORDS,
    "mapping": COLUMNS,
    "polars": pl.DataFrame(RECORDS),
    "lazy polars": pl.LazyFrame(RECORDS),
    "pandas": pd.DataFrame(RECORDS),
    "arrow": pa.table(COLUMNS),
}


@pytest.mark.parametrize("form", FORMS)
def test_integers_in_every_form_are_integers_in_the_results(form):
    lists = fitted(FORMS[form], ITEMS).recommend([1, 2], k=2)
    assert lists["item_id"].dtype == lists["user_id"].dtype == pl.Int64
    assert lists["user_id"].to_list() == [1, 1, 2, 2]


def test_integers_in_a_parquet_file_are_integers_in_the_results(tmp_path):
    path = tmp_path / "events.parquet"
    pl.DataFrame(RECORDS).write_parquet(path)
    assert fitted(path).recommend([1], k=1)["item_id"].dtype == pl.Int64
    pl.DataFrame(RECORDS).write_csv(tmp_path / "events.csv")
    assert fitted(tmp_path / "events.csv").recommend([1], k=1)["item_id"].dtype == pl.String


def test_user_ids_have_the_type_of_the_request():
    model = fitted()
    assert model.recommend(["1"], k=1)["user_id"].to_list() == ["1"]
    assert model.recommend(["someone new"], k=1)["user_id"].to_list() == ["someone new"]
    assert model.audience(100, k=1)["user_id"].dtype == pl.Int64


def test_one_text_among_the_items_makes_all_of_them_text():
    model = fitted()
    model.add_items([{"item_id": "new-1"}])
    found = model.recommend([9], k=20)["item_id"]
    assert found.dtype == pl.String
    assert integer_columns(RECORDS, [{"item_id": "a"}]) == {"user_id"}


def test_other_results_have_integers_as_well():
    model = fitted(RECORDS, ITEMS)
    assert model.similar_items(texts=["pot"], k=2)["item_id"].dtype == pl.Int64
    model.add_events([{"user_id": 1, "item_id": 109}])
    assert 109 not in model.recommend([1], k=10)["item_id"].to_list()
    assert model.recommend([1], items=[108, 107], k=5)["item_id"].sort().to_list() == [107, 108]


def test_a_release_and_a_copy_keep_the_type(tmp_path):
    model = fitted(output="pandas", unknown_items="recommend")
    model.save(tmp_path / "release")
    loaded = Recommender.load(tmp_path / "release")
    assert loaded.recommend([1], k=1)["item_id"].dtype == pl.Int64
    copy = pickle.loads(pickle.dumps(model))
    assert isinstance(copy.recommend([1], k=1), pd.DataFrame)
    assert copy.state.catalogue.unknown_items == "recommend"


def test_pandas_is_returned_on_wish():
    model = fitted(pd.DataFrame(RECORDS), output="pandas")
    lists = model.recommend([1, 2], k=2, explain=True)
    assert isinstance(lists, pd.DataFrame)
    assert lists["item_id"].dtype == "int64"
    assert isinstance(model.similar_items([100]), pd.DataFrame)
    assert isinstance(model.audience(100), pd.DataFrame)
    assert isinstance(model.clone().fit(RECORDS).recommend([1]), pd.DataFrame)
    with pytest.raises(ConfigError, match="polars or pandas"):
        Recommender(output="numpy")
