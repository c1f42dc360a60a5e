"""Messages of the service in other languages, for all that people read.

The service writes its messages in English. ``zh.toml`` has their Chinese texts, by the English
ones with ``{}`` for each value. Start with :func:`translate_text`.
"""

from daybreak.messages.phrases import LANGUAGES, choose_by_header, translate_text

__all__ = ["LANGUAGES", "choose_by_header", "translate_text"]
