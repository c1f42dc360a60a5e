"""Files in bodies: the body is the file, or a form of a browser with one file.

A form is read in memory, within the limit of the body, and its names of files are not used.
"""

import re
from dataclasses import dataclass

from starlette.requests import Request

from daybreak.server.http.bodies import iter_body
from daybreak.server.http.problems import HttpProblem

MAX_PARTS = 10
"""Largest number of parts of a form."""
MAX_PART_HEADER_BYTES = 4_096
"""Largest size of the header of a part [bytes]."""
MAX_FORM_OVERHEAD_BYTES = MAX_PARTS * (MAX_PART_HEADER_BYTES + 100)
"""Size of all that is not the file in a form [bytes]."""
_BOUNDARY = re.compile(r"boundary=(?:\"([^\"\r\n]{1,70})\"|([^\s;,\"]{1,70}))", re.IGNORECASE)
_NAME = re.compile(rb"[;\s]name=(?:\"([^\"\r\n]*)\"|([^\s;\"]+))", re.IGNORECASE)
_IS_FILE = re.compile(rb"[;\s]filename\*?=", re.IGNORECASE)


@dataclass(frozen=True)
class FormPart:
    """One part of a form."""

    name: str
    is_file: bool
    """Whether it was sent as a file."""
    content: bytes


async def receive_media(request: Request, field: str, max_bytes: int) -> bytes:
    """Return the file of a request: its body, or the file of a form.

    Args:
        request: Request with the file.
        field: Name of the part of a form that holds the file; a form with one file may have
            another name.
        max_bytes: Largest size of the file [bytes].

    Raises:
        HttpProblem: The file is too large, or the form is damaged or has not one file.
    """
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().lstrip().startswith("multipart/"):
        return await _read(request, max_bytes)
    data = await _read(request, max_bytes + MAX_FORM_OVERHEAD_BYTES)
    content = choose_file(parse_form(data, content_type), field)
    if len(content) > max_bytes:
        raise HttpProblem("too_large", f"a file may have {max_bytes:,} bytes")
    return content


async def _read(request: Request, max_bytes: int) -> bytes:
    return b"".join([chunk async for chunk in iter_body(request, max_bytes)])


def parse_form(data: bytes, content_type: str) -> list[FormPart]:
    r"""Return the parts of a form.

    Args:
        data: Body.
        content_type: Header that names the boundary of the parts.

    Raises:
        HttpProblem: The form is damaged, or has too many parts.

    Source:
        RFC 7578, "Returning values from forms: multipart/form-data"; RFC 2046, section 5.1.1.

    Example:
        >>> body = b'--b\r\nContent-Disposition: form-data; name="k"\r\n\r\n5\r\n--b--\r\n'
        >>> parse_form(body, "multipart/form-data; boundary=b")
        [FormPart(name='k', is_file=False, content=b'5')]
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise HttpProblem("bad_request", "the form has no boundary")
    delimiter = b"\r\n--" + (found[1] or found[2]).encode()
    _, *parts = (b"\r\n" + data).split(delimiter, MAX_PARTS + 2)
    if not parts:
        raise HttpProblem("bad_request", "the form has no part with its boundary")
    if len(parts) > MAX_PARTS + 1:
        raise HttpProblem("bad_request", f"a form may have {MAX_PARTS} parts")
    *parts, end = parts
    if not end.startswith(b"--"):
        raise HttpProblem("bad_request", "the form ends too early")
    return [_parse_part(part) for part in parts]


def choose_file(parts: list[FormPart], field: str) -> bytes:
    """Return the content of the file of a form.

    Args:
        parts: Parts of the form.
        field: Name of the part with the file.

    Raises:
        HttpProblem: There is no file, or there are several.
    """
    named = [part for part in parts if part.name == field]
    files = named or [part for part in parts if part.is_file]
    if len(files) != 1:
        how_many = "no file" if not files else f"{len(files)} files"
        raise HttpProblem(
            "bad_request", f"the form has {how_many}; expected one, named {field!r}"
        )
    return files[0].content


def _parse_part(part: bytes) -> FormPart:
    header, separator, content = part.partition(b"\r\n\r\n")
    name = _NAME.search(header)
    is_valid = separator and name is not None and len(header) <= MAX_PART_HEADER_BYTES
    if not is_valid or name is None:
        raise HttpProblem("bad_request", "a part of the form has no valid header")
    decoded = (name[1] or name[2] or b"").decode("utf-8", "replace")
    return FormPart(decoded, bool(_IS_FILE.search(header)), content)
