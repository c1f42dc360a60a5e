import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.fields import TextColumns, infer_fields
from daybreak.data.markup import strip_markup, strip_markup_of
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.item_meaning import item_texts


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("<ul><li>one<li>two</ul>", "one two"),
        ("green<br/>tea", "green tea"),
        ("<TD bgcolor=red>green</TD><td>tea</td>", "green tea"),
        ("绿<b>茶</b>&nbsp;好", "绿茶 好"),
        ("Caf&eacute; &#8211; &#x41;", "Café – A"),
        ("<style>p{color:red}</style><script>a<b</script>tea", "tea"),
        ("tea<script>never closed", "tea"),
        ("<!-- note --><![CDATA[tea]]>", "tea"),
        ("&lt;p&gt;Tea &amp;amp; milk&lt;/p&gt;", "Tea & milk"),
        ("<o:p>Word</o:p> <my-tag>text</my-tag>", "Word text"),
        ("[b]Tea[/b] [url=https://x.example]pot[/url]", "Tea pot"),
        ("[img]https://x.example/a.png[/img]tea", "tea"),
        ("![a cup](https://x.example/y.png) [tea](https://x.example)", "a cup tea"),
        ("# Tea\n**hot** and __black__", "Tea\nhot and black"),
        ('[gallery ids="1,2"] tea [row]pot[/row]', "tea pot"),
        ("{{widget type='x'}}tea{% if y %}", "tea"),
        ("see www.shop.example/a?b=c or https://x.example now", "see or now"),
    ],
)
def test_markup_is_no_text(marked, plain):
    assert strip_markup(marked) == plain


@pytest.mark.parametrize(
    "text",
    [
        *("I <3 tea", "a < b and c > d", "if a<b and c>d", "x <y> z", "5 <6> 7", "tea <"),
        *("AT&T, R&D", "[new] lamp [1]", "snake_case", "C# and F#", "10 > 5 <b", "1 * 2 * 3"),
        *("<unknown>", "{a, b}", "", "<", "&", "[", "价格<100"),
    ],
)
def test_text_that_resembles_markup_stays(text):
    assert strip_markup(text) == text


@given(st.text(st.characters(blacklist_characters="<&[]{}*_#/.`")))
def test_text_without_signs_of_markup_is_not_changed(text):
    assert strip_markup(text) == text


@given(st.text(st.sampled_from("<>&;/!-[]{}=\"' abpi*_#"), max_size=30))
def test_any_text_can_be_read(text):
    assert isinstance(strip_markup(text), str)


def test_a_column_without_markup_is_the_same_series():
    column = pl.Series("x", ["tea", None, "a < b"])
    assert strip_markup_of(column) is column
    found = strip_markup_of(pl.Series("x", ["<b>tea</b>", None, "<br>"]))
    assert found.to_list() == ["tea", None, None]


def test_marked_up_columns_are_text_with_the_same_words_as_plain_ones():
    texts = [f"A sturdy thing number {n} for every home" for n in range(30)]
    style = '<p style="color:red;margin:0;padding:0"><b>{}</b>&nbsp;</p>'
    marked = pl.DataFrame(
        {"item_id": map(str, range(30)), "details": [style.format(text) for text in texts]}
    )
    plain = pl.DataFrame({"item_id": map(str, range(30)), "details": texts})
    fields = infer_fields(marked, "item_id")
    assert [(field.name, field.role) for field in fields] == [("details", "text")]
    assert item_texts(fields, TextColumns(marked)) == texts
    rows = [ContentEncoder.fit_transform(items)[1][0].matrix for items in (marked, plain)]
    assert (rows[0] != rows[1]).nnz == 0


def test_what_people_say_is_read_without_markup():
    content = ContentEncoder.fit(
        pl.DataFrame({"item_id": ["1", "2"], "title": ["Green tea", "Style guide"]})
    )
    said, plain = (content.texts([text])[0].matrix for text in ("<p style='x'>tea", "tea"))
    assert (said != plain).nnz == 0
