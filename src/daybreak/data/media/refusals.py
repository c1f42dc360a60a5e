"""Why a picture or a sound is refused: one stable code for each reason."""

from enum import StrEnum

from daybreak.errors import DataError


class MediaRefusal(StrEnum):
    """Stable code of the reason why a picture or a sound is not used."""

    EMPTY = "empty"
    NOT_FOUND = "not_found"
    OUTSIDE_FOLDER = "outside_folder"
    NOT_A_FILE = "not_a_file"
    TOO_MANY_BYTES = "too_many_bytes"
    BAD_BASE64 = "bad_base64"
    URL_NOT_ALLOWED = "url_not_allowed"
    PRIVATE_ADDRESS = "private_address"
    URL_FAILED = "url_failed"
    SVG = "svg"
    UNKNOWN_FORMAT = "unknown_format"
    POLYGLOT = "polyglot"
    TOO_MANY_PIXELS = "too_many_pixels"
    ANIMATED = "animated"
    CMYK = "cmyk"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_SHORT = "too_short"


REFUSAL_TEXTS: dict[MediaRefusal, str] = {
    MediaRefusal.EMPTY: "the file has no bytes",
    MediaRefusal.NOT_FOUND: "there is no such file in the folder of the import",
    MediaRefusal.OUTSIDE_FOLDER: "the path leaves the folder of the import",
    MediaRefusal.NOT_A_FILE: "the path is not that of a regular file",
    MediaRefusal.TOO_MANY_BYTES: "the file is too large",
    MediaRefusal.BAD_BASE64: "the data are not base64",
    MediaRefusal.URL_NOT_ALLOWED: "web addresses are fetched only if the setting allows it",
    MediaRefusal.PRIVATE_ADDRESS: "the web address is in a private network",
    MediaRefusal.URL_FAILED: "the web address could not be fetched",
    MediaRefusal.SVG: "SVG is a document with scripts, not a picture of pixels",
    MediaRefusal.UNKNOWN_FORMAT: "the format is not supported",
    MediaRefusal.POLYGLOT: "the file is also a document or a program",
    MediaRefusal.TOO_MANY_PIXELS: "the picture has too many pixels",
    MediaRefusal.ANIMATED: "the picture is animated; give one frame of it",
    MediaRefusal.CMYK: "the picture has the colours of print (CMYK); save it as RGB",
    MediaRefusal.TRUNCATED: "the file ends too early",
    MediaRefusal.DAMAGED: "the file cannot be decoded",
    MediaRefusal.TOO_SHORT: "the sound is too short",
}
"""What each code means, as the end of a message."""


class RefusedMediaError(DataError):
    """A picture or a sound that is not used; the message begins with a stable code.

    Args:
        kind: ``picture`` or ``sound``.
        refusal: Why it is refused.

    Example:
        >>> str(RefusedMediaError("picture", MediaRefusal.TRUNCATED))
        'picture_truncated: the file ends too early'
    """

    def __init__(self, kind: str, refusal: MediaRefusal) -> None:
        super().__init__(f"{kind}_{refusal.value}: {REFUSAL_TEXTS[refusal]}")
        self.refusal = refusal
        self.media_code = f"{kind}_{refusal.value}"
        """Stable code, such as ``picture_truncated``."""
