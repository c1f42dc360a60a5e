"""gzip files are read to their end: every member, and nothing that follows is swallowed."""

import gzip

import pytest

from daybreak.data.importing import read_tables
from daybreak.errors import DataError

LINES = {
    "a.csv.gz": ["user_id,item_id\n", *(f"u{n},i{n % 3}\n" for n in range(20))],
    "a.jsonl.gz": [f'{{"user_id": "u{n}", "item_id": "i{n % 3}"}}\n' for n in range(20)],
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("n", [1, 6, 30])
def test_every_member_is_read_and_nothing_may_follow(tmp_path, name, n):
    lines, path = LINES[name], tmp_path / name
    packed = b"".join(
        gzip.compress("".join(lines[start : start + n]).encode())
        for start in range(0, len(lines), n)
    )
    for good in (packed, packed + b"\0" * 9):
        path.write_bytes(good)
        assert read_tables(path).tables.events.height == 20
    for bad in (packed + b"u1,i1\n", packed + b"\x1f\x8b", packed + b"\0x", packed[:-3]):
        path.write_bytes(bad)
        with pytest.raises(DataError, match="damaged gzip file"):
            read_tables(path)
