"""Answers that are generated once: the contract of caches, and one in memory."""

from collections import OrderedDict
from threading import Lock
from typing import Protocol, runtime_checkable


@runtime_checkable
class CompletionCache(Protocol):
    """Storage for the JSON texts of answers that followed their schema."""

    def completion(self, model: str, prompt: str) -> str | None:
        """Return a stored answer; None: there is none.

        Args:
            model: Hash of the model.
            prompt: Hash of the prompt, see :meth:`Prompt.digest`.
        """
        ...

    def put_completion(self, model: str, prompt: str, answer: str) -> None:
        """Add or replace an answer.

        Args:
            model: Hash of the model.
            prompt: Hash of the prompt.
            answer: JSON text of the answer.
        """
        ...


class MemoryCompletions:
    """A cache in memory that evicts the least recently used answers.

    Args:
        max_answers: Maximum number of answers.

    Example:
        >>> cache = MemoryCompletions(max_answers=1)
        >>> cache.put_completion("model", "a", "{}")
        >>> cache.put_completion("model", "b", "{}")
        >>> cache.completion("model", "a"), cache.completion("model", "b")
        (None, '{}')
    """

    def __init__(self, max_answers: int = 10_000) -> None:
        self.max_answers = max_answers
        self._answers: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = Lock()

    def completion(self, model: str, prompt: str) -> str | None:
        """Return a stored answer; see :meth:`CompletionCache.completion`."""
        with self._lock:
            if (model, prompt) in self._answers:
                self._answers.move_to_end((model, prompt))
            return self._answers.get((model, prompt))

    def put_completion(self, model: str, prompt: str, answer: str) -> None:
        """Add or replace an answer; see :meth:`CompletionCache.put_completion`."""
        with self._lock:
            self._answers[model, prompt] = answer
            self._answers.move_to_end((model, prompt))
            while len(self._answers) > self.max_answers:
                self._answers.popitem(last=False)
