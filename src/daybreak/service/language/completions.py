"""Answers of language models in the store."""

from threading import Lock

from daybreak.store import DocumentStore

COMPLETION_DOCUMENTS = "completion "
"""Start of the kinds of these documents; the hash of the model follows."""


class StoreCompletions:
    """A cache of answers in a store; each answer is on the disk when it is returned.

    The answers of a model are read once, with the first lookup.

    Args:
        store: Store of the documents.

    Example:
        >>> from daybreak.store import open_store
        >>> with open_store("sqlite:///:memory:") as store:
        ...     StoreCompletions(store).put_completion("model", "prompt", "{}")
        ...     StoreCompletions(store).completion("model", "prompt")
        '{}'
    """

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self._lock = Lock()
        self._known: dict[str, dict[str, str]] = {}

    def completion(self, model: str, prompt: str) -> str | None:
        """Return a stored answer; None: there is none."""
        with self._lock:
            return self._answers(model).get(prompt)

    def put_completion(self, model: str, prompt: str, answer: str) -> None:
        """Store an answer."""
        with self._lock:
            self._store.put_documents(
                COMPLETION_DOCUMENTS + model, {prompt: {"answer": answer}}
            )
            self._answers(model)[prompt] = answer

    def _answers(self, model: str) -> dict[str, str]:
        if model not in self._known:
            documents = self._store.documents(COMPLETION_DOCUMENTS + model)
            self._known[model] = {
                prompt: str(document["answer"]) for prompt, document in documents.items()
            }
        return self._known[model]
