"""Releases as earlier versions wrote them."""

import json

from daybreak.service.releases.integrity import MANIFEST_FILE
from daybreak.service.releases.release import HEADER_FILE


def as_before_checksums(folder, *missing):
    """Remove the checksums of a release, and fields of its header; return the header."""
    head = json.loads((folder / HEADER_FILE).read_text())
    head = {name: value for name, value in head.items() if name not in {"checksums", *missing}}
    (folder / HEADER_FILE).write_text(json.dumps(head))
    (folder / MANIFEST_FILE).unlink()
    return head
