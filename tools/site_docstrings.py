"""Griffe extension: reads docstrings in the style of Daybreak for the reference."""

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|meth|func|mod|data|attr|exc):`~?\.?([^`]*)`")
_EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class DaybreakDocstrings(griffe.Extension):
    """Turns examples into sections, and roles of reStructuredText into code."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown_docstring(obj.docstring.value)


def markdown_docstring(text: str) -> str:
    """Return a docstring with examples and names as mkdocstrings reads them.

    Example:
        >>> markdown_docstring("See :meth:`.Recommender.fit`.")
        'See `Recommender.fit`.'
    """
    return _EXAMPLE.sub("Examples:", _ROLE.sub(r"`\1`", text))
