"""The frame of a page and its parts: no scripts, no links out, every text escaped."""

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from daybreak.evaluation.canvas import Picture


def document(title: str, body: Iterable[str]) -> str:
    """Return a whole page of finished parts; empty parts are left out.

    Example:
        >>> document("a < b", ["", "<p>c</p>"]).count("a &lt; b")
        2
    """
    style = files("daybreak.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    parts = [f"<h1>{escape(title)}</h1>", *body]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def framed(picture: Picture, heading: str, caption: str) -> str:
    """Return a picture with its heading and caption."""
    return (
        f'<figure class="card"><h2>{escape(heading)}</h2>'
        f'<div role="img" aria-label="{escape(picture.alt)}">{picture.svg}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def table(
    heading: Iterable[str], rows: Iterable[Iterable[str]], label: str, kind: str = "numbers"
) -> str:
    """Return a table of finished cells in a box that scrolls by itself."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heading)
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{cell}</th>' if n == 0 else f"<td>{cell}</td>"
            for n, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">'
        f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )
