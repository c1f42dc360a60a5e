"""Old public names work, warn, and name the new ones."""

import sys
from types import ModuleType

import pytest

import daybreak.data
from daybreak.deprecation import deprecated_names

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
