"""Hooks of MkDocs: pages of other folders, and links that lead there.

The pages in ``docs/`` link to files of the repository as readers of the repository need it,
such as ``../benchmarks/README.md``. On the site, Markdown files of other folders are pages of
their own; links to all other files become text.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
EXTRA_PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"} | {
    path: path
    for path in sorted(
        str(file.relative_to(ROOT))
        for file in [
            ROOT / "benchmarks" / "README.md",
            *(ROOT / "benchmarks" / "results").glob("*.md"),
        ]
    )
}
"""Markdown files outside ``docs/`` by path in the repository, and their paths on the site."""
ROOT_README, DOCS, TRANSLATIONS = "README.md", "docs", "docs/zh/"
SHARED_ASSETS = {
    "assets/site.css": "docs/assets/site.css",
    "assets/favicon.svg": "docs/images/favicon.svg",
}
"""Files of a translation by path on its site, and their paths in the repository."""
_LINK = re.compile(r"(!?)\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\(([^()\s#]*)(#[^()\s]*)?\)")
_CHINESE_LINE_END = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u4e00-\u9fff])")
"""End of a line within a Chinese sentence, which would become a blank."""
_FENCE = re.compile(r"^(```.*?^```[ ]*$)", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, and for translations the styles, that are outside their folder."""
    if folder_of(config) != DOCS:
        for name, path in SHARED_ASSETS.items():
            files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
        return files
    for source, target in EXTRA_PAGES.items():
        if target not in files.src_uris:
            path = str(ROOT / source)
            files.append(File.generated(config, target, abs_src_path=path))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the text of a page with links that hold on the site."""
    here = source_of(page.file.src_uri, folder_of(config))
    parts = _FENCE.split(markdown)
    for index in range(0, len(parts), 2):
        text = _LINK.sub(lambda found: site_link(found, here), parts[index])
        parts[index] = _CHINESE_LINE_END.sub("", text)
    return "".join(parts)


def folder_of(config: MkDocsConfig) -> str:
    """Return the path in the repository of the folder of a site."""
    return Path(config.docs_dir).resolve().relative_to(ROOT.resolve()).as_posix()


def source_of(uri: str, folder: str = DOCS) -> str:
    """Return the path in the repository of a page of the site.

    Args:
        uri: Path of the page on the site.
        folder: Folder of the site in the repository.

    Example:
        >>> source_of("changelog.md"), source_of("strategies/README.md")
        ('CHANGELOG.md', 'docs/strategies/README.md')
    """
    sources = {target: source for source, target in EXTRA_PAGES.items()}
    return sources.get(uri, f"{folder}/{uri}") if folder == DOCS else f"{folder}/{uri}"


def target_of(source: str) -> str | None:
    """Return the path on the site of a file of the repository; None: it is not on the site.

    Example:
        >>> target_of("docs/cli.md"), target_of("README.md"), target_of("src/daybreak/rng.py")
        ('cli.md', 'README.md', None)
    """
    if source == ROOT_README:
        return ROOT_README
    if source.rstrip("/") in {"benchmarks", "benchmarks/results"}:
        return "benchmarks/README.md"
    if source in EXTRA_PAGES:
        return EXTRA_PAGES[source]
    return source.removeprefix(f"{DOCS}/") if source.startswith(f"{DOCS}/") else None


def site_link(found: "re.Match[str]", here: str) -> str:
    """Return a link of a page as it holds on the site.

    Args:
        found: The link in Markdown.
        here: Path of the page in the repository.
    """
    mark, text, path, anchor = (group or "" for group in found.groups())
    if not path or "://" in path or path.startswith("mailto:"):
        return found[0]
    source = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
    target = target_of(source)
    if target is None:
        return text if text.startswith("`") else f"`{text}`"
    if here.startswith(TRANSLATIONS) and not source.startswith(TRANSLATIONS):
        return f"{mark}[{text}]({_url(here, target)}{anchor})"
    folder = posixpath.dirname(target_of(here) or "")
    return f"{mark}[{text}]({posixpath.relpath(target, folder or '.')}{anchor})"


def _url(here: str, target: str) -> str:
    """Return the address of an English page, relative to that of a translated one.

    Example:
        >>> _url("docs/zh/tutorial.md", "data-in.md"), _url("docs/zh/README.md", "README.md")
        ('../../data-in/', '../')
    """
    page = re.sub(r"(README)?\.md$", "", here.removeprefix(f"{DOCS}/"))
    ups = "../" * len([part for part in page.split("/") if part])
    english = re.sub(r"(README)?\.md$", "", target)
    return f"{ups}{english.rstrip('/')}/" if english else ups
