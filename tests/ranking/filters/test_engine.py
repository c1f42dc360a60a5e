import math
import sqlite3
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from daybreak.data.fields import OTHER_ATTRIBUTES, ContentField
from daybreak.data.wide_rows import fold_rare_attributes
from daybreak.errors import FilterError
from daybreak.ranking.filters.columns import FilterColumns
from daybreak.ranking.filters.compiler import like_pattern
from daybreak.ranking.filters.engine import FilterEngine, evaluate_filter
from daybreak.ranking.filters.parser import (
    MAX_CACHED_TREES,
    MAX_FILTER_CHARACTERS,
    MAX_NESTING_DEPTH,
    flatten_operands,
    parse_filter,
)

NOW = 1_790_000_000.0
ROWS = [
    {"n": 1.0, "m": 2.0, "t": "tea", "b": True, "at": NOW, "tags": ["tea", "hot"]},
    {"n": 2.0, "m": None, "t": "Tea pot", "b": False, "at": 0.0, "tags": []},
    {"n": None, "m": 0.0, "t": None, "b": None, "at": None, "tags": None},
    {"n": -3.5, "m": -3.5, "t": "50%_x", "b": True, "at": NOW - 86_400, "tags": ["rum"]},
    {"n": 0.0, "m": 1e308, "t": "", "b": False, "at": NOW + 1.5, "tags": ["tea", "rum", "é"]},
]
SCHEMA = {"n": pl.Float64, "m": pl.Float64, "t": pl.String, "b": pl.Boolean,
          "at": pl.Float64, "tags": pl.List(pl.String)}  # fmt: skip
FRAME = pl.DataFrame(ROWS, schema=SCHEMA)
FACETS = FilterColumns(FRAME, [ContentField("at", "date")])


def fits(text, frame=FRAME, fields=()):
    return FilterEngine(FilterColumns(frame, fields)).mask(text, NOW).tolist()


def both(left, right):
    return False if False in (left, right) else None if None in (left, right) else True


def either(left, right):
    return True if True in (left, right) else None if None in (left, right) else False


def known(work, *values):
    """Return what a function message of values that are all known."""
    return None if None in values else work(*values)


def number(value):
    return value if value is not None and not math.isnan(value) else None


COMPARISONS = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
ARITHMETIC = {
    "+": lambda a, b: number(a + b),
    "-": lambda a, b: number(a - b),
    "*": lambda a, b: number(a * b),
    "/": lambda a, b: number(a / b) if b else None,
}
WORDS = st.sampled_from(["tea", "Tea pot", "", "rum", "é", "it's", "50%_x", "hot"])


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


@st.composite
def numbers(draw, depth=2):
    """Draw the text of a number, and what it is for a row."""
    kind = draw(st.integers(0, 5 if depth else 1))
    if kind == 0:
        value = draw(st.sampled_from([0.0, 1.0, 2.0, 3.5, 1e300]))
        return repr(value), lambda row: value
    if kind == 1:
        name = draw(st.sampled_from(["n", "m"]))
        return name, lambda row: row[name]
    text, of = draw(numbers(depth - 1))
    if kind == 2:
        return f"(-{text})", lambda row: known(lambda v: -v, of(row))
    if kind == 3:
        return f"coalesce({text}, 7)", lambda row: 7.0 if of(row) is None else of(row)
    if kind == 4:
        return f"abs({text})", lambda row: known(abs, of(row))
    other, of_other = draw(numbers(depth - 1))
    sign = draw(st.sampled_from(sorted(ARITHMETIC)))
    return f"({text} {sign} {other})", lambda row: known(
        ARITHMETIC[sign], of(row), of_other(row)
    )


