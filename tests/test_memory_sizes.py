"""Sizes of memory as text, and limits of computations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import ConfigError
from daybreak.memory import (
    ComputationLimits,
    bounded_size,
    format_memory_size,
    parse_memory_size,
    use_limits,
)


@given(
    number=st.integers(1, 10_000),
    unit=st.sampled_from(["", "b", "kB", "MB", "gb", "TB"]),
    blank=st.sampled_from(["", " "]),
)
def test_units_are_powers_of_a_thousand(number, unit, blank):
    power = ["", "k", "m", "g", "t"].index(unit.lower().removesuffix("b"))
    assert parse_memory_size(f"{number}{blank}{unit}") == number * 1_000**power


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("1.5GiB", 1_610_612_736), ("512 mib", 536_870_912), ("2g", 2_000_000_000), (7, 7)],
)
def test_sizes_by_hand(text, n_bytes):
    assert parse_memory_size(text) == n_bytes


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "0", "2 XB", "2GBs", "1,5GB", True])
def test_other_texts_are_refused_with_the_value(text):
    with pytest.raises(ConfigError, match="such as 2GB"):
        parse_memory_size(text)


@given(st.integers(1_000_000, 10**13))
def test_a_size_in_words_is_close_to_the_size(n_bytes):
    assert parse_memory_size(format_memory_size(n_bytes)) == pytest.approx(n_bytes, rel=0.5)


def test_limits_hold_inside_only_and_never_widen():
    with use_limits(ComputationLimits(dense_items=10)):
        assert bounded_size("dense_items", 6_000) == 10
        assert bounded_size("dense_items", 4) == 4
        assert bounded_size("block_cells", 7) == 7
    assert bounded_size("dense_items", 6_000) == 6_000
