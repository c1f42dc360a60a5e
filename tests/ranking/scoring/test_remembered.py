from dataclasses import fields, replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import Queries
from daybreak.ranking.scoring.remembered import (
    BYTES_PER_ROW,
    UNREAD_FIELDS,
    RememberedRows,
    query_keys,
)

TABLE = np.arange(12, dtype=np.float32).reshape(4, 3)
KEYS = [b"a", b"b", b"c", b"d"]


class Computed:
    """Rows of a table, and the positions that were asked for."""

    def __init__(self, table):
        self.table, self.asked = table, []

    def __call__(self, rows):
        self.asked.append(rows.tolist())
        return self.table[rows]


def test_only_missing_rows_are_computed():
    rows, compute = RememberedRows(10_000), Computed(TABLE)
    rows.recall([KEYS[0], KEYS[2]], lambda at: TABLE[[0, 2]][at])
    np.testing.assert_array_equal(rows.recall(KEYS, compute), TABLE)
    np.testing.assert_array_equal(rows.recall(KEYS[::-1], compute), TABLE[::-1])
    assert compute.asked == [[1, 3]]


def test_who_gets_rows_may_change_them():
    rows = RememberedRows(10_000)
    for _ in range(3):
        found = rows.recall(KEYS[:2], lambda at: TABLE[at])
        np.testing.assert_array_equal(found, TABLE[:2])
        found += 1


def test_sparse_rows_are_remembered_as_they_are():
    table = sp.csr_array(np.float32([[0, 2, 0], [0, 0, 0], [3, 0, 4], [0, 5, 0]]))
    rows, compute = RememberedRows(10_000), Computed(table)
    rows.recall(KEYS[2:3], lambda at: table[[2]][at])
    for _ in range(2):
        assert (rows.recall(KEYS, compute) != table).nnz == 0
    assert compute.asked == [[0, 1, 3]]


def test_rows_not_asked_for_longest_are_dropped():
    rows, compute = RememberedRows(2 * (BYTES_PER_ROW + 12)), Computed(TABLE)
    for key in (0, 1, 0, 2, 0, 1):
        rows.recall([KEYS[key]], lambda at, key=key: compute(at + key))
    assert len(rows) == 2
    assert compute.asked == [[0], [1], [2], [1]]
    rows.clear()
    assert len(rows) == 0


def matrix(*rows):
    return sp.csr_array(np.float32(rows))


@pytest.fixture
def queries():
    one = matrix([1, 0, 2], [0, 3, 0])
    return Queries(
        None,
        one,
        one,
        one,
        n_events=np.float32([2, 1]),
        repeats=one,
        unseen_content=one,
        source_history=one,
        memory=one,
        pause_s=np.array([10.0, np.nan]),
    )


def test_equal_queries_have_equal_keys_alone_and_in_a_batch(queries):
    both = query_keys(queries)
    assert len(set(both)) == 2
    for row in range(2):
        assert query_keys(queries.take(np.array([row]))) == [both[row]]


def test_the_order_of_entries_makes_no_other_key(queries):
    values, columns = np.float32([2, 1, 3]), np.array([2, 0, 1])
    turned = sp.csr_array((values, columns, np.array([0, 2, 3])), shape=(2, 3))
    assert query_keys(replace(queries, history=turned)) == query_keys(queries)


def test_every_field_of_a_query_makes_another_key(queries):
    """A field that is added to queries must be a part of keys, or in UNREAD_FIELDS."""
    before = query_keys(queries)
    for name in {one.name for one in fields(Queries)} - UNREAD_FIELDS:
        value = getattr(queries, name)
        if name == "pause_s":
            others = [np.array([90.0, np.nan]), np.array([np.nan, np.nan])]
        elif sp.issparse(value):
            others = [matrix([1, 2, 0], [0, 3, 0]), matrix([1, 0, 3], [0, 3, 0]), value * 0]
            others[2] = matrix([0, 0, 0], [0, 3, 0])
        else:
            others = [value + np.float32([1, 0])]
        for other in others:
            after = query_keys(replace(queries, **{name: other}))
            assert after[0] not in before, name
            assert after[1] == before[1], name


def test_the_same_values_in_another_field_make_another_key(queries):
    moved = replace(queries, memory=None, source_history=queries.memory)
    other = replace(queries, source_history=None)
    assert not set(query_keys(moved)) & set(query_keys(other))


def test_pauses_of_one_group_have_one_key(queries):
    longer = replace(queries, pause_s=np.array([50.0, np.nan]))
    assert query_keys(longer) == query_keys(queries)
