"""Types of answers: their JSON schemas are what language models follow."""

from pydantic import BaseModel, Field


class SentenceAnswer(BaseModel):
    """One sentence.

    Example:
        >>> SentenceAnswer.model_validate_json('{"sentence": "You chose tea."}').sentence
        'You chose tea.'
    """

    sentence: str


class EnrichmentAnswer(BaseModel):
    """What a model writes about an item.

    Example:
        >>> EnrichmentAnswer.model_validate_json('{"keywords": ["tea"]}')
        EnrichmentAnswer(attributes=[], keywords=['tea'], sentence='')
    """

    attributes: list[str] = Field(default=[], max_length=5)
    keywords: list[str] = Field(default=[], max_length=5)
    sentence: str = ""


class BuyerAnswer(BaseModel):
    """Whether a person would choose an item.

    Example:
        >>> BuyerAnswer.model_validate_json('{"chooses": true}').chooses
        True
    """

    chooses: bool


class SimilarityAnswer(BaseModel):
    """How similar two texts are.

    Example:
        >>> SimilarityAnswer.model_validate_json('{"grade": 3}').grade
        3
    """

    grade: int = Field(ge=0, le=4)
