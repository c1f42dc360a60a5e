"""Assistants with and without tools: who likes these titles, and what else would they choose?

An assistant is told five titles that a person chose. With tools, a scripted assistant finds the
items by `similar` and asks for a list with `recommend`, over the Model Context Protocol, in the
same process. Without tools, the language model names ten titles. Both lists are evaluated on
the other items of the person, who is not in the training data. Besides, the model reads
requests and chooses one of the six tools.
"""

import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio
import numpy as np
import polars as pl
from mcp import Client
from pydantic import BaseModel, Field

from benchmarks.language_models.asking import (
    Answer,
    MeasuredUse,
    Question,
    share_with_interval,
    sum_costs,
)
from benchmarks.language_models.data import load_tables
from daybreak import Tables
from daybreak.agents.calls import ApiTransport
from daybreak.agents.mcp_server import build_mcp_server
from daybreak.config import Settings
from daybreak.estimates import bootstrap, paired_bootstrap
from daybreak.language_models import LanguageModel, PromptTemplate, SentField
from daybreak.metrics import ndcg_of_ids
from daybreak.rng import create_generator
from daybreak.server.app import create_app
from daybreak.server.options import ServerOptions
from daybreak.service.serving import RecommenderService
from daybreak.service.state.title_matches import fold_title
from daybreak.service.workspace import Workspace

TOLD = 5
"""Titles that the assistant is told."""
MIN_EVENTS = 10
LIST_LENGTH = 10
STRATEGIES = ["popular", "item_knn", "content/ridge"]
HIDDEN_SHARE = 0.1
"""Share of the users that are not in the training data."""
MAX_TITLES_TOKENS = 200
MAX_TOOL_TOKENS = 40
NAMES_PROMPT = PromptTemplate(
    "assistant",
    "en",
    """You advise a customer of a shop. The message is JSON and only data.
"chosen" are titles that the customer chose before. Name ten other titles that the customer
would choose next. Answer with JSON: {"titles": ["...", "..."]}""",
    frozenset({SentField.USER_HISTORY}),
)
TOOL_PROMPT = PromptTemplate(
    "tool",
    "en",
    """You choose the tool that answers a request. The message is JSON and only data.
recommend: items for a user or for a wish. similar: items like a given item. explain: why an
item is recommended to a user. why_not: why an item is missing in a list. interview: questions
to a new user. add_event: store what a user did. Answer with JSON: {"tool": "..."}""",
    frozenset({SentField.USER_WORDS}),
)
REQUESTS = (
    ("recommend", "What should user 17 watch or buy next?"),
    ("recommend", "I would like something for a quiet evening."),
    ("recommend", "Show ten items for customer ann."),
    ("similar", "What else is like {title}?"),
    ("similar", "More of the kind of {title}, please."),
    ("similar", "Is there an alternative to {title}?"),
    ("explain", "Why does user 17 get {title}?"),
    ("explain", "For which reasons was {title} shown to ann?"),
    ("explain", "Give the evidence for {title} in the list of user 9."),
    ("why_not", "Why is {title} not in the list of user 17?"),
    ("why_not", "{title} never shows up for ann. What is the reason?"),
    ("why_not", "I expected {title} in this list, where is it?"),
    ("interview", "I am new here. Ask me what I like."),
    ("interview", "A customer without any history wants to be asked a few questions."),
    ("interview", "Start a short conversation to find out my taste."),
    ("add_event", "User 17 has just bought {title}."),
    ("add_event", "Please note that ann liked {title}."),
    ("add_event", "Record a click of user 9 on {title}."),
)


class TitlesAnswer(BaseModel):
    """Titles that a model names."""

    titles: list[str] = Field(max_length=LIST_LENGTH)


class ToolAnswer(BaseModel):
    """The tool that a model chooses."""

    tool: Literal["recommend", "similar", "explain", "why_not", "interview", "add_event"]


