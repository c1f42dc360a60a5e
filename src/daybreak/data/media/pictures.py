"""Pictures: validation of untrusted files, and the small JPEG in which they are kept.

A picture is decoded once, at the import, and kept as a small JPEG in a data URI. What a file
may contain besides pixels, such as places, scripts and a second file, is not kept.
"""

import io
import struct
from base64 import b64encode
from typing import Any

from daybreak.data.media.refusals import MediaRefusal, RefusedMediaError
from daybreak.errors import MissingExtraError

MAX_MEDIA_BYTES = 20 * 2**20
"""Largest size of a file of a picture or a sound [bytes]."""
MAX_PICTURE_PIXELS = 50_000_000
"""Largest product of width and height of a picture [pixels]; decoded it takes 150 MB."""
KEPT_SIDE_PX = 256
"""Shorter side of a kept picture, at most [pixels]; encoders read 224 to 256."""
MAX_KEPT_RATIO = 2.0
"""Largest ratio of the sides of a kept picture; longer ones are cut at both ends."""
KEPT_QUALITIES = (80, 60, 40, 20)
"""Qualities of the JPEG, from 0 to 100; the first that is small enough is taken."""
MAX_KEPT_BYTES = 40_000
"""Largest size of a kept JPEG, unless the lowest quality is larger [bytes]."""
PICTURE_PREFIX = "data:image/jpeg;base64,"
"""Start of a kept picture."""
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""Formats that are decoded."""
_PRINT_MODES = frozenset({"CMYK", "YCCK", "LAB"})
_MARKUP = (b"<?php", b"<script", b"<html", b"<!doctype", b"%pdf-")
"""Beginnings of documents and programs, in lower case; none is a part of a picture."""
_ZIP_PARTS = (b"PK\x03\x04", b"PK\x05\x06")
_MAX_SNIFFED_BYTES = 1_024


class KeptPicture(str):
    """A picture in the form in which items keep it, that was checked and is no text.

    Where descriptions are texts, a value of this type is a picture instead.
    """

    __slots__ = ()


def keep_picture(data: bytes) -> KeptPicture:
    """Return a picture as a data URI of a small JPEG.

    The picture is turned as its camera says, transparent parts become white.

    Args:
        data: Bytes of a file; they are not trusted.

    Raises:
        RefusedMediaError: The file is no picture that is used; see :class:`MediaRefusal`.
        MissingExtraError: Pillow is not installed.
    """
    _refuse_foreign(data)
    image = _open(data)
    try:
        small = _decode(image)
        kept = data if _is_kept_form(image, data) else _encode_small(small)
        return KeptPicture(PICTURE_PREFIX + b64encode(kept).decode("ascii"))
    finally:
        image.close()


def _is_kept_form(image: Any, data: bytes) -> bool:
    """Return whether a file needs no change: a small JPEG of nothing but pixels.

    A picture that was kept before stays the same, byte by byte, and so does its vector.
    """
    if image.format != "JPEG" or image.mode != "RGB" or len(data) > MAX_KEPT_BYTES:
        return False
    short, long = sorted(image.size)
    is_small = short <= KEPT_SIDE_PX and long <= MAX_KEPT_RATIO * short
    has_only_pixels = {name for name, _ in image.applist} <= {"APP0"} and "comment" not in (
        image.info
    )
    return is_small and has_only_pixels and data.endswith(b"\xff\xd9")


def is_kept_picture(value: object) -> bool:
    """Return whether a value is a picture in the form in which items keep it.

    Example:
        >>> is_kept_picture("data:image/jpeg;base64,AA=="), is_kept_picture("a.jpg")
        (True, False)
    """
    return isinstance(value, str) and value.startswith(PICTURE_PREFIX)


def _refuse_foreign(data: bytes) -> None:
    """Refuse what is no file of one picture, before anything decodes it."""
    if not data:
        raise RefusedMediaError("picture", MediaRefusal.EMPTY)
    if len(data) > MAX_MEDIA_BYTES:
        raise RefusedMediaError("picture", MediaRefusal.TOO_MANY_BYTES)
    lower = data.lower()
    start = lower[:_MAX_SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in lower:
        raise RefusedMediaError("picture", MediaRefusal.SVG)
    if start.startswith(b"<"):
        raise RefusedMediaError("picture", MediaRefusal.UNKNOWN_FORMAT)
    is_archive = all(part in data for part in _ZIP_PARTS)
    if is_archive or any(part in lower for part in _MARKUP):
        raise RefusedMediaError("picture", MediaRefusal.POLYGLOT)
    width, height = read_declared_size(data)
    if width * height > MAX_PICTURE_PIXELS:
        raise RefusedMediaError("picture", MediaRefusal.TOO_MANY_PIXELS)
    if is_chunk_truncated(data):
        raise RefusedMediaError("picture", MediaRefusal.TRUNCATED)


def is_chunk_truncated(data: bytes) -> bool:
    """Return whether a RIFF or AIFF file (WebP, WAV) is shorter than its header says.

    Sizes of 0 and of all ones stand for an unknown size.

    Example:
        >>> is_chunk_truncated(b"RIFF" + struct.pack("<I", 100) + b"WEBP")
        True
    """
    if data[:4] not in (b"RIFF", b"FORM") or len(data) < 12:
        return False
    size = int.from_bytes(data[4:8], "little" if data[:4] == b"RIFF" else "big")
    return size not in (0, 0xFFFFFFFF) and size + 8 > len(data) + 1


def read_declared_size(data: bytes) -> tuple[int, int]:
    """Return width and height as the header of a PNG, GIF or WebP file states them, else 0.

    The library reserves memory for some formats before it tells their size.

    Example:
        >>> read_declared_size(b"GIF89a" + struct.pack("<HH", 640, 480))
        (640, 480)
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp_size(data)
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(
            data[27:30], "little"
        )
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def import_pillow() -> Any:
    """Return the module ``PIL.Image``.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps  # noqa: F401, PLC0415 - part of an extra
    except ImportError as error:
        raise MissingExtraError("reading pictures", "'daybreak[images]'") from error
    return Image


def _open(data: bytes) -> Any:
    """Return the picture, of which only the header is read."""
    pillow = import_pillow()
    try:
        image = pillow.open(io.BytesIO(data), formats=PICTURE_FORMATS)
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as error:
        raise RefusedMediaError("picture", MediaRefusal.TOO_MANY_PIXELS) from error
    except pillow.UnidentifiedImageError as error:
        known = data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF"))
        refusal = MediaRefusal.DAMAGED if known else MediaRefusal.UNKNOWN_FORMAT
        raise RefusedMediaError("picture", refusal) from error
    except Exception as error:  # parsers of formats raise nearly anything
        raise RefusedMediaError("picture", MediaRefusal.DAMAGED) from error
    return image


def _decode(image: Any) -> Any:
    """Return the pixels as RGB, small enough to be kept.

    Raises:
        RefusedMediaError: The picture is not used.
    """
    width, height = image.size
    if width * height > MAX_PICTURE_PIXELS:
        raise RefusedMediaError("picture", MediaRefusal.TOO_MANY_PIXELS)
    try:
        if image.format != "MPO" and getattr(image, "is_animated", False):
            raise RefusedMediaError("picture", MediaRefusal.ANIMATED)
        if image.mode in _PRINT_MODES:
            raise RefusedMediaError("picture", MediaRefusal.CMYK)
        image.draft("RGB", (2 * KEPT_SIDE_PX, 2 * KEPT_SIDE_PX))  # JPEG: decode a fraction
        image.load()
        return _shrink(image)
    except RefusedMediaError:
        raise
    except Exception as error:  # decoders raise nearly anything
        is_cut = "truncated" in str(error) or "broken data stream" in str(error)
        refusal = MediaRefusal.TRUNCATED if is_cut else MediaRefusal.DAMAGED
        raise RefusedMediaError("picture", refusal) from error


def _shrink(image: Any) -> Any:
    from PIL import ImageOps  # noqa: PLC0415 - part of an extra

    pillow = import_pillow()
    turned = ImageOps.exif_transpose(image)
    rgb = _to_rgb(turned)
    width, height = rgb.size
    wide = max(1, min(width, round(height * MAX_KEPT_RATIO)))
    tall = max(1, min(height, round(width * MAX_KEPT_RATIO)))
    left, top = (width - wide) // 2, (height - tall) // 2
    cut = rgb.crop((left, top, left + wide, top + tall))
    scale = KEPT_SIDE_PX / min(wide, tall)
    if scale >= 1:
        return cut
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    return cut.resize(size, pillow.Resampling.BICUBIC, reducing_gap=3.0)


def _to_rgb(image: Any) -> Any:
    """Return the picture as RGB; 16-bit grey is scaled, transparent parts become white."""
    pillow = import_pillow()
    if image.mode.startswith("I") or image.mode == "F":
        low, high = image.convert("F").getextrema()
        factor = 255.0 / (high - low) if high > low else 0.0
        scaled = image.convert("F").point(lambda value: value * factor - low * factor)
        return scaled.convert("L").convert("RGB")
    if "transparency" not in image.info and "A" not in image.getbands():
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = pillow.new("RGBA", rgba.size, (255, 255, 255, 255))
    return pillow.alpha_composite(white, rgba).convert("RGB")


def _encode_small(image: Any) -> bytes:
    for quality in KEPT_QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= MAX_KEPT_BYTES:
            break
    return buffer.getvalue()
