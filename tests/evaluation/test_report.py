import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.errors import DataError, NotFoundError
from daybreak.evaluation import Estimate, Report, SliceInfo, SliceResult, evaluate
from daybreak.evaluation.html import render_html, write_html
from daybreak.evaluation.plots import draw_shop_curve, draw_slices, draw_warm_up_curve
from daybreak.evaluation.report import METRICS
from daybreak.metrics import ACCURACY_METRICS

NAN = float("nan")


def cell(slice_, system, values, dropped=0):
    """Return a cell whose metrics all are the mean of these values by user."""
    mean = float(np.mean(values))
    return SliceResult(
        slice=slice_,
        system=system,
        values=dict.fromkeys(METRICS, Estimate(mean, mean - 0.02, mean + 0.02))
        | {"coverage": Estimate(0.5, NAN, NAN), "diversity": Estimate(NAN, NAN, NAN)},
        per_user=dict.fromkeys(ACCURACY_METRICS, np.array(values)),
        dropped={"repeated": dropped},
        served=len(values),
        fit_s=1.0,
        answer_s=0.25,
    )


def report(system="blend <b>"):
    """Better than popular on events_3, worse on warm_last, the same on cold_item."""
    counts = {"users": 4, "targets": 9, "candidates": 7, "unreachable": 0}
    names = ("events_0", "events_3", "cold_item", "warm_last")
    own = {"events_0": 0.3, "events_3": 0.5, "cold_item": 0.3, "warm_last": 0.1}
    cells = [cell(n, system, [own[n]] * 4, dropped=n == "events_3") for n in names]
    cells += [cell(n, "random", [0.1] * 4) for n in names]
    cells += [cell(n, "popular", [0.3] * 4) for n in names]
    slices = tuple(SliceInfo(n, f"Protocol of {n} & more.", counts) for n in names)
    return Report(k=10, slices=slices, cells=tuple(cells), notes=("ids <sorted>",))


def test_verdicts_say_beats_worse_or_neither():
    assert report("blend").verdicts() == (
        "events_0: blend .300 [.280, .320] does not beat popular .300",
        "events_3: blend .500 [.480, .520] beats popular .300",
        "cold_item: blend .300 [.280, .320] does not beat popular .300",
        "warm_last: blend .100 [.080, .120] is worse than popular .300",
    )


def test_the_table_has_protocol_counts_drops_and_verdicts():
    text = report("blend").table()
    assert "events_3: 4 users, 9 targets, 7 candidates, full ranking" in text
    assert "  Protocol of events_3 & more." in text
    assert "blend: rows not counted: 1 repeated" in text
    assert "note: ids <sorted>" in text
    lines = text.splitlines()
    heading = lines.index("  Protocol of events_3 & more.") + 1
    assert lines[heading].split() == [
        *("system", "NDCG@10", "recall@10", "coverage@10", "fit", "s", "answer", "s")
    ]
    assert [line.split()[0] for line in lines[heading + 1 : heading + 4]] == [
        *("blend", "popular", "random")
    ]


def test_the_frame_is_long_and_has_null_where_nothing_is_known():
    frame = report().frame()
    assert frame.height == 4 * 3 * len(METRICS)
    nothing = frame.filter(pl.col("metric") == "diversity")
    assert nothing["value"].null_count() == nothing.height
    assert frame.filter(pl.col("metric") == "coverage")["low"].null_count() == 12


def test_json_brings_everything_back_exactly():
    before = report()
    after = Report.from_json(before.to_json())
    assert after.frame().equals(before.frame())
    assert after.slices == before.slices
    assert after.notes == before.notes
    assert after.verdicts() == before.verdicts()
    assert after.cell("events_3", "popular").dropped == {"repeated": 0}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "daybreak report 0"}'])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(DataError, match="repeat the evaluation"):
        Report.from_json(text)


def test_a_damaged_report_is_refused():
    raw = json.loads(report().to_json())
    raw["cells"][0]["per_user"]["ndcg"] = "AAAA"
    with pytest.raises(DataError, match="repeat the evaluation"):
        Report.from_json(json.dumps(raw))


