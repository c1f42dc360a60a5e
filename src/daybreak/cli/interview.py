"""The command ``interview``: a short conversation with a new user."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.language import current_language, message
from daybreak.cli.output import print_message, print_messages, show_json, show_lines
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from daybreak.service.interviewing import Interview, InterviewResult

UNDO, SKIP, STOP = ("undo", "撤销"), ("skip", "跳过"), ("stop", "quit", "结束")
"""What to type instead of an answer."""

AnswerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="TEXT",
        help="Answer to the next question, in words or as numbers of choices; repeatable. "
        "With it, nothing is read from the keyboard.",
    ),
]
LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="CODE",
        help="Language of the questions, en or zh. Default: that of the messages.",
    ),
]
ChoicesOption = Annotated[
    int, typer.Option("--choices", min=1, max=12, help="Choices of a question.")
]
QuestionsOption = Annotated[
    int, typer.Option("--questions", min=0, max=5, help="Largest number of questions.")
]
AttributesOption = Annotated[
    bool, typer.Option(help="Whether to ask about attributes of items, too.")
]
UseModelOption = Annotated[
    bool,
    typer.Option(
        help="Whether the language model of the settings words questions and reads answers."
    ),
]


def interview(
    answer: AnswerOption = None,
    *,
    lang: LanguageOption = None,
    choices: ChoicesOption = 6,
    questions: QuestionsOption = 5,
    attributes: AttributesOption = True,
    use_model: UseModelOption = False,
    where: Annotated[
        str | None, typer.Option(metavar="FILTER", help="Filter that items must match.")
    ] = None,
    k: options.KOption = None,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Ask a new user a few questions and recommend after each answer."""
    from daybreak import Rules

    with options.open_workspace(store=store, k=k) as workspace:
        held = workspace.start_interview(
            language=lang or current_language(),
            n_choices=choices,
            max_questions=questions,
            ask_attributes=attributes,
            use_model=use_model,
            rules=Rules(where=where or ""),
        )
        notes = workspace.notes
    if answer is not None or json or not sys.stdin.isatty():
        given = list(answer or ([] if sys.stdin.isatty() else _piped_lines()))
        _answer_all(held, given)
        _show_result(held.result, as_json=json, notes=notes)
        return
    print_messages(notes)
    _converse(held)


def _piped_lines() -> list[str]:
    return [line.rstrip("\n") for line in sys.stdin]


def _answer_all(held: "Interview", answers: list[str]) -> None:
    """Give answers one after another; those after the last question are ignored."""
    for text in answers:
        if held.question is None and text.strip().lower() not in UNDO:
            print_message(message("interview_over"))
            return
        if not _apply(held, text):
            return


def _apply(held: "Interview", text: str) -> bool:
    """Apply what was typed; return whether the interview goes on."""
    said = text.strip().lower()
    if said in STOP:
        return False
    if said in UNDO:
        held.undo()
    else:
        held.answer("" if said in SKIP else text)
    return True


def _converse(held: "Interview") -> None:
    print_message(message("interview_help"))
    while held.question is not None:
        show_lines(_question_lines(held.result))
        try:
            text = input("> ")
        except EOFError:
            break
        if not _apply(held, text):
            break
        _show_result(held.result, as_json=False, notes=(), with_question=False)
    if held.question is not None:
        _show_result(held.result, as_json=False, notes=(), with_question=False)


def _question_lines(result: "InterviewResult") -> list[str]:
    question = result.question
    if question is None:
        return []
    choices = [f"  {n}. {choice.label}" for n, choice in enumerate(question.choices, 1)]
    return ["", question.text, *choices]


def _show_result(
    result: "InterviewResult", *, as_json: bool, notes: Any, with_question: bool = True
) -> None:
    step = result.step
    if as_json:
        plain = {
            "question": step.question,
            "turns": list(step.turns),
            "understood": step.understood,
            "readings": list(step.readings),
            "items": result.items,
            "notes": list(notes),
        }
        show_json(plain)
        return
    print_messages(notes)
    from daybreak.service.benchmarking.summary import format_reasons

    shown = format_reasons(result.items)
    names = [name for name in ("rank", "item_id", "title", "reasons") if name in shown.columns]
    show_frame(shown.select(names), "")
    if with_question:
        show_lines(_question_lines(result))
