"""`rumbo unanswered`: what we could not answer, in groups; a group becomes a draft or ways of asking of an article."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot.errors import BadContent
from bot.library.article import LANGUAGES, MAIN_LANGUAGE
from bot.library.drafting import SLUG, draft, ways_of_asking, with_questions
from bot.library.library import Library
from bot.library.load import load
from bot.library.pen import replace_file
from bot.settings import Settings
from bot.storage.work import Storage
from bot.understanding.clusters import cluster

Rows = Sequence[tuple[int, str, str]]
"""Open questions: number, language, text."""


def add_to(commands: Any, run: Callable[[Any], Any]) -> None:
    """Add the command; `run` makes an asynchronous one of the command line's kind."""
    open_ = commands.add_parser("unanswered", help="what we could not answer, in groups")
    open_.add_argument("what", nargs="?", choices=("list", "draft", "add"), default="list")
    open_.add_argument("number", nargs="?", type=int, default=0, metavar="N", help="number of the group in the list")
    open_.add_argument("article", nargs="?", default="", metavar="TOPIC/SLUG", help="add: the article")
    open_.add_argument("--topic", default="", help="draft: folder of the new article")
    open_.add_argument("--slug", default="", help="draft: file name of the new article, such as licencia-conducir")
    open_.add_argument("--json", action="store_true")
    open_.add_argument("--most", type=int, default=20, help="groups to show")
    open_.set_defaults(act=run(act))


Opener = Callable[[Settings], Awaitable[Storage]]


async def act(given: argparse.Namespace, chosen: Settings, opener: Opener, now: datetime) -> int:
    """List the groups, or turn one of them into content."""
    storage = await opener(chosen)
    try:
        async with storage.view() as work:
            rows = await work.feedback.unanswered()
    finally:
        await storage.close()
    groups = cluster([text for _, _, text in rows])
    if given.what == "list":
        print(_listed(groups[: given.most], as_json=given.json))
        return 0
    if not 1 <= given.number <= len(groups):
        raise BadContent(f"there is no group {given.number}: `rumbo unanswered` shows {len(groups)}")
    group = groups[given.number - 1]
    if given.what == "draft":
        today = load(chosen.content).library.country.today(now)
        return _draft(chosen.content, given.topic, given.slug, _in(group, rows, MAIN_LANGUAGE) or group, today)
    return _add(chosen.content, given.article, {language: _in(group, rows, language) for language in LANGUAGES})


def _listed(groups: Sequence[Sequence[str]], *, as_json: bool) -> str:
    if as_json:
        told = [{"number": n, "count": len(g), "examples": list(g[:10])} for n, g in enumerate(groups, 1)]
        return json.dumps(told, ensure_ascii=False)
    lines = []
    for number, group in enumerate(groups, 1):
        lines.append(f"{number}. {len(group)} × {group[0]}")
        lines += [f"      {text}" for text in dict.fromkeys(group[1:6])]
    return "\n".join(lines)


def _in(group: Sequence[str], rows: Rows, language: str) -> list[str]:
    """The questions of a group that were asked in this language."""
    asked = {text for _, said_in, text in rows if said_in == language}
    return [text for text in group if text in asked]


def _draft(content: Path, topic: str, slug: str, group: Sequence[str], today: date) -> int:
    library = load(content).library
    if topic not in library.topics:
        raise BadContent(f"--topic {topic!r}: choose one of {', '.join(library.topics)}")
    if not SLUG.fullmatch(slug):
        raise BadContent(f"--slug {slug!r}: small letters without accents, numbers and hyphens")
    file = content / MAIN_LANGUAGE / topic / f"{slug}.md"
    questions = ways_of_asking(group, _known(library, MAIN_LANGUAGE))
    text = draft(slug, questions, today)
    try:
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError as error:
        raise BadContent(f"{file} is there already: `rumbo unanswered add N {topic}/{slug}` adds to it") from error
    print(f"{file}: a draft with {len(questions)} ways of asking; `rumbo check` says what is missing")
    return 0


def _add(content: Path, article: str, asked: dict[str, list[str]]) -> int:
    library = load(content).library
    if library.article(article) is None:
        raise BadContent(f"{article or 'TOPIC/SLUG'}: there is no such article")
    added = 0
    for language, group in asked.items():
        file = content / language / f"{article}.md"
        questions = ways_of_asking(group, _known(library, language))
        if not questions or not file.is_file():
            continue
        replace_file(file, with_questions(file.read_bytes().decode("utf-8"), questions))
        added += len(questions)
        print(f"{file}: {len(questions)} more", *(f"  - {question}" for question in questions), sep="\n")
    if not added:
        print("nothing new: each of these ways of asking stands in an article already")
    return 0 if added else 1


def _known(library: Library, language: str) -> list[str]:
    """What stands in some article already: the same question in two of them would lead to either by chance."""
    return [question for one in library.articles(language) for question in one.questions]
