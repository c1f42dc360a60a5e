"""Exports of tables."""

import pytest

from daybreak.errors import NotFoundError
from daybreak.service.backup import export_table


def test_only_the_three_tables_can_be_exported():
    with pytest.raises(NotFoundError, match="the tables are events, items and users"):
        export_table(None, "documents")
