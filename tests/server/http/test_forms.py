"""A form of a browser has one file, and each broken kind has one clear rejection."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.server.http.forms import MAX_PARTS, choose_file, parse_form
from daybreak.server.http.problems import HttpProblem

TYPE = "multipart/form-data; boundary=edge"
PICTURE = b'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nPNG'


def form(*parts, boundary=b"edge", end=b"--\r\n"):
    joined = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return joined + b"--" + boundary + end


def file_of(body, content_type=TYPE, field="image"):
    return choose_file(parse_form(body, content_type), field)


@given(st.binary(max_size=300), st.text("abcdefgh", min_size=1))
def test_a_form_of_a_client_is_read(content, name):
    request = httpx.Request("PUT", "http://a/", files={name: ("x.png", content)})
    body = request.read()
    assert file_of(body, request.headers["content-type"], name) == content
    assert file_of(body, request.headers["content-type"], "another") == content


@given(st.binary(max_size=200))
def test_any_other_body_is_refused(body):
    with pytest.raises(HttpProblem):
        file_of(body)


def test_other_fields_and_a_preamble_are_skipped():
    text = b'Content-Disposition: form-data; name="k"\r\n\r\n5'
    assert file_of(b"hello\r\n" + form(text, PICTURE)) == b"PNG"
    assert file_of(form(text, PICTURE), 'multipart/form-data; boundary="edge"') == b"PNG"


def test_a_named_file_is_chosen_among_several():
    other = PICTURE.replace(b'"image"', b'"thumb"')
    assert file_of(form(other, PICTURE)) == b"PNG"
    with pytest.raises(HttpProblem, match="2 files; expected one, named 'audio'"):
        file_of(form(other, PICTURE), field="audio")


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (form(PICTURE), "multipart/form-data", "no boundary"),
        (b"", TYPE, "no part with its boundary"),
        (form(PICTURE, boundary=b"other"), TYPE, "no part with its boundary"),
        (form(PICTURE, end=b""), TYPE, "ends too early"),
        (form(PICTURE)[:60], TYPE, "ends too early"),
        (form(b"PNG"), TYPE, "no valid header"),
        (form(b"Content-Type: image/png\r\n\r\nPNG"), TYPE, "no valid header"),
        (form(b"X: " + b"y" * 5_000 + b"\r\n" + PICTURE), TYPE, "no valid header"),
        (form(*[PICTURE] * (MAX_PARTS + 1)), TYPE, "10 parts"),
        (form(PICTURE, PICTURE), TYPE, "2 files"),
        (form(b'Content-Disposition: form-data; name="k"\r\n\r\n5'), TYPE, "no file"),
    ],
)
def test_broken_forms_are_told(body, content_type, message):
    with pytest.raises(HttpProblem, match=message) as raised:
        file_of(body, content_type)
    assert raised.value.status_code == 400
