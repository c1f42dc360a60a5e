"""Enrichment: attributes, keywords and a sentence for items with thin text, by a model.

Each answer is in the store before the next one is asked for, so that a job that is stopped at
any moment loses at most one answer and continues where it ended.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from daybreak.data.category_paths import split_text
from daybreak.data.fields import ContentField, TextColumns, infer_fields
from daybreak.encoders.lexical import tokenize
from daybreak.language_models import (
    CompletionFault,
    LanguageModel,
    read_prompt,
    unsupported_parts,
)
from daybreak.language_models.facts import connecting_words
from daybreak.language_models.instructions import has_instructions
from daybreak.store import DocumentStore
from daybreak.types import Progress, ignore_progress

ENRICHMENT_DOCUMENTS = "enrichment"
"""Kind of the documents: what a model wrote, by item id."""
WRITTEN_COLUMN = "written_by_model"
"""Column of items with what a model wrote; every list shows it among the attributes."""
DEFAULT_THIN_WORDS = 12
"""Number of words of all texts of an item below which its text is thin."""
MAX_CHOICES = 60
"""Largest number of attributes, and of keywords, from which a model chooses."""
MIN_CHOICE_ITEMS = 3
"""Number of items that must have an attribute or a keyword."""
MIN_KEYWORD_CHARS = 2
MAX_TEXT_CHARS = 600
"""Longest text of an item that a model is given [characters]."""
MAX_ANSWER_TOKENS = 220
"""Longest answer of a model [tokens]."""


@dataclass(frozen=True)
class ItemEnrichment:
    """What a model wrote about one item; empty if nothing of it passed the checks."""

    attributes: tuple[str, ...]
    """Attributes of the catalogue, as ``column: value``."""
    keywords: tuple[str, ...]
    sentence: str
    model: str
    """Name of the model."""
    source: str
    """Hash of the texts of the item and of the model, by which a changed item is recognised."""

    @property
    def text(self) -> str:
        """All of it as one text.

        Example:
            >>> ItemEnrichment(("genre: comedy",), ("love",), "A film.", "m", "h").text
            'comedy, love. A film.'
        """
        values = [attribute.partition(": ")[2] for attribute in self.attributes]
        words = ", ".join([*values, *self.keywords])
        return ". ".join(part for part in (words, self.sentence) if part)


@dataclass
class EnrichmentCounts:
    """What a job did."""

    thin: int = 0
    """Items with thin text."""
    known: int = 0
    """Items that an earlier job has written about."""
    written: int = 0
    """Items that the job wrote about."""
    dropped: int = 0
    """Items about which nothing passed the checks."""
    hostile: int = 0
    """Items whose text contains instructions to a model; it is not asked about them."""


@dataclass(frozen=True)
class CatalogueVocabulary:
    """Attributes and words of a catalogue from which a model chooses."""

    attributes: tuple[str, ...]
    keywords: tuple[str, ...]

    @classmethod
    def of(cls, items: pl.DataFrame) -> "CatalogueVocabulary":
        """Return what several items have, the most frequent first.

        Args:
            items: Items with their attributes.

        Example:
            >>> frame = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["red tea"] * 3,
            ...                       "kind": ["hot"] * 3})
            >>> CatalogueVocabulary.of(frame)
            CatalogueVocabulary(attributes=('kind: hot',), keywords=('red', 'tea'))
        """
        columns, fields = _content_columns(items)
        values: Counter[str] = Counter()
        words: Counter[str] = Counter()
        connecting = connecting_words("en") | connecting_words("zh")
        for field in fields:
            for text in columns[field.name].drop_nulls():
                if field.role == "text":
                    words.update(set(tokenize(text)) - connecting)
                else:
                    values.update({f"{field.name}: {value}" for value in _split(text, field)})
        return cls(_most_common(values, len(items)), _most_common(words, len(items)))


def enrich_catalogue(
    items: pl.DataFrame,
    store: DocumentStore,
    model: LanguageModel,
    *,
    language: str = "en",
    thin_words: int = DEFAULT_THIN_WORDS,
    progress: Progress = ignore_progress,
) -> EnrichmentCounts:
    """Write about the items with thin text; what was written before is kept.

    Args:
        items: Items with their attributes; those that a model wrote are left out.
        store: Store of what is written.
        model: Model that writes, with the budget of the job.
        language: ``en`` or ``zh``.
        thin_words: Number of words of an item below which its text is thin.
        progress: Receives a description of each step.

    Raises:
        OutOfBudgetError: The budget is used up; what was written is in the store.
        ConfigError: The texts may not be sent to the model.
        NotFoundError: The server of the model does not answer.
    """
    items = items.drop(WRITTEN_COLUMN, strict=False)
    counts, vocabulary = EnrichmentCounts(), CatalogueVocabulary.of(items)
    known = read_enrichments(store)
    enricher = ItemEnricher(model, vocabulary, language)
    thin = [item for item in item_texts(items) if item.n_words < thin_words]
    counts.thin = len(thin)
    for number, item in enumerate(thin, 1):
        source = item.source(model.hash)
        if item.item_id in known and known[item.item_id].source == source:
            counts.known += 1
            continue
        progress(f"writing about item {number} of {len(thin)}")
        if has_instructions(item.all_text):
            counts.hostile += 1
            continue
        found = enricher.enrich(item)
        counts.written += bool(found.text)
        counts.dropped += not found.text
        store.put_documents(ENRICHMENT_DOCUMENTS, {item.item_id: asdict(found)})
    return counts


@dataclass(frozen=True)
class ItemText:
    """The texts and attributes of one item."""

    item_id: str
    texts: Mapping[str, str]
    attributes: Mapping[str, Sequence[str]]

    @property
    def all_text(self) -> str:
        """Everything that describes the item."""
        values = [value for values in self.attributes.values() for value in values]
        return "\n".join([*self.texts.values(), *values])

    @property
    def n_words(self) -> int:
        """Number of words of its texts."""
        return sum(len(tokenize(text)) for text in self.texts.values())

    def source(self, model: str) -> str:
        """Return the hash of the texts and of a model, 32 hexadecimal digits."""
        text = json.dumps([model, dict(self.texts), dict(self.attributes)], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def item_texts(items: pl.DataFrame) -> Iterator[ItemText]:
    """Yield the texts and attributes of each item that has any."""
    columns, fields = _content_columns(items)
    texts = {field.name: columns[field.name].to_list() for field in fields}
    for row, item_id in enumerate(items["item_id"].to_list()):
        filled = [(field, texts[field.name][row]) for field in fields if texts[field.name][row]]
        if filled:
            yield ItemText(
                str(item_id),
                {field.name: text for field, text in filled if field.role == "text"},
                {
                    field.name: _split(text, field)
                    for field, text in filled
                    if field.role != "text"
                },
            )


class ItemEnricher:
    """Asks a model about items, and keeps only what passes the checks.

    Attributes and keywords must be in the lists of the catalogue. The sentence must consist of
    words of the item, of what was chosen, and of connecting words.

    Args:
        model: Model that writes.
        vocabulary: Attributes and keywords to choose from.
        language: ``en`` or ``zh``.
    """

    def __init__(
        self, model: LanguageModel, vocabulary: CatalogueVocabulary, language: str = "en"
    ) -> None:
        self.model, self.vocabulary, self.language = model, vocabulary, language
        self._prompt = read_prompt("enrich", language)

    def enrich(self, item: ItemText) -> ItemEnrichment:
        """Return what the model writes about an item; dropped answers are counted."""
        from daybreak.language_models.answers import EnrichmentAnswer  # noqa: PLC0415 - pydantic

        texts = {name: text[:MAX_TEXT_CHARS] for name, text in item.texts.items()}
        missing = [
            attribute
            for attribute in self.vocabulary.attributes
            if attribute.partition(": ")[0] not in item.attributes
        ]
        data: dict[str, Any] = {
            "item": {**texts, **{name: list(v) for name, v in item.attributes.items()}},
            "attributes": missing,
            "keywords": list(self.vocabulary.keywords),
        }
        answer = self.model.complete(
            self._prompt.fill(data), EnrichmentAnswer, max_tokens=MAX_ANSWER_TOKENS
        ).value
        if answer is None:
            return self._result(item, (), (), "")
        attributes = _keep_known(answer.attributes, missing)
        keywords = _keep_known(answer.keywords, self.vocabulary.keywords)
        named = [*attributes, *(a.partition(": ")[2] for a in attributes), *keywords]
        sentence = " ".join(answer.sentence.split())
        is_plain = not unsupported_parts(sentence, self._names(item, named), self.language)
        n_given = len(set(answer.attributes)) + len(set(answer.keywords))
        if not is_plain or len(attributes) + len(keywords) < n_given:
            self.model.usage.count_fault(CompletionFault.UNSUPPORTED)
        return self._result(item, attributes, keywords, sentence if is_plain else "")

    def _names(self, item: ItemText, chosen: Sequence[str]) -> list[str]:
        words = [word for text in item.texts.values() for word in tokenize(text)]
        values = [value for values in item.attributes.values() for value in values]
        return [*item.texts.values(), *values, *words, *chosen]

    def _result(
        self, item: ItemText, attributes: Sequence[str], keywords: Sequence[str], sentence: str
    ) -> ItemEnrichment:
        return ItemEnrichment(
            tuple(attributes),
            tuple(keywords),
            sentence,
            self.model.name,
            item.source(self.model.hash),
        )


def read_enrichments(store: DocumentStore) -> dict[str, ItemEnrichment]:
    """Return what models have written, by item id."""
    return {
        item_id: ItemEnrichment(
            tuple(document["attributes"]),
            tuple(document["keywords"]),
            document["sentence"],
            document["model"],
            document["source"],
        )
        for item_id, document in store.documents(ENRICHMENT_DOCUMENTS).items()
    }


def add_written_texts(
    items: pl.DataFrame, enrichments: Mapping[str, ItemEnrichment]
) -> pl.DataFrame:
    """Return the items with the column :data:`WRITTEN_COLUMN`.

    Args:
        items: Items.
        enrichments: What was written, by item id.
    """
    texts = [
        enrichments[item_id].text or None if item_id in enrichments else None
        for item_id in items["item_id"].to_list()
    ]
    return items.with_columns(pl.Series(WRITTEN_COLUMN, texts, dtype=pl.String))


def _keep_known(chosen: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the chosen names that are in a list, in its spelling, each once."""
    spelling = {name.casefold(): name for name in known}
    found = [spelling.get(" ".join(name.split()).casefold()) for name in chosen]
    return list(dict.fromkeys(name for name in found if name))


def _content_columns(items: pl.DataFrame) -> tuple[TextColumns, list[ContentField]]:
    columns = TextColumns(items)
    fields = infer_fields(columns, "item_id")
    return columns, [field for field in fields if field.role in {"text", "category"}]


def _split(text: str, field: ContentField) -> list[str]:
    values = split_text(text, field.separator) if field.separator else [text]
    return [value.strip() for value in values if value.strip()]


def _most_common(counts: Counter[str], n_items: int) -> tuple[str, ...]:
    """Return names that several items have, but not most of them."""
    kept = [
        (name, n)
        for name, n in counts.items()
        if MIN_CHOICE_ITEMS <= n <= max(n_items // 2, MIN_CHOICE_ITEMS)
        and len(name) >= MIN_KEYWORD_CHARS
        and not name.isdigit()
    ]
    ordered = sorted(kept, key=lambda pair: (-pair[1], pair[0]))
    return tuple(name for name, _ in ordered[:MAX_CHOICES])
