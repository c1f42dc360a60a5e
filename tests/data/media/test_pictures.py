"""Pictures are decoded or refused with one stable code; what is kept is small and clean."""

import contextlib
import io
import struct
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from daybreak.data.media.pictures import (
    KEPT_SIDE_PX,
    MAX_KEPT_BYTES,
    MAX_MEDIA_BYTES,
    PICTURE_PREFIX,
    is_kept_picture,
    keep_picture,
    read_declared_size,
)
from daybreak.data.media.refusals import REFUSAL_TEXTS, MediaRefusal, RefusedMediaError
from tests.data.media.samples import (
    animation,
    encode,
    noise,
    plain,
    png_header,
    webp_header,
)


def kept(data):
    return Image.open(io.BytesIO(b64decode(keep_picture(data).removeprefix(PICTURE_PREFIX))))


JPEG, PNG, WEBP, GIF = (encode(noise(), one) for one in ("JPEG", "PNG", "WEBP", "GIF"))

REFUSED = {
    "no bytes": (b"", "empty"),
    "text": (b"see our shop", "unknown_format"),
    "page": (b"<!DOCTYPE html><html><body>login</body></html>", "unknown_format"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "svg"),
    "svg after a declaration": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg/>', "svg"),
    "tiff": (encode(noise(), "TIFF"), "unknown_format"),
    "jpeg cut": (JPEG[: len(JPEG) // 2], "truncated"),
    "png cut": (PNG[:-200], "truncated"),
    "webp cut": (WEBP[:-9], "truncated"),
    "gif cut": (GIF[: len(GIF) // 3], "damaged"),
    "jpeg without tables": (JPEG[:4] + b"\0" * 90, "damaged"),
    "gif animated": (animation("GIF"), "animated"),
    "webp animated": (animation("WEBP"), "animated"),
    "png animated": (animation("PNG"), "animated"),
    "cmyk": (encode(noise().convert("CMYK"), "JPEG"), "cmyk"),
    "png bomb": (png_header(60_000, 60_000), "too_many_pixels"),
    "webp bomb": (webp_header(16_000, 16_000), "too_many_pixels"),
    "gif bomb": (
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\0" * 20,
        "too_many_pixels",
    ),
    "jpeg bomb": (encode(plain("red", 9_000, 9_000), "JPEG"), "too_many_pixels"),
    "jpeg and zip": (JPEG + b"PK\x03\x04 a file PK\x05\x06", "polyglot"),
    "png and php": (PNG + b"<?PHP echo 1;", "polyglot"),
    "gif and script": (GIF + b"<script>alert(1)</script>", "polyglot"),
    "jpeg and pdf": (b"%PDF-1.7 " + JPEG, "polyglot"),
    "too many bytes": (JPEG + b"\0" * MAX_MEDIA_BYTES, "too_many_bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_clean_picture_has_one_code(name):
    data, code = REFUSED[name]
    with pytest.raises(RefusedMediaError) as caught:
        keep_picture(data)
    assert caught.value.media_code == f"picture_{code}"
    assert str(caught.value).startswith(f"picture_{code}: ")


MODES = {
    "grey": noise().convert("L"),
    "black and white": noise().convert("1"),
    "palette": noise().convert("P"),
    "transparent": noise().convert("RGBA"),
    "grey, transparent": noise().convert("LA"),
    "16 bits": noise().convert("I;16"),
}


@pytest.mark.parametrize("name", MODES)
def test_every_mode_of_pixels_becomes_rgb(name):
    assert kept(encode(MODES[name])).mode == "RGB"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_every_format_keeps_the_colour(format_):
    red, green, blue = kept(encode(plain((200, 30, 40)), format_)).getpixel((20, 15))
    assert (abs(red - 200), abs(green - 30), abs(blue - 40)) < (6, 6, 6)


def test_transparent_parts_become_white():
    assert kept(encode(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))).getpixel((9, 9)) == (
        255,
        255,
        255,
    )


@pytest.mark.parametrize(
    ("size", "kept_size"),
    [
        ((1, 1), (1, 1)),
        ((100, 80), (100, 80)),
        ((2_000, 1_000), (512, 256)),
        ((30, 3_000), (30, 60)),
    ],
)
def test_sides_are_shrunk_and_long_pictures_are_cut(size, kept_size):
    assert kept(encode(plain("red", *size))).size == kept_size


def test_the_kept_file_is_small_even_of_noise():
    data = b64decode(keep_picture(encode(noise(1_500, 900))).removeprefix(PICTURE_PREFIX))
    assert len(data) <= MAX_KEPT_BYTES
    assert min(Image.open(io.BytesIO(data)).size) == KEPT_SIDE_PX


def test_the_camera_turns_the_picture_and_its_place_is_not_kept():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "at home"
    picture = kept(encode(plain("red", 60, 30), "JPEG", exif=exif))
    assert picture.size == (30, 60)
    assert not dict(picture.getexif())


def test_a_picture_that_was_kept_stays_the_same():
    first = keep_picture(encode(noise(700, 500)))
    again = keep_picture(b64decode(first.removeprefix(PICTURE_PREFIX)))
    assert first == again
    assert is_kept_picture(first)


def test_the_declared_sizes_of_webp_files_are_read():
    for options in ({"lossless": True}, {"lossless": False}):
        assert read_declared_size(encode(noise(123, 45), "WEBP", **options)) == (123, 45)
    assert read_declared_size(webp_header(640, 480)) == (640, 480)


@given(st.binary(max_size=300), st.sampled_from([JPEG, PNG, WEBP, GIF]), st.integers(0, 2_000))
def test_any_damage_is_refused_or_gives_a_picture(noise_bytes, data, position):
    changed = data[:position] + noise_bytes + data[position + len(noise_bytes) :]
    with contextlib.suppress(RefusedMediaError):
        assert is_kept_picture(keep_picture(changed))


def test_every_code_has_a_text():
    assert set(REFUSAL_TEXTS) == set(MediaRefusal)
