"""A report in a notebook."""

import polars as pl

from daybreak.evaluation.notebook import bar_table, curve_svg


def test_bars_are_relative_to_the_largest_value_and_names_are_escaped():
    shown = bar_table({"a": "<b>new</b>"}, {("a", "x"): 0.2, ("a", "y"): 0.4}, ("x", "y", "z"))
    assert "width:50%" in shown
    assert "width:100%" in shown
    assert "&lt;b&gt;new" in shown
    assert shown.count("<td></td>") == 1


def test_the_curve_by_hand():
    curve = pl.DataFrame({"system": ["x", "x"], "events": [0, 3], "value": [0.1, 0.2]})
    # 360 wide and 140 high with 18 around: half the height is 70, the top is 18
    assert "points='18.0,70.0 342.0,18.0'" in curve_svg(curve)
    assert curve_svg(curve.head(1)) == ""
