"""Types of answers: their JSON schemas are what language models follow."""

from pydantic import BaseModel, Field


class SentenceAnswer(BaseModel):
    """One sentence.

    Example:
        >>> SentenceAnswer.model_validate_json('{"sentence": "You chose tea."}').sentence
        'You chose tea.'
    """

    sentence: str = Field(min_length=1)
