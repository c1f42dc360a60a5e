"""Types of answers: their JSON schemas are what language models follow."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, WithJsonSchema, create_model

MAX_READ_NAMES = 5
"""Maximum number of names that a person likes, and does not want, in one answer."""


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


class BestAnswer(BaseModel):
    """The number of the best of some candidates, from 1.

    Example:
        >>> BestAnswer.model_validate_json('{"best": 2}').best
        2
    """

    best: int = Field(ge=1)


def best_answer_of(n_candidates: int) -> type[BestAnswer]:
    """Return the type of answers that name one of some candidates by its number.

    Args:
        n_candidates: Number of candidates.

    Example:
        >>> schema = best_answer_of(3).model_json_schema()
        >>> schema["properties"]["best"]["maximum"]
        3
    """
    return create_model(
        "BestAnswer", __base__=BestAnswer, best=(int, Field(ge=1, le=n_candidates))
    )


class QuestionAnswer(BaseModel):
    """One question.

    Example:
        >>> QuestionAnswer.model_validate_json('{"question": "Which?"}').question
        'Which?'
    """

    question: str


class ReadName(BaseModel):
    """A name of the catalogue, and the words of an answer that mean it.

    Example:
        >>> ReadName.model_validate_json('{"words": "hot leaves", "name": "tea"}').name
        'tea'
    """

    words: str
    name: str


class NamesAnswer(BaseModel):
    """Which names a person likes, and does not want.

    Example:
        >>> NamesAnswer.model_validate_json('{"likes": [], "dislikes": []}').likes
        []
    """

    likes: list[ReadName] = Field(max_length=MAX_READ_NAMES)
    dislikes: list[ReadName] = Field(max_length=MAX_READ_NAMES)


def names_answer_of(names: Sequence[str]) -> type[NamesAnswer]:
    """Return the type of answers with some names.

    The schema has the names, so that a server that follows it strictly writes no others. Other
    names are no wrong format: the caller counts and drops them.

    Args:
        names: Names that the model may use.

    Example:
        >>> schema = names_answer_of(["tea", "rum"]).model_json_schema()
        >>> schema["$defs"]["ReadName"]["properties"]["name"]["enum"]
        ['tea', 'rum']
    """
    known = WithJsonSchema({"type": "string", "enum": list(names)})
    read = create_model("ReadName", __base__=ReadName, name=(Annotated[str, known], ...))
    several = (list[read], Field(max_length=MAX_READ_NAMES))  # type: ignore[valid-type]
    return create_model("NamesAnswer", __base__=NamesAnswer, likes=several, dislikes=several)