@st.composite
def atoms(draw):
    """Draw the text of a simple condition, and what it is for a row."""
    sign = draw(st.sampled_from(sorted(COMPARISONS)))
    work = COMPARISONS[sign]
    left, of_left = draw(numbers())
    right, of_right = draw(numbers())
    word, other = draw(WORDS), draw(WORDS)
    day = draw(st.sampled_from([0, 1, 2]))
    iso = datetime.fromtimestamp(NOW - day * 86_400, UTC).isoformat()
    choices = [
        (f"{left} {sign} {right}", lambda r: known(work, of_left(r), of_right(r))),
        (
            f"{left} is not distinct from {right}",
            lambda r: of_left(r) == of_right(r),
        ),
        (f"t {sign} {quoted(word)}", lambda r: known(work, r["t"], word)),
        (
            f"t in ({quoted(word)}, {quoted(other)})",
            lambda r: known(lambda t: t in (word, other), r["t"]),
        ),
        (
            f"tags in ({quoted(word)}, {quoted(other)})",
            lambda r: known(lambda tags: bool({word, other} & set(tags)), r["tags"]),
        ),
        (f"has(tags, {quoted(word)})", lambda r: known(lambda tags: word in tags, r["tags"])),
        (
            f"has_all(tags, {quoted(word)}, {quoted(other)})",
            lambda r: known(lambda tags: {word, other} <= set(tags), r["tags"]),
        ),
        (f"length(tags) {sign} 1", lambda r: known(lambda tags: work(len(tags), 1), r["tags"])),
        (f"length(t) {sign} 3", lambda r: known(lambda t: work(len(t), 3), r["t"])),
        (f"upper(t) = {quoted(word)}", lambda r: known(lambda t: t.upper() == word, r["t"])),
        (f"contains(t, {quoted(word)})", lambda r: known(lambda t: word in t, r["t"])),
        (
            f"starts_with(lower(t), {quoted(word)})",
            lambda r: known(lambda t: t.lower().startswith(word), r["t"]),
        ),
        (
            f"{left} between -1 and {right}",
            lambda r: both(
                known(lambda v: v >= -1, of_left(r)),
                known(lambda v, w: v <= w, of_left(r), of_right(r)),
            ),
        ),
        ("b", lambda r: r["b"]),
        ("b is not true", lambda r: r["b"] is not True),
        ("t is null", lambda r: r["t"] is None),
        ("tags is not null", lambda r: r["tags"] is not None),
        (f"at {sign} '{iso}'", lambda r: known(work, r["at"], NOW - day * 86_400)),
        (
            f"at {sign} now() - interval '{day} days'",
            lambda r: known(work, r["at"], NOW - day * 86_400),
        ),
        ("true", lambda r: True),
    ]
    return draw(st.sampled_from(choices))


CONDITIONS = st.recursive(
    atoms(),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(
            lambda p: (f"({p[0][0]} AND {p[1][0]})", lambda r: both(p[0][1](r), p[1][1](r)))
        ),
        st.tuples(inner, inner).map(
            lambda p: (f"({p[0][0]} or {p[1][0]})", lambda r: either(p[0][1](r), p[1][1](r)))
        ),
        inner.map(lambda p: (f"(not {p[0]})", lambda r: known(lambda v: not v, p[1](r)))),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
@settings(max_examples=150)
def test_filters_equal_an_evaluation_row_by_row(condition):
    text, of = condition
    assert evaluate_filter(text, FACETS, NOW).tolist() == [of(row) is True for row in ROWS], (
        text
    )


@pytest.fixture(scope="module")
def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.execute("CREATE TABLE items (n REAL, m REAL, t TEXT, b BOOLEAN)")
    rows = [(row["n"], row["m"], row["t"], row["b"]) for row in ROWS]
    connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", rows)
    yield connection
    connection.close()


SIMPLE = st.sampled_from(
    ["n = 1.0", "n < m", "m between 0.0 and 2.0", "t like '%ea%'", "t like 'T__ %'", "b",
     "not b", "t not like '50%'", "n in (1.0, -3.5)", "n not in (2.0)", "t is null",
     "m is not null",
     "n * 2.0 - 1.0 >= m / 2.0", "n + m * n > 1.0", "-n < 0.0", "n / 0.0 = 1.0", "t >= 'Tea'",
     "n is distinct from m", "t in ('tea', '')", "not n > 1.0", "b is true", "n <> m"]
)  # fmt: skip


@given(st.lists(SIMPLE, min_size=1, max_size=5), st.data())
@settings(max_examples=80)
def test_filters_equal_those_of_a_database(database, parts, data):
    words = [parts[0]]
    for part in parts[1:]:
        negated = data.draw(st.sampled_from(["", "not ", "not not "]))
        words += [data.draw(st.sampled_from([" and ", " OR "])), negated, part]
    text = "".join(words)
    found = database.execute(f"SELECT coalesce(({text}), 0) FROM items").fetchall()
    assert evaluate_filter(text, FACETS, NOW).tolist() == [bool(row[0]) for row in found], text


PIECES = st.sampled_from(
    ["n", "m", "t", "b", "at", "tags", "nothing", "1", "1e9", "'tea'", "'", '"', "(", ")", ",",
     "=", "<", ">", "<=", "<>", "!", "!=", "+", "-", "*", "/", "%", "|", "&", "^", "~", ".",
     ";", ":", "::", "@", "$1", "?", "[", "]", "{", "}", "--", "/*", "*/", "\\",
     "and", "or", "not",
     "in", "is", "null", "true", "like", "ilike", "escape", "between", "symmetric", "distinct",
     "from", "date", "timestamp", "interval", "'1 day'", "day", "current_date", "now()", "has(",
     "has_any(", "coalesce(", "length(", "lower(", "cast(", "as", "text", "case", "when",
     "then", "end", "select", "exists(", "any(", "over", "array", "struct", "lambda", "->",
     "x'00'",
     "regexp", "rlike", "similar to", "collate", "at time zone", "if(", "try(", "date(",
     "extract(", "trim(", "substring(", "overlaps", "glob", "values", "with", "e'x'", "\0", "é",
     "current_timestamp", "unnest(", "tags[0]", "xor", "div", "mod(", "isnull", "=>", ":="]
)  # fmt: skip
ALLOWED = {
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Is, exp.In, exp.Between, exp.Like),
    *(exp.ILike, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Column, exp.Identifier, exp.Literal),
    *(exp.Boolean, exp.Null, exp.Cast, exp.DataType, exp.Date, exp.Interval, exp.Var),
    *(exp.CurrentTimestamp, exp.CurrentDate, exp.Anonymous, exp.Lower, exp.Upper, exp.Length),
    *(exp.Abs, exp.Coalesce, exp.Contains, exp.StartsWith, exp.EndsWith, exp.ArrayContains),
}


