"""Language models: one contract for servers and local files, with budget, cache and checks.

The package imports ``encoders`` (for its HTTP and its packaged files) and what lies below it;
httpx and llama.cpp load with the first model that needs them. Start reading in ``base`` (the
contract), ``loading`` (from a name to a model), ``metered`` (budget, cache, what may be sent)
and ``prompts`` (the texts that are sent).
"""

from daybreak.language_models.base import (
    Completion,
    CompletionFault,
    Generation,
    LanguageModel,
    Prompt,
    PromptMessage,
    language_models,
)
from daybreak.language_models.cache import CompletionCache, MemoryCompletions
from daybreak.language_models.endpoint import EndpointLanguageModel
from daybreak.language_models.facts import unsupported_parts
from daybreak.language_models.gguf import GgufLanguageModel
from daybreak.language_models.loading import load_language_model
from daybreak.language_models.metered import MeteredLanguageModel
from daybreak.language_models.packages import PACKAGED_LANGUAGE_MODELS
from daybreak.language_models.prompts import LANGUAGES, PromptTemplate, read_prompt
from daybreak.language_models.sending import SentField, parse_sent_fields
from daybreak.language_models.usage import TokenBudget, TokenPrice, TokenUsage

__all__ = [
    "LANGUAGES",
    "PACKAGED_LANGUAGE_MODELS",
    "Completion",
    "CompletionCache",
    "CompletionFault",
    "EndpointLanguageModel",
    "Generation",
    "GgufLanguageModel",
    "LanguageModel",
    "MemoryCompletions",
    "MeteredLanguageModel",
    "Prompt",
    "PromptMessage",
    "PromptTemplate",
    "SentField",
    "TokenBudget",
    "TokenPrice",
    "TokenUsage",
    "language_models",
    "load_language_model",
    "parse_sent_fields",
    "read_prompt",
    "unsupported_parts",
]
