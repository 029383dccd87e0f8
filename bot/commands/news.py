"""`rumbo vacancies | import`: the inbox of vacancies, and what partners send as files or feeds."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from bot import settings
from bot.alerts.matching import match_file
from bot.alerts.vacancy import Vacancy
from bot.app import open_client, secret_keys
from bot.clock import Clock, Ids
from bot.commands import news_broadcast
from bot.digests import TEMPLATE
from bot.errors import BadContent, Unreachable
from bot.fetching import fetch
from bot.mind import Mind
from bot.news import News, reader_of
from bot.storage.migrate import migrate
from bot.storage.work import Storage

WEB = ("http://", "https://")
CALENDAR_KINDS = ("vacancies", "fairs")


def add_to(commands: Any) -> None:
    """Add the commands for news."""
    inbox = commands.add_parser("vacancies", help="the inbox of vacancies")
    inbox.add_argument("what", choices=("list", "held", "approve", "reject", "show", "match", "waiting"))
    inbox.add_argument("id", nargs="?", default="", metavar="ID")
    inbox.add_argument("--file", type=Path, help="match: a YAML table of subscriptions and vacancies")
    inbox.add_argument("--by", default="", metavar="NAME", help="approve, reject: who decides")
    inbox.add_argument("--why-not", action="store_true", help="match: the reason for every other pair")
    inbox.add_argument("--json", action="store_true")
    inbox.set_defaults(act=_vacancies)
    take = commands.add_parser("import", help="take in a CSV, JSON(-LD) or feed")
    take.add_argument("what", choices=CALENDAR_KINDS)
    take.add_argument("source", metavar="FILE", help="a file, or the address of a feed")
    take.add_argument("--partner", default="", help="who sends it; default: the file's name")
    take.add_argument("--json", action="store_true")
    take.set_defaults(act=lambda given: asyncio.run(_import(given)))
    news_broadcast.add_to(commands)


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of one command."""

    chosen: settings.Settings
    news: News


@asynccontextmanager
async def desk(http: httpx.AsyncClient | None = None) -> AsyncIterator[Desk]:
    """The vacancy desk on the database, in its newest form; with a client it can look at feeds."""
    chosen = settings.load()
    clock, ids = Clock(), Ids()
    chosen.var.mkdir(parents=True, exist_ok=True)
    await migrate(chosen.database)
    mind = Mind(chosen, clock, encoder=False)
    storage = await Storage.open(chosen.database, secret_keys(chosen), clock, ids)
    try:
        yield Desk(chosen, News(chosen, storage, mind, clock, ids, http=http))
    finally:
        await storage.close()


def _vacancies(given: argparse.Namespace) -> int:
    if given.what == "match":
        return _match(given)
    return asyncio.run(_inbox(given))


def _match(given: argparse.Namespace) -> int:
    if given.file is None:
        raise BadContent("match needs --file FILE")
    try:
        data = yaml.safe_load(given.file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadContent(f"{given.file}: cannot be read: {str(error).splitlines()[0]}") from error
    chosen = settings.load()
    reader = reader_of(Mind(chosen, Clock(), encoder=False), chosen.content)
    try:
        found = match_file(data, reader.moments)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadContent(f"{given.file}: not a table of now, subscriptions and vacancies ({error})") from error
    table: dict[str, Any] = {"pairs": [list(pair) for pair in found.pairs]}
    if given.why_not:
        table["why_not"] = [list(row) for row in found.why_not]
    if given.json:
        print(json.dumps(table, ensure_ascii=False))
    else:
        for pair in table["pairs"]:
            print(*pair)
        for row in table.get("why_not", ()):
            print(*row)
    return 0


async def _inbox(given: argparse.Namespace) -> int:
    async with desk() as here:
        inbox = here.news.desk
        if given.what in {"list", "held"}:
            found = await inbox.list("held" if given.what == "held" else "")
            _show([one.to_json() for one in found], found, given.json)
            return 0
        if given.what == "waiting":
            _show_waiting(await inbox.digests.waiting(), given.json)
            return 0
        if given.what == "show":
            one = await inbox.show(given.id)
        else:
            if not given.by:
                raise BadContent(f"{given.what} needs --by NAME")
            one = await inbox.decide(given.id, given.by, approve=given.what == "approve")
    if one is None:
        print(f"there is no vacancy {given.id!r} that could be shown or decided")
        return 1
    _show(one.to_json(), [one], given.json)
    return 0


def _show(data: Any, found: list[Vacancy], as_json: bool) -> None:
    if as_json:
        print(json.dumps(data, ensure_ascii=False, default=str))
        return
    for one in found:
        places = ", ".join(place.district or place.region for place in one.places) or "remoto"
        signals = f"  [{', '.join(one.signals)}]" if one.signals else ""
        print(f"{one.id}  {one.state:9} {one.title} · {one.employer or '—'} · {places}{signals}")


def _show_waiting(found: Mapping[str, Mapping[str, int]], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"template": TEMPLATE, "waiting": found}, ensure_ascii=False))
        return
    if not found:
        print("nobody waits for news of vacancies")
    for language, counts in found.items():
        print(f"{language}: {counts['people']} people on WhatsApp wait for news of {counts['vacancies']} vacancies")
    if found:
        print(f"they are told when they write, or when the template {TEMPLATE} is approved: rumbo whatsapp templates")


async def _import(given: argparse.Namespace) -> int:
    async with desk() as here:
        raw = await _read(given.source)
        if raw is None:
            raise Unreachable("the address says that nothing has changed, though nobody asked; try again later")
        partner = given.partner or partner_of(given.source)
        take = here.news.desk.take_file if given.what == "vacancies" else here.news.desk.take_fairs
        found = (await take(partner, raw)).to_json()
    if given.json:
        print(json.dumps(found, ensure_ascii=False, default=str))
        return 0
    print(f"{len(found['accepted'])} taken in, {len(found['rejected'])} rejected, {found['unchanged']} unchanged")
    for wrong in found["rejected"]:
        print(f"  row {wrong['row']}: {wrong['field']}: {wrong['reason']}")
    return 0


def partner_of(source: str) -> str:
    """The host of an address, the name of a file."""
    name = (
        source.rsplit("//", maxsplit=1)[-1].split("/", maxsplit=1)[0] if source.startswith(WEB) else Path(source).stem
    )
    return name[:40]


async def _read(source: str) -> bytes | None:
    if source.startswith(WEB):
        async with await open_client() as client:
            return (await fetch(source, client)).body
    try:
        return await asyncio.to_thread(Path(source).read_bytes)
    except OSError as error:
        raise BadContent(f"{source}: cannot be read: {error.strerror}") from error
