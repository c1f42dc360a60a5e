"""Files of judgements: one JSON object a line, similarity grades and rankings mixed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from daybreak.errors import DataError, NotFoundError
from daybreak.transfer.judgements import MAX_CANDIDATES, MAX_GRADE, JudgedPair, JudgedRanking

JudgedText = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class JudgementSet:
    """Judgements of both kinds."""

    pairs: tuple[JudgedPair, ...] = ()
    rankings: tuple[JudgedRanking, ...] = ()

    def __len__(self) -> int:
        """Return the number of judgements."""
        return len(self.pairs) + len(self.rankings)


class SimilarityLine(BaseModel):
    """One line with a similarity grade, from 0 to 4."""

    model_config = ConfigDict(extra="ignore")
    kind: Literal["similarity"]
    first: JudgedText
    second: JudgedText
    grade: float = Field(ge=0, le=MAX_GRADE)


class RankingLine(BaseModel):
    """One line with a ranking: the best of two to four candidates, and the others."""

    model_config = ConfigDict(extra="ignore")
    kind: Literal["ranking"]
    chosen: list[JudgedText] = Field(min_length=1)
    best: JudgedText
    others: list[JudgedText] = Field(min_length=1, max_length=MAX_CANDIDATES - 1)

    @model_validator(mode="after")
    def _check_candidates(self) -> "RankingLine":
        if len({self.best, *self.others}) <= len(self.others):
            raise ValueError("best and others must be different texts")
        return self


_LINE: TypeAdapter[SimilarityLine | RankingLine] = TypeAdapter(
    Annotated[SimilarityLine | RankingLine, Field(discriminator="kind")]
)


def read_judgements(path: Path) -> JudgementSet:
    """Return the judgements of a file of JSON lines; empty lines and further keys are ignored.

    Args:
        path: UTF-8 file with lines such as
            ``{"kind": "similarity", "first": "tea", "second": "pot", "grade": 2}`` and
            ``{"kind": "ranking", "chosen": ["tea"], "best": "pot", "others": ["rum"]}``.

    Raises:
        NotFoundError: There is no such file.
        DataError: The file has no judgement, or a line is none; the message has its number.
    """
    if not path.is_file():
        raise NotFoundError(f"no file of judgements {str(path)!r}")
    pairs, rankings = [], []
    for line in _iter_lines(path):
        if isinstance(line, SimilarityLine):
            pairs.append(JudgedPair(line.first, line.second, line.grade / MAX_GRADE))
        else:
            rankings.append(JudgedRanking(tuple(line.chosen), line.best, tuple(line.others)))
    if not pairs and not rankings:
        raise DataError(f"{path.name} has no judgement")
    return JudgementSet(tuple(pairs), tuple(rankings))


def write_judgements(path: Path, judgements: JudgementSet) -> None:
    """Write judgements as :func:`read_judgements` reads them."""
    lines = [*map(_pair_line, judgements.pairs), *map(_ranking_line, judgements.rankings)]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_bytes(text.encode("utf-8", "replace"))  # texts may have lone surrogates


def _pair_line(pair: JudgedPair) -> dict[str, object]:
    grade = pair.similarity * MAX_GRADE
    return {"kind": "similarity", "first": pair.first, "second": pair.second, "grade": grade}


def _ranking_line(ranking: JudgedRanking) -> dict[str, object]:
    return {
        "kind": "ranking",
        "chosen": list(ranking.chosen),
        "best": ranking.best,
        "others": list(ranking.others),
    }


def _iter_lines(path: Path) -> Iterator[SimilarityLine | RankingLine]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            text = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if not text.strip():
                continue
            try:
                yield _LINE.validate_json(text)
            except ValidationError as error:
                raise DataError(
                    f"{path.name}: line {number} is no judgement: {_describe(error)}"
                ) from error


def _describe(error: ValidationError) -> str:
    """Return where the first problem of a line is, and which."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"{where}: {first['msg']}" if where else first["msg"]
