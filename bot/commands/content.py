"""`rumbo check | verify | fairs`: what editors do with the content folder. Nothing here needs the database,
but for the fairs of partners (`bot.commands.partner_fairs`).
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from bot import posters, settings
from bot.clock import Clock
from bot.commands import partner_fairs
from bot.errors import BadContent
from bot.library.article import MAIN_LANGUAGE, Article
from bot.library.check import check, failed, verify
from bot.library.fairs import Fair
from bot.library.library import Library
from bot.library.load import load
from bot.library.problems import ERROR, Problem
from bot.library.render import Freshness, freshness
from bot.word_files import READERS
from bot.wording import Home, Wording, short_date
from bot.words import glossary_in

SOON = timedelta(days=30)
"""How long before its date an article is already on the list."""

_WORDS = {
    "es": {
        "remedy": "Remedio",
        "clean": "Todo en orden: ningún error ni aviso.",
        "errors": ("1 error", "{n} errores"),
        "warnings": ("1 aviso", "{n} avisos"),
        "withdrawn": "Ya no se muestran",
        "stale": "Pasó su fecha",
        "soon": "Vencen en 30 días",
        "never": "Nadie los ha verificado",
        "nobody": "sin responsable",
        "before": "antes del",
        "nothing": "Nada por verificar.",
    },
    "en": {
        "remedy": "Remedy",
        "clean": "All is well: no errors and no warnings.",
        "errors": ("1 error", "{n} errors"),
        "warnings": ("1 warning", "{n} warnings"),
        "withdrawn": "No longer shown",
        "stale": "Past their date",
        "soon": "Due within 30 days",
        "never": "Verified by nobody",
        "nobody": "nobody in charge",
        "before": "before",
        "nothing": "Nothing to verify.",
    },
}
"""The few words around the messages. They stand here because the check must also speak when `ui.po` is broken."""


def add_to(commands: Any) -> None:
    """Add the editors' commands."""
    told = commands.add_parser("check", help="everything that is wrong with the content, and how to mend it")
    told.add_argument("paths", nargs="*", type=Path, metavar="PATHS", help="files or folders of the content; none: all")
    told.add_argument("--json", action="store_true")
    told.add_argument("--due", action="store_true", help="what has to be verified: past its date, soon, or never")
    told.add_argument(
        "--questions", action="store_true", help="also whether ways of asking lead elsewhere (30 seconds)"
    )
    told.add_argument("--lang", choices=("es", "en"), default="es")
    told.set_defaults(act=_check)
    confirmed = commands.add_parser("verify", help="write into an article that a person has confirmed it")
    confirmed.add_argument("id", metavar="ID", help="topic/slug, as in regularizacion/cpp")
    confirmed.add_argument("--by", required=True, metavar="NAME")
    confirmed.add_argument("--lang", choices=("es", "en"), default=MAIN_LANGUAGE)
    confirmed.set_defaults(act=_verify)
    fairs = commands.add_parser("fairs", help="the fairs, their posters, and what partners announce").add_subparsers(
        dest="what", metavar="WHAT", required=True
    )
    listed = fairs.add_parser("list", help="every fair")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(act=_list)
    poster = fairs.add_parser("poster", help="A4 page (SVG) and codes (PNG) that open the fair in Rumbo")
    poster.add_argument("id", metavar="ID")
    poster.add_argument("--partner", default="", metavar="NAME", help="who hangs it up: a-z, 0-9, hyphens")
    poster.add_argument("--out", type=Path, default=Path(), metavar="FOLDER")
    poster.add_argument("--bot", default="", metavar="NAME", help="the bot's user name; without it Telegram is asked")
    poster.add_argument("--whatsapp", default="", metavar="NUMBER", help="+51...; without it the configured sender")
    poster.set_defaults(act=_poster)
    partner_fairs.add_to(fairs)


def _check(given: argparse.Namespace) -> int:
    chosen = settings.load()
    today = Clock()().astimezone(Home.read(chosen.content / "pais.yaml").zone).date()
    if given.due:
        return _due(load(chosen.content).library, today, given)
    from bot.commands.own_questions import Blindfolded  # noqa: PLC0415 - builds the search

    blind = None
    if given.questions:
        loaded = load(chosen.content, READERS)
        blind = Blindfolded(loaded.library, glossary_in(loaded.sheets))
    problems = check(chosen.content, given.paths, today, ranker=blind, words=READERS)
    if given.json:
        print(json.dumps([one.to_json(given.lang, chosen.content) for one in problems], ensure_ascii=False, indent=1))
    else:
        print(report(problems, chosen.content, given.lang))
    return 1 if failed(problems) else 0


def report(problems: Sequence[Problem], folder: Path, language: str) -> str:
    """The problems for a person: file by file, `archivo:línea campo - mensaje Remedio: …`, and how many there are."""
    words = _WORDS[language]
    if not problems:
        return str(words["clean"])
    here = Path.cwd()
    lines: list[str] = []
    for file, found in groupby(problems, key=lambda one: one.file):
        path = folder / file
        shown = path.relative_to(here) if path.is_relative_to(here) else path
        lines += [*(_row(one, shown, language) for one in found), ""]
    errors = sum(one.level == ERROR for one in problems)
    return "\n".join(
        [*lines, f"{_counted(words['errors'], errors)}, {_counted(words['warnings'], len(problems) - errors)}."]
    )


def _row(one: Problem, shown: Path, language: str) -> str:
    mark = "✗" if one.level == ERROR else "·"
    where = f"{shown}:{one.line}" + (f" {one.field}" if one.field else "")
    return f"{mark} {where} - {one.message(language)}\n    {_WORDS[language]['remedy']}: {one.remedy(language)}"


