"""Refusals in tables of applications, which somebody else has decided.

An employer that rejects an applicant, or a university a student, does not say that the
applicant dislikes the job: he or she chose it. A withdrawal is the applicant's own. Start at
:func:`read_applications`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from daybreak.data.event_names import split_name

APPLIED = "applied"
"""Event type of applications that the other side has refused."""
MAX_CACHED_TABLES = 1_000
"""Maximum number of sets of names whose meaning is cached."""
_OF_APPLICATIONS = re.compile(
    r"_(?:applicants?|applications?|applied|candidates?|candidacy|candidatures?|candidato?s?"
    r"|candidatur[ae]s?|admissions?|postulaci[oó]n(?:es)?|postulantes?|solicitud(?:es)?"
    r"|solicitantes?|bewerb\w*|sollicit\w*|postul\w*)(?=_)|应聘|應聘|申请|申請|投递|投遞|求职"
    r"|求職|候选人|応募|지원자"
)
_OF_JOBS = re.compile(
    r"_(?:jobs?|vacancy|vacancies|stellen?|vacantes?|vagas?)(?=_)|职位|職位|求人"
)
_STATES = re.compile(
    r"_(?:status|state|stage|outcome|result|decision|estado|statut)(?=_)|状态|結果"
)
"""Names of columns that say, beside jobs, what became of an application."""
_ACTS_OF_USERS = re.compile(
    r"_(?:actions?|feedback|reactions?|swipes?|direction|responses?|interactions?|choice|opinion"
    r"|behaviou?r)(?=_)"
)
"""Names of columns of event types in which the user of the row acts."""
_DECIDED_BY_OTHERS = re.compile(
    r"_(?:rejected|declined|refused|denied|unsuccessful|not_selected|not_shortlisted|not_hired"
    r"|rejection|abgelehnt|absage|afgewezen|refuse|refusee|rechazad[oa]|recusad[oa]|reprovad[oa]"
    r"|rejeitad[oa]|rifiutat[oa]|no_hire|turned_down)(?=_)|拒绝|拒絕|淘汰|未通过|未通過|不合格|불합격"
)
_OF_THE_USER = re.compile(
    r"_(?:by_(?:the_)?(?:candidate|applicant|user|student)|(?:candidate|applicant|user|student"
    r"|offer)_(?:rejected|declined|refused)|(?:rejected|declined|refused)_(?:the_)?offer"
    r"|offer)(?=_)"
)


def is_of_applications(names: Iterable[str], type_column: str = "") -> bool:
    """Return whether columns, or a file, are of applications.

    Args:
        names: Names of columns and files.
        type_column: Column of the event types; in some the user of the row acts.

    Example:
        >>> is_of_applications(["candidate_id", "job_id", "status"], "status")
        True
        >>> is_of_applications(["candidate_id", "job_id", "feedback"], "feedback")
        False
    """
    return _is_of_applications(frozenset(names), type_column)


@lru_cache(maxsize=MAX_CACHED_TABLES)
def _is_of_applications(names: frozenset[str], type_column: str) -> bool:
    if _ACTS_OF_USERS.search(split_name(type_column)):
        return False
    words = [split_name(name) for name in names]
    of_jobs = any(_OF_JOBS.search(one) for one in words)
    has_states = any(_STATES.search(one) for one in words)
    return (of_jobs and has_states) or any(_OF_APPLICATIONS.search(one) for one in words)


def is_decided_by_others(event_type: str) -> bool:
    """Return whether the state of an application says that the other side has refused it.

    Example:
        >>> states = ("Rejected", "withdrawn", "offer declined", "rejected by candidate")
        >>> [is_decided_by_others(one) for one in states]
        [True, False, False, False]
    """
    words = split_name(event_type)
    return bool(_DECIDED_BY_OTHERS.search(words)) and not _OF_THE_USER.search(words)


def read_applications(event_types: pl.Series) -> tuple[pl.Series, list[str]]:
    """Return the event types of applications, and those that the other side decided.

    Args:
        event_types: (n_events,) states of applications.

    Example:
        >>> kinds, decided = read_applications(pl.Series(["rejected", "withdrawn", None]))
        >>> kinds.to_list(), decided
        (['applied', 'withdrawn', None], ['rejected'])
    """
    given = event_types.drop_nulls().unique().to_list()
    decided = sorted(name for name in given if is_decided_by_others(name))
    return event_types.replace(dict.fromkeys(decided, APPLIED)), decided