@given(
    st.one_of(
        st.lists(PIECES, max_size=14).map(" ".join),
        st.lists(PIECES, max_size=14).map("".join),
        st.text(max_size=60),
    )
)
@settings(max_examples=300)
@example("n in (select 1)")
@example("tags[0] = 'tea'")
@example("'\ud800' = t")
def test_any_text_is_a_supported_filter_or_rejected(text):
    try:
        found = evaluate_filter(text, FACETS, NOW)
    except FilterError:
        return
    assert found.dtype == bool
    assert len(found) == len(ROWS)
    assert {type(node) for node in parse_filter(text).walk()} <= ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "x" * (MAX_FILTER_CHARACTERS + 1),
        "n = 1 or " * 200_000 + "n = 1",
        "(" * 500 + "n = 1" + ")" * 500,
        "(" * 3_000,
        "not " * 1_500 + "b",
        "- " * 3_000 + "n = 1",
        "n" + " + n" * 900 + " = 1",
        "lower(" * 300 + "t" + ")" * 300 + " = 'x'",
        "t like '" + "%a" * 2_000 + "'",
        "t like '" + "%_" * 150 + "'",
        " or ".join(["t ilike '%a%b%c%'"] * 51),
        "has_all(tags" + ", 'x'" * 60 + ")",
        "repeat('x', 1000000000) = t",
        "t regexp '(a+)+$'",
        "t ~ '(a+)+$'",
        "lpad(t, 1000000000, 'x') = t",
        "n in (select n from items)",
        "exists(select 1)",
        "n = 1; drop table items",
        "t = 'x' union select 1",
        "cast(t as integer) = 1",
        "t::integer = 1",
        "case when b then n end = 1",
        "items.n = 1",
        "__import__('os').system('x') = 1",
        "read_csv('/etc/passwd') is null",
        "load_extension('x') = 1",
        "n = 1e999",
        "n = " + "9" * 5_000,
        "n in (" + ", ".join("1" * 3_000) + ")",
        "'\ud800' = t",
        "t = '\0",
        "/* " * 1_000,
        "interval interval interval = 1",
        "n between symmetric 1 and 2",
        "t like 'x' escape '!'",
        "length(distinct t) = 1",
        "sum(n) over () = 1",
    ],
    ids=lambda text: text[:24],
)
def test_hostile_filters_are_rejected(text):
    with pytest.raises(FilterError):
        evaluate_filter(text, FACETS, NOW)