def _counted(forms: Any, n: int) -> str:
    return str(forms[0] if n == 1 else forms[1].format(n=n))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An article that somebody has to look at, and why."""

    article: Article
    why: str  # withdrawn, stale, soon, never

    @property
    def owner(self) -> str:
        """Who verified it the last time; "" for nobody yet."""
        return self.article.verified.by if self.article.verified else ""

    def to_json(self) -> dict[str, Any]:
        """As `rumbo check --due --json` prints it."""
        done = self.article.verified
        return {
            "article": self.article.id,
            "topic": self.article.topic,
            "title": self.article.title,
            "why": self.why,
            "review_by": self.article.review_by.isoformat(),
            "owner": self.owner or None,
            "verified_on": done.on.isoformat() if done else None,
        }


_URGENCY = ("withdrawn", "stale", "soon", "never")


def waiting(library: Library, today: date) -> list[Waiting]:
    """What must be verified: past its date, within 30 days of it, or confirmed by nobody; the most urgent first."""
    rows = [Waiting(article, why) for article in library.articles(MAIN_LANGUAGE) if (why := _why(article, today))]
    order = {topic: place for place, topic in enumerate(library.topics)}
    return sorted(
        rows, key=lambda row: (_URGENCY.index(row.why), order[row.article.topic], row.owner, row.article.review_by)
    )


def _why(article: Article, today: date) -> str:
    state = freshness(article, today)
    if state is not Freshness.FRESH:
        return str(state)
    if article.review_by <= today + SOON:
        return "soon"
    return "" if article.verified else "never"


def _due(library: Library, today: date, given: argparse.Namespace) -> int:
    rows, words = waiting(library, today), _WORDS[given.lang]
    if given.json:
        print(json.dumps([row.to_json() for row in rows], ensure_ascii=False, indent=1))
        return 0
    if not rows:
        print(words["nothing"])
    for why, group in groupby(rows, key=lambda row: row.why):
        named = list(group)
        print(f"{words[why]} ({len(named)})")
        for topic, inside in groupby(named, key=lambda row: row.article.topic):
            print(f"  {topic}")
            for row in inside:
                day = short_date(row.article.review_by, library.country.locale(given.lang))
                slug, owner = row.article.slug, row.owner or words["nobody"]
                print(f"    {slug:<28} {words['before']} {day}  {owner}  {row.article.path}")
        print()
    return 0


def _verify(given: argparse.Namespace) -> int:
    chosen = settings.load()
    path = chosen.content / given.lang / f"{given.id}.md"
    library = load(chosen.content).library
    if (given.lang, given.id) not in library.pages:
        near = difflib.get_close_matches(given.id, [name for _, name in library.pages], n=1, cutoff=0.5)
        raise BadContent(
            f"{given.id}: no hay un artículo con ese nombre" + (f"; ¿quisiste decir {near[0]}?" if near else "")
        )
    today = library.country.today(Clock()())
    verify(path, given.by, today)
    locale = library.country.locale("es")
    review = short_date(library.pages[given.lang, given.id].review_by, locale)
    print(
        f"{given.id}: verificado por {given.by.strip()} el {short_date(today, locale)}. Se revisa otra vez antes del {review}."
    )
    return 0


def _list(given: argparse.Namespace) -> int:
    chosen = settings.load()
    library = load(chosen.content).library
    fairs = sorted((fair for (language, _), fair in library.fairs.items() if language == MAIN_LANGUAGE), key=_when)
    if given.json:
        print(json.dumps([_fair_json(fair) for fair in fairs], ensure_ascii=False, indent=1))
        return 0
    now, locale = Clock()(), library.country.locale("es")
    for fair in fairs:
        marks = [fair.status, *(["ejemplo"] if fair.example else []), *(["ya pasó"] if fair.end <= now else [])]
        print(f"{fair.id:<36} {short_date(fair.start.date(), locale):<14} {fair.title}  ({', '.join(marks)})")
    return 0


def _when(fair: Fair) -> tuple[Any, str]:
    return fair.start, fair.id


def _fair_json(fair: Fair) -> dict[str, Any]:
    return {
        "id": fair.id,
        "title": fair.title,
        "start": fair.start.isoformat(),
        "end": fair.end.isoformat(),
        "region": fair.region,
        "place": fair.place,
        "status": fair.status,
        "example": fair.example,
    }


def _poster(given: argparse.Namespace) -> int:
    chosen = settings.load()
    library = load(chosen.content).library
    fair = library.fair(given.id)
    if fair is None:
        known = ", ".join(sorted({slug for _, slug in library.fairs})) or "ninguna"
        raise BadContent(f"{given.id}: no hay una feria con ese nombre; las que hay: {known}")
    posters.usable(fair, Clock()())
    doors = posters.Doors(given.bot or asyncio.run(_bot_name(chosen)), given.whatsapp or chosen.whatsapp_sender)
    wording = Wording.read(chosen.content)
    links = posters.links(fair, doors, wording, given.partner)
    for file in posters.save(given.out, fair, links, wording, given.partner):
        print(file)
    for link in links.values():
        print(link)
    return 0


async def _bot_name(chosen: settings.Settings) -> str:
    """The user name of the configured bot, as Telegram knows it; "" when there is none or Telegram is out of reach."""
    from telegram.error import TelegramError  # noqa: PLC0415 - half a second that no other command needs

    from bot import app as composition  # noqa: PLC0415
    from bot.channels import telegram_link  # noqa: PLC0415

    if not chosen.telegram_token:
        return ""
    try:
        async with await composition.open_client() as client, telegram_link.telegram_bot(chosen, client) as bot:
            return bot.username
    except TelegramError:
        return ""
