"""Which data may leave the machine with a prompt."""

from collections.abc import Collection
from enum import StrEnum

from daybreak.errors import ConfigError, unknown_name_message


class SentField(StrEnum):
    """A kind of data that a prompt contains."""

    ITEM_TITLE = "item_title"
    """Titles of items of the catalogue."""
    ITEM_TEXT = "item_text"
    """Descriptions of items."""
    ITEM_ATTRIBUTES = "item_attributes"
    """Attributes of items, and the words that describe the catalogue."""
    USER_WORDS = "user_words"
    """What a user said."""
    USER_HISTORY = "user_history"
    """Titles of items that one user chose, and reasons derived from them."""
    USER_ATTRIBUTES = "user_attributes"
    """Attributes of the profile of one user."""

    @property
    def is_personal(self) -> bool:
        """Whether the data are about one user.

        Example:
            >>> SentField.USER_HISTORY.is_personal, SentField.ITEM_TITLE.is_personal
            (True, False)
        """
        return self.value.startswith("user_")


def parse_sent_fields(text: str) -> frozenset[SentField]:
    """Return the kinds of data that a setting allows to be sent to another machine.

    Args:
        text: Names separated by commas; ``all``, or ``none``.

    Raises:
        ConfigError: A name is unknown.

    Example:
        >>> sorted(parse_sent_fields("item_title, user_words"))
        [<SentField.ITEM_TITLE: 'item_title'>, <SentField.USER_WORDS: 'user_words'>]
        >>> parse_sent_fields("none")
        frozenset()
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names in (["all"], ["none"]):
        return frozenset(SentField if names == ["all"] else ())
    known = [field.value for field in SentField]
    for name in names:
        if name not in known:
            message = unknown_name_message("kind of data", name, known, ["all", "none"])
            raise ConfigError(f"language_model_sends: {message}")
    return frozenset(SentField(name) for name in names)


def check_sent_fields(
    sends: Collection[SentField], allowed: Collection[SentField], model: str
) -> None:
    """Check that all data of a prompt may be sent.

    Args:
        sends: Data of the prompt.
        allowed: Data that may be sent.
        model: Name of the model, for the message.

    Raises:
        ConfigError: Some data may not be sent; nothing was sent.

    Example:
        >>> check_sent_fields([SentField.USER_WORDS], [SentField.ITEM_TITLE], "M")
        Traceback (most recent call last):
        daybreak.errors.ConfigError: M would be sent user_words; allow it with the setting \
language_model_sends
    """
    if refused := sorted({field.value for field in sends} - {field.value for field in allowed}):
        raise ConfigError(
            f"{model} would be sent {', '.join(refused)}; allow it with the setting "
            "language_model_sends"
        )