def test_the_warm_up_curve_keeps_known_users_apart():
    curve = report("blend").warm_up_curve().filter(pl.col("system") == "blend")
    assert curve.select("events", "value").rows() == [(0, 0.3), (3, 0.5), (None, 0.1)]


def test_unknown_names_are_refused():
    with pytest.raises(NotFoundError, match="no result for system 'x' on slice 'events_0'"):
        report().compare("x", "popular")
    with pytest.raises(
        NotFoundError,
        match="metric 'gini' has no values by user; known: ndcg, recall, hit, mrr",
    ):
        report().compare("random", "popular", "gini")


def test_pictures_are_whole_have_their_own_ids_and_take_colours_from_the_page():
    curve, bars = draw_warm_up_curve(report()), draw_slices(report())
    ids = []
    for picture in (curve, bars):
        root = ElementTree.fromstring(picture.svg)
        ids += [e.get("id") for e in root.iter() if e.get("id")]
        assert "var(--c0" in picture.svg
    assert len(ids) == len(set(ids))
    assert "blend <b>: .300 with 0, .500 with 3" in curve.alt
    assert "cold_item: blend <b> .300, random .100, popular .300" in bars.alt


def test_the_same_report_draws_the_same_picture():
    assert draw_warm_up_curve(report()) == draw_warm_up_curve(report())


def test_a_report_without_few_shot_slices_has_no_curve():
    full = report()
    only = Report(10, full.slices[2:3], tuple(c for c in full.cells if c.slice == "cold_item"))
    assert draw_warm_up_curve(only) is None
    assert "Warm-up" not in render_html(only)


def test_names_in_any_script_are_drawn_without_a_warning():
    assert "日出" in render_html(report("日出"))


def test_the_page_is_self_contained_and_escapes_every_text():
    text = render_html(report(), title="A & B", more={"<i>": pl.DataFrame({"x": ["<script>"]})})
    assert "<b>" not in text
    assert "<script>" not in text
    assert "blend &lt;b&gt;" in text
    assert "A &amp; B" in text
    assert "Protocol of events_3 &amp; more." in text
    outside = text.replace("http://www.w3.org/", "")
    assert "http" not in outside
    assert " src=" not in outside


def test_every_picture_has_words(tmp_path):
    path = write_html(report(), tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert text.count('role="img" aria-label="NDCG@10') == text.count("<svg") == 2
    assert "▲ beats" in text
    assert "▼ worse" in text


def test_a_report_of_version_0_1_is_read():
    text = (Path(__file__).parent / "report_0_1.json").read_text(encoding="utf-8")
    old = Report.from_json(text)
    assert old.systems == ("random", "popular")
    assert [info.name for info in old.slices] == ["cold_user_nothing", "warm_last"]
    assert old.compare("popular", "random")["warm_last"].low < 1
    assert old.to_json() == text.rstrip()


def test_the_warm_up_curve_of_a_shop_has_a_panel_for_each_number_of_events():
    rows = [
        (f"u{u:02}", f"i{(u + n * n) % 9}", 60.0 * u + n) for u in range(45) for n in range(5)
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    report = evaluate({}, Tables.of(events), k=3, slices=["young"])
    curve = report.shop_curve().filter(system="popular")
    assert curve.select("users", "events").rows() == [
        (n, shots) for n in (5, 20) for shots in (0, 1, 3)
    ]
    picture = draw_shop_curve(report)
    assert all(f"{n} event" in picture.svg for n in (0, 1, 3))
    assert "popular with 0 events" in picture.alt
    assert "Warm-up curve of the shop" in render_html(report)
    assert draw_slices(report) is None


def test_a_notebook_shows_bars_and_the_curve_without_markup_of_names():
    shown = report()._repr_html_()
    assert shown.startswith("<b>NDCG@10</b><table>")
    assert shown.count("<polyline") == 3
    assert "blend <b>" not in shown
    assert "blend &lt;b&gt;" in shown
