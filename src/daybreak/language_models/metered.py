"""A language model with a budget, a cache, and a limit of what may be sent."""

from collections.abc import Collection

from daybreak.language_models.base import (
    DEFAULT_MAX_TOKENS,
    AnswerT,
    Completion,
    Generation,
    JsonSchema,
    LanguageModel,
    Prompt,
    parse_answer,
)
from daybreak.language_models.cache import CompletionCache
from daybreak.language_models.sending import SentField, check_sent_fields
from daybreak.language_models.usage import TokenBudget


class MeteredLanguageModel(LanguageModel):
    """A model that asks only for answers that its cache does not have, within a budget.

    Answers to prompts about one user are not stored. A prompt with data that may not leave the
    machine is not sent to another one.

    Args:
        model: Model that answers.
        budget: Budget of the job; None: unlimited.
        cache: Storage for answers; None: none are stored.
        allowed: Kinds of data that may be sent if the model runs on another machine.

    Example:
        >>> from pydantic import BaseModel
        >>> from daybreak.language_models import MemoryCompletions, PromptMessage
        >>> from daybreak.testing.language_models import ScriptedLanguageModel
        >>> class Colour(BaseModel):
        ...     colour: str
        >>> model = MeteredLanguageModel(
        ...     ScriptedLanguageModel(['{"colour": "red"}']), cache=MemoryCompletions()
        ... )
        >>> prompt = Prompt((PromptMessage("user", "a red globe"),), frozenset())
        >>> [model.complete(prompt, Colour).is_cached for _ in range(2)]
        [False, True]
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        budget: TokenBudget | None = None,
        cache: CompletionCache | None = None,
        allowed: Collection[SentField] = (),
    ) -> None:
        super().__init__()
        self.model = model
        self.budget = budget
        self.cache = cache
        self.allowed = frozenset(allowed)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name

    @property
    def hash(self) -> str:
        """Hash of the model."""
        return self.model.hash

    @property
    def is_local(self) -> bool:
        """Whether prompts stay on this machine."""
        return self.model.is_local

    def complete(
        self, prompt: Prompt, answer: type[AnswerT], *, max_tokens: int = DEFAULT_MAX_TOKENS
    ) -> Completion[AnswerT]:
        """Return the answer to a prompt, cached where possible; see :class:`LanguageModel`.

        Raises:
            OutOfBudgetError: The request might exceed the budget; it was not sent.
            ConfigError: The prompt contains data that may not be sent.
        """
        if not self.is_local:
            check_sent_fields(prompt.sends, self.allowed, self.name)
        key = prompt.digest(answer.model_json_schema(), max_tokens)
        cache = None if prompt.is_personal else self.cache
        if cache is not None and (text := cache.completion(self.hash, key)) is not None:
            value, _ = parse_answer(Generation(text, 0, 0), answer)
            if value is not None:  # the format of answers may have changed
                self.usage.add_cached()
                return Completion(value, is_cached=True)
        completion = super().complete(prompt, answer, max_tokens=max_tokens)
        if cache is not None and completion.value is not None:
            cache.put_completion(self.hash, key, completion.value.model_dump_json())
        return completion

    def _generate(self, prompt: Prompt, schema: JsonSchema, max_tokens: int) -> Generation:
        if self.budget is None:
            return self.model._generate(prompt, schema, max_tokens)
        bound = prompt.max_tokens + max_tokens
        self.budget.reserve(bound)
        used = bound  # a request without a response may have been processed
        try:
            generation = self.model._generate(prompt, schema, max_tokens)
            used = generation.prompt_tokens + generation.completion_tokens
        finally:
            self.budget.settle(bound, used=used)
        return generation

    def close(self) -> None:
        """Close the model."""
        self.model.close()
