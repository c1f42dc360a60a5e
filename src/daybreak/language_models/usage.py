"""Counters, prices and budgets of tokens."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from daybreak.errors import ConfigError, OutOfBudgetError

TOKENS_PER_PRICE = 1_000_000
"""Number of tokens to which prices refer."""


@dataclass(frozen=True)
class TokenPrice:
    """Price of a million tokens, in any currency.

    Example:
        >>> TokenPrice(0.5, 1.5).cost(prompt_tokens=2_000_000, completion_tokens=1_000_000)
        2.5
    """

    prompt: float = 0.0
    """Price of a million tokens of prompts."""
    completion: float = 0.0
    """Price of a million tokens of answers."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (self.prompt >= 0 and self.completion >= 0):
            raise ConfigError(f"prices of tokens must not be negative, got {self}")

    def cost(self, *, prompt_tokens: int, completion_tokens: int) -> float:
        """Return the price of some tokens."""
        total = prompt_tokens * self.prompt + completion_tokens * self.completion
        return total / TOKENS_PER_PRICE

    @classmethod
    def parse(cls, text: str) -> "TokenPrice":
        """Return the prices of a text; an empty one means that tokens cost nothing.

        Args:
            text: ``PROMPT/COMPLETION``, each for a million tokens.

        Raises:
            ConfigError: The text is no pair of numbers.

        Example:
            >>> TokenPrice.parse("0.15/0.6")
            TokenPrice(prompt=0.15, completion=0.6)
        """
        if not text.strip():
            return cls()
        try:
            prompt, completion = (float(part) for part in text.split("/"))
        except ValueError as error:
            raise ConfigError(
                "language_model_price must be PROMPT/COMPLETION, such as 0.15/0.6, "
                f"got {text!r}"
            ) from error
        return cls(prompt, completion)


class TokenUsage:
    """Counts of requests, tokens and faults; safe to share between threads.

    Example:
        >>> usage = TokenUsage()
        >>> usage.add(prompt_tokens=10, completion_tokens=2)
        >>> usage.count_fault("refusal")
        >>> usage.to_dict()["requests"], usage.tokens, usage.faults
        (1, 12, {'refusal': 1})
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.n_requests = 0
        """Answers that a model generated."""
        self.n_cached = 0
        """Answers from the cache; they cost nothing."""
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._faults: Counter[str] = Counter()

    @property
    def tokens(self) -> int:
        """Number of tokens of prompts and answers."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def faults(self) -> dict[str, int]:
        """Number of dropped answers by reason."""
        with self._lock:
            return dict(sorted(self._faults.items()))

    def add(self, *, prompt_tokens: int, completion_tokens: int) -> None:
        """Count one generated answer."""
        with self._lock:
            self.n_requests += 1
            self.prompt_tokens += prompt_tokens
            self.completion_tokens += completion_tokens

    def add_cached(self) -> None:
        """Count one answer from the cache."""
        with self._lock:
            self.n_cached += 1

    def count_fault(self, fault: str) -> None:
        """Count one dropped answer by its :class:`CompletionFault`."""
        with self._lock:
            self._faults[str(fault)] += 1

    def cost(self, price: TokenPrice) -> float:
        """Return the price of all tokens."""
        return price.cost(
            prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens
        )

    def to_dict(self, price: TokenPrice | None = None) -> Mapping[str, object]:
        """Return the counts as plain values.

        Args:
            price: Price of the tokens; None: the cost is left out.
        """
        counts = {
            "requests": self.n_requests,
            "cached": self.n_cached,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "faults": self.faults,
        }
        return counts if price is None else {**counts, "cost": self.cost(price)}


class TokenBudget:
    """Upper bound of the tokens of one job, which is never exceeded.

    Before a request the largest number of tokens that it may use is reserved; afterwards the
    unused ones are given back. What remains at the end is less than one request needs.

    Args:
        max_tokens: Maximum number of tokens of prompts and answers.

    Example:
        >>> budget = TokenBudget(100)
        >>> budget.reserve(80)
        >>> budget.settle(80, used=30)
        >>> budget.left
        70
        >>> budget.reserve(80)
        Traceback (most recent call last):
        daybreak.errors.OutOfBudgetError: a request may need 80 tokens, 70 of 100 are left
    """

    def __init__(self, max_tokens: int) -> None:
        if max_tokens < 0:
            raise ConfigError(f"a budget of tokens must not be negative, got {max_tokens}")
        self.max_tokens = max_tokens
        self._lock = Lock()
        self._used = 0

    @property
    def left(self) -> int:
        """Number of tokens that are neither used nor reserved."""
        return self.max_tokens - self._used

    def reserve(self, tokens: int) -> None:
        """Reserve tokens.

        Raises:
            OutOfBudgetError: Fewer are left.
        """
        with self._lock:
            if tokens > self.left:
                raise OutOfBudgetError(
                    f"a request may need {tokens:,} tokens, {self.left:,} of "
                    f"{self.max_tokens:,} are left"
                )
            self._used += tokens

    def settle(self, reserved: int, *, used: int) -> None:
        """Give back the reserved tokens that were not used."""
        with self._lock:
            self._used += used - reserved