def test_long_chains_of_conditions_are_one_level():
    parts = " or ".join(f"n = {value}" for value in range(450))
    assert evaluate_filter(parts, FACETS, NOW).tolist() == [True, True, False, False, True]
    assert len(flatten_operands(parse_filter(parts))) == 450
    inside = "(" * (MAX_NESTING_DEPTH - 1) + "b" + ")" * (MAX_NESTING_DEPTH - 1)
    assert evaluate_filter(inside, FACETS, NOW).tolist() == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("n" + " + n" * 36 + " > 0", "n > 0"),
        ("2 / (" * 18 + "n" + ")" * 18 + " = n", "n <> 0"),
        ("(" * 18 + "b" + ") is true" * 18, "b"),
        ("not " * 36 + "b", "b"),
        ("coalesce(" * 18 + "n" + ", m)" * 18 + " > 0", "coalesce(n, m) > 0"),
        ("abs(" * 18 + "n" + ")" * 18 + " > 0", "n <> 0"),
        ("n" + " * 1" * 30 + " between 0 and 1", "n between 0 and 1"),
        ("at" + " - interval '1 day'" * 30 + " < now()", "at is not null"),
    ],
    ids=lambda text: text[:12],
)
def test_nested_operators_take_linear_time(text, fits):
    found = evaluate_filter(text, FACETS, NOW)
    assert found.tolist() == evaluate_filter(fits, FACETS, NOW).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the filter is empty"),
        ("prize < 3", "at character 1 .*no column 'prize'; columns: n, m, t, b, at, tags"),
        ("n < 3 and", "at character 7 "),
        ("n = 'x'", "n .a number. cannot be compared with a text; write texts with quotes"),
        ("n = null", "comparisons with NULL are unknown; write IS NULL"),
        ("tags = 'tea'", r"for a list, write has\(categories, 'tea'\)"),
        ("n", "expected a condition, got n .a number."),
        ("b < true", "have no order"),
        ("t like n", "LIKE needs a text in quotes"),
        ("sqrt(n) > 2", "unknown function 'sqrt'; known: has, has_any"),
        ("has(tags)", "has needs 2 arguments, got 1"),
        ("has(tags, 3)", "tags .a list of texts. can only contain a text in quotes"),
        ("has(at, 'x')", "expected a list, got at .a time."),
        ("at > 'soon'", "'soon' is not a time"),
        ("at > now() - interval '1 month'", "units: seconds, minutes, hours, days, weeks"),
        ("n is 3", "IS needs NULL, TRUE or FALSE"),
        ("n in ()", "the list after IN is empty"),
        ("t in (1)", "cannot be compared"),
        ("n in (m)", "IN needs literal texts, numbers or times"),
        ("t + 1 = 2", "cannot compute with t .a text. and a number"),
        ("t || t = 'x'", "filters do not support '||'".replace("|", r"\|")),
        ("t = 'tea", "is not terminated"),
    ],
)
def test_an_error_names_the_cause(text, message):
    with pytest.raises(FilterError, match=message):
        evaluate_filter(text, FACETS, NOW)


def test_columns_have_the_types_of_their_values():
    frame = pl.DataFrame(
        {
            "genres": ["Drama|War", " War ", None],
            "sizes": [[1, 2], [3], []],
            "born": ["2026-05-01", "1.5.2026", None],
            "Sold Out": [True, None, False],
            "colour": pl.Series(["red", "blue", None], dtype=pl.Categorical),
            "weight": [1.0, float("nan"), 3.0],
            "nobody": [None, None, None],
            "nested": [{"a": 1}] * 3,
        }
    )
    fields = [ContentField("genres", "category", "|"), ContentField("born", "date")]
    assert fits("has(genres, 'War')", frame, fields) == [True, True, False]
    assert fits("'Drama' in genres", frame, fields) == [True, False, False]
    assert fits("has(sizes, 3) or length(sizes) = 0", frame) == [False, True, True]
    assert fits("born >= DATE '2026-05-01'", frame, fields) == [True, True, False]
    assert fits('"Sold Out" is not true', frame) == [False, True, True]
    assert fits("COLOUR = 'red'", frame) == [True, False, False]
    assert fits("has(colour, 'red')", frame) == [True, False, False]
    assert fits("weight is null or weight > 2", frame) == [False, True, True]
    assert fits("nobody = 3 or nobody is null", frame) == [True, True, True]
    with pytest.raises(FilterError, match="'nested' cannot be filtered"):
        fits("nested is null", frame)


