"""Old public names work, warn, and name the new ones."""

import sys
from types import ModuleType

import numpy as np
import pytest

import daybreak.data
from daybreak.data import Vocabulary, columns, dataset, rejects, rules, ties, validation
from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.deprecation import RenamedAttribute, deprecated_names

OLD = {
    "Mapping": "ColumnMapping",
    "Role": "TableRole",
    "readiness": "assess_readiness",
    "recognise": "match_columns",
    "tie_report": "measure_ties",
}


@pytest.mark.parametrize("old", OLD)
def test_an_old_name_of_the_data_package_is_the_new_one_with_a_warning(old):
    with pytest.warns(DeprecationWarning, match=rf"use daybreak\.data\.{OLD[old]}$"):
        found = getattr(daybreak.data, old)
    assert found is getattr(daybreak.data, OLD[old])


def test_the_warning_points_to_the_import(monkeypatch):
    module = ModuleType("moved")
    module.__getattr__ = deprecated_names("moved", {"Old": "daybreak.errors.DataError"})
    monkeypatch.setitem(sys.modules, "moved", module)
    with pytest.warns(DeprecationWarning, match="moved.Old") as caught:
        from moved import Old  # noqa: PLC0415
    assert Old.code == "bad_data"
    assert caught[0].filename == __file__


def test_a_module_can_be_the_new_name():
    find = deprecated_names("old", {"data": "daybreak.data"})
    with pytest.warns(DeprecationWarning, match="old.data"):
        assert find("data") is daybreak.data


def test_any_other_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        deprecated_names("old", {})("nothing")


def test_old_attributes_of_a_data_set_are_the_new_ones_with_a_warning():
    events = Events.of([0, 1], [1, 1], [3, 4])
    data = Dataset(Items(Vocabulary(["tea", "rum"])), events, 2)
    with pytest.warns(DeprecationWarning, match=r"use Dataset\.train_items$"):
        assert data.anchors is data.train_items
    with pytest.warns(DeprecationWarning, match=r"use Events\.count_later$"):
        assert events.from_end().tolist() == [0, 0]
    with pytest.warns(DeprecationWarning, match=r"use Queries\.for_users$"):
        assert len(Queries.of(data, events, np.array([0]))) == 1


@pytest.mark.parametrize("module", [dataset, columns, rejects, rules, ties, validation])
def test_a_renamed_attribute_forwards_to_one_that_exists(module):
    for kind in vars(module).values():
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            renamed = [a for a in vars(kind).values() if isinstance(a, RenamedAttribute)]
            fields = getattr(kind, "__dataclass_fields__", {})
            assert all(hasattr(kind, a.new) or a.new in fields for a in renamed)