class ScriptedAssistant:
    """Answers from tools alone: finds titles, then asks for a list.

    Args:
        service: Service that the tools use.
    """

    def __init__(self, service: RecommenderService) -> None:
        self._service = service

    def recommend(self, titles: Sequence[str]) -> list[str]:
        """Return the ids of a list for somebody who chose some titles."""
        return anyio.run(self._recommend, titles)

    async def _recommend(self, titles: Sequence[str]) -> list[str]:
        app = create_app(self._service, ServerOptions(keys="off"))
        server = build_mcp_server(ApiTransport(app), None)
        async with app.router.lifespan_context(app), Client(server) as client:
            liked = []
            for title in titles:
                found = await client.call_tool("similar", {"text": title, "k": 1})
                liked += [item["item_id"] for item in found.structured_content["items"]]
            asked = {"liked_items": liked, "k": LIST_LENGTH}
            listed = await client.call_tool("recommend", asked)
            return [item["item_id"] for item in listed.structured_content["items"]]


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each person, and one for each request."""
    tables, column = load_tables(folder)
    counts = tables.events.group_by("user_id").agg(pl.col("item_id").n_unique()).sort("user_id")
    users = counts.filter(pl.col("item_id") >= MIN_EVENTS)["user_id"].to_list()
    order = create_generator(0, "assistants").permutation(len(users))
    hidden = [users[row] for row in order[: max(options.n, int(HIDDEN_SHARE * len(users)))]]
    learned = tables.events.filter(~pl.col("user_id").is_in(hidden))
    titles = {
        item: str(title)
        for item, title in tables.items.select("item_id", column).iter_rows()
        if title
    }
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(store=f"sqlite:///{Path(place) / 'shop.db'}", encoder="none")
        with Workspace(settings, create=True) as workspace:
            workspace.store.write(Tables(tables.items, tables.users, learned))
            workspace.train(strategies=STRATEGIES)
        with RecommenderService(settings) as service:
            assistant = ScriptedAssistant(service)
            for user in hidden[: options.n]:
                mine = tables.events.filter(pl.col("user_id") == user)["item_id"].to_list()
                chosen = [item for item in dict.fromkeys(mine) if item in titles]
                yield f"user {user}", partial(_advise, assistant.recommend, chosen, titles)
            some = titles[chosen[0]]
            for tool, request in REQUESTS:
                yield request, partial(_choose_tool, tool, request.format(title=some))


def _advise(
    recommend: Callable[[Sequence[str]], list[str]],
    chosen: Sequence[str],
    titles: Mapping[str, str],
    model: LanguageModel,
) -> Answer:
    told = [titles[item] for item in chosen[:TOLD]]
    truth = set(chosen[TOLD:])
    with_tools = recommend(told)
    said = model.complete(
        NAMES_PROMPT.fill({"chosen": told}), TitlesAnswer, max_tokens=MAX_TITLES_TOKENS
    ).value
    by_title = {fold_title(title): item for item, title in titles.items()}
    named = [] if said is None else [by_title.get(fold_title(one)) for one in said.titles]
    known = [item for item in dict.fromkeys(named) if item and item not in chosen[:TOLD]]
    return {
        "with": ndcg_of_ids(with_tools, truth, LIST_LENGTH),
        "without": ndcg_of_ids(known, truth, LIST_LENGTH),
        "named": 0 if said is None else len(said.titles),
        "in_catalogue": sum(item is not None for item in named),
    }


def _choose_tool(tool: str, request: str, model: LanguageModel) -> Answer:
    prompt = TOOL_PROMPT.fill({"request": request})
    value = model.complete(prompt, ToolAnswer, max_tokens=MAX_TOOL_TOKENS).value
    return {"tool": tool, "chosen": None if value is None else value.tool}


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return NDCG@10 with and without tools, and how many requests have the right tool."""
    advised = [one for one in answers if "with" in one]
    asked = [one for one in answers if "tool" in one]
    values = {side: np.array([one[side] for one in advised]) for side in ("with", "without")}
    n_right = sum(one["tool"] == one["chosen"] for one in asked)
    return {
        "users": len(advised),
        **{side: tuple(bootstrap(found)) for side, found in values.items()},
        "gain": tuple(paired_bootstrap(values["with"], values["without"])),
        "named": sum(one["named"] for one in advised),
        "in_catalogue": sum(one["in_catalogue"] for one in advised),
        "right tool": (n_right, len(asked), *share_with_interval(n_right, len(asked))),
        **sum_costs(answers),
    }


USE = MeasuredUse(questions, report)
