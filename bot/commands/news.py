"""`rumbo vacancies | import`: the inbox of vacancies, and what partners send as files or feeds."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from bot import settings
from bot.alerts.matching import match_file
from bot.alerts.plain import folded
from bot.alerts.vacancy import State
from bot.app import open_client
from bot.clock import Clock, Ids
from bot.commands import news_broadcast
from bot.commands.inbox import Teller
from bot.digests import TEMPLATE
from bot.errors import BadContent, Unreachable
from bot.fetching import fetch
from bot.mind import Mind
from bot.news import News, reader_of
from bot.secret_key import secret_keys
from bot.storage.migrate import migrate
from bot.storage.work import Storage

WEB = ("http://", "https://")
CALENDAR_KINDS = ("vacancies", "fairs")
WHAT = ("list", "held", "reported", "approve", "reject", "show", "match", "waiting")


def add_to(commands: Any) -> None:
    """Add the commands for news."""
    inbox = commands.add_parser("vacancies", help="the inbox of vacancies")
    inbox.add_argument("what", choices=WHAT)
    inbox.add_argument("id", nargs="?", default="", metavar="ID")
    inbox.add_argument("--file", type=Path, help="match: a YAML table of subscriptions and vacancies")
    inbox.add_argument("--by", default="", metavar="NAME", help="approve, reject: who decides")
    inbox.add_argument("--why-not", action="store_true", help="match: the reason for every other pair")
    inbox.add_argument(
        "--limit", type=int, default=200, metavar="N", help="list, held: so many at most, the newest first"
    )
    inbox.add_argument("--json", action="store_true")
    inbox.set_defaults(act=_vacancies)
    take = commands.add_parser("import", help="take in a CSV, JSON(-LD) or feed")
    take.add_argument("what", choices=CALENDAR_KINDS)
    take.add_argument("source", metavar="FILE", help="a file, or the address of a feed")
    take.add_argument(
        "--partner",
        default="",
        help="who sends it, always the same name; default: the file's name without month and numbers",
    )
    take.add_argument("--json", action="store_true")
    take.set_defaults(act=lambda given: asyncio.run(_import(given)))
    news_broadcast.add_to(commands)


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of one command."""

    chosen: settings.Settings
    news: News
    mind: Mind

    async def teller(self) -> Teller:
        """Who tells of vacancies, with the reports that there are now."""
        names = {region.code: region.name for region in self.mind.library.country.regions}
        reports = await self.news.desk.report_counts()
        return Teller(self.mind.wording, lambda code: names.get(code, code), reports)


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
        yield Desk(chosen, News(chosen, storage, mind, clock, ids, http=http), mind)
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
    reader = reader_of(Mind(chosen, Clock(), encoder=False))
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
        if given.what in {"list", "held", "reported"}:
            await _list(here, given)
            return 0
        if given.what == "waiting":
            _show_waiting(await inbox.digests.waiting(), given.json)
            return 0
        if given.what != "show" and not given.by:
            raise BadContent(f"{given.what} needs --by NAME")
        tell = await here.teller()
        if given.what == "show":
            one = await inbox.show(given.id)
        else:
            one = await inbox.decide(given.id, given.by, approve=given.what == "approve")
    if one is None:
        print(f"there is no vacancy {given.id!r} that could be shown or decided")
        return 1
    refused = given.what == "approve" and one.state is State.CLOSED
    if given.json:
        print(json.dumps(one.to_json(), ensure_ascii=False, default=str))
    else:
        print("\n".join(tell.whole(one)) if given.what == "show" else tell.line(one))
    if refused:
        print("its partner has closed it: nothing was changed", file=sys.stderr)
    return int(refused)


async def _list(here: Desk, given: argparse.Namespace) -> None:
    """All of them, those that wait for a person, or those that people have reported and that are still told."""
    inbox, tell = here.news.desk, await here.teller()
    if given.what == "reported":
        found = [one for one, _ in await inbox.reported_open()]
        total = len(found)
    else:
        state = "held" if given.what == "held" else ""
        found, total = await inbox.list(state, given.limit), await inbox.count(state)
    if given.json:
        print(json.dumps([one.to_json() for one in found], ensure_ascii=False, default=str))
        return
    lines = map(tell.line, found) if given.what == "list" else tell.with_reasons(found)
    for line in lines:
        print(line)
    if total > len(found):
        print(f"{len(found)} of {total} are shown; --limit {total} shows all")


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
        partner = given.partner or partner_of(given.source, here.news.reader().lexicon.months)
        if not given.partner:
            print(f"taken as sent by «{partner}»; --partner NAME says who it really was", file=sys.stderr)
        take = here.news.desk.take_file if given.what == "vacancies" else here.news.desk.take_fairs
        found = (await take(partner, raw)).to_json()
    if given.json:
        print(json.dumps(found, ensure_ascii=False, default=str))
        return 0
    print(f"{len(found['accepted'])} taken in, {len(found['rejected'])} rejected, {found['unchanged']} unchanged")
    for wrong in found["rejected"]:
        print(f"  row {wrong['row']}: {wrong['field']}: {wrong['reason']}")
    return 0


def partner_of(source: str, months: Collection[str] = ()) -> str:
    """The host of an address; the name of a file without its month and its numbers, or each month were another partner."""
    if source.startswith(WEB):
        return source.rsplit("//", maxsplit=1)[-1].split("/", maxsplit=1)[0][:40]
    stem = Path(source).stem
    words = [word for word in re.findall(r"[^\W\d_]+", stem) if folded(word) not in months]
    return ("-".join(words) or stem)[:40]


async def _read(source: str) -> bytes | None:
    if source.startswith(WEB):
        async with await open_client() as client:
            return (await fetch(source, client)).body
    try:
        return await asyncio.to_thread(Path(source).read_bytes)
    except OSError as error:
        raise BadContent(f"{source}: cannot be read: {error.strerror}") from error