@pytest.mark.parametrize(
    ("pattern", "ignore", "regex"),
    [("a%%b_", False, "(?s)^a.*b.$"), ("(a+)+", True, r"(?si)^\(a\+\)\+$")],
)
def test_like_patterns_as_regular_expressions(pattern, ignore, regex):
    assert like_pattern(pattern, ignore_case=ignore) == regex


def test_results_are_cached_and_the_oldest_are_evicted():
    engine = FilterEngine(FACETS, max_cache_bytes=2 * len(ROWS))
    first = engine.mask("n = 1")
    assert engine.mask("n = 1") is first
    for text in ("n = 2", "n = 3"):
        engine.mask(text)
    again = engine.mask("n = 1")
    assert again is not first
    assert again.tolist() == first.tolist()
    assert not again.flags.writeable
    assert parse_filter.cache_info().maxsize == MAX_CACHED_TREES


def test_now_has_a_resolution_of_one_second():
    engine = FilterEngine(FACETS)
    assert engine.mask("at <= now()", NOW).tolist() == [True, True, False, True, False]
    assert engine.mask("at <= now()", NOW + 2).tolist() == [True, True, False, True, True]
    assert engine.mask("n = 1", NOW) is engine.mask("n = 1", NOW + 2)
    midnight = NOW // 86_400 * 86_400
    assert evaluate_filter("current_date = at", FACETS, NOW).tolist() == [
        row["at"] == midnight for row in ROWS
    ]


def test_values_and_codes_of_a_column():
    frame = pl.DataFrame(
        {"tags": [["a", "b"], ["b", "b"], None, []], "title": ["Red Tea!", "red-tea", "", None]}
    )
    facets = FilterColumns(frame)
    assert facets.require("tags").has_any(("b", "z")).tolist() == [True, True, False, False]
    assert facets.require("tags").one_hot().toarray().tolist() == [
        [1, 1],
        [0, 1],
        [0, 0],
        [0, 0],
    ]
    assert facets.require("title").value_codes().tolist() == [0, 0, -1, -1]
    assert np.unique(facets.require("tags").value_codes()[:2]).size == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["12", "13.50", "on request"], "price is text because 1 of its 3 "
         "values cannot be read as numbers, such as 'on request'"),
        (["12", "13"], "price was stored as text, although its values are numbers"),
        (["cheap", "dear", "free"], "write texts with quotes and numbers without"),
    ],
)  # fmt: skip
def test_the_message_of_a_comparison_of_text_with_a_number_names_the_cause(values, message):
    columns = FilterColumns(pl.DataFrame({"price": values}))
    for condition in ("price < 20", "20 > price", "price between 1 and 2"):
        with pytest.raises(FilterError, match=message):
            evaluate_filter(condition, columns, 0)


def test_attributes_that_share_a_column_are_filtered_like_others():
    rows = [{"price": n, f"size_{n}": n, "Colour": "red" if n % 2 else None} for n in range(9)]
    rows[3] |= {"rare": ["a", "b"], "mixed": 1}
    rows[4] |= {"rare": ["b"], "mixed": "one"}
    frame = frame_of_folded(rows)
    assert OTHER_ATTRIBUTES in frame.columns
    for text, wanted in {
        "size_3 = 3": [3],
        "SIZE_4 >= 4 or colour = 'red' and price < 2": [1, 4],
        "has(rare, 'a')": [3],
        "mixed = 'one'": [4],
    }.items():
        found = FilterEngine(FilterColumns(frame)).mask(text, NOW)
        assert np.flatnonzero(found).tolist() == wanted
    with pytest.raises(FilterError, match="no column 'weight'") as caught:
        fits("weight > 1", frame)
    assert OTHER_ATTRIBUTES not in str(caught.value)


def frame_of_folded(rows):
    folded = fold_rare_attributes(rows, max_columns=1)
    names = dict.fromkeys(name for row in folded for name in row)
    return pl.DataFrame({name: [row.get(name) for row in folded] for name in names})
