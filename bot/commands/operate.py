"""`rumbo migrate | erase | keys | staff | stats | unanswered | telegram | whatsapp`: what operators do."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from bot import app as composition
from bot import settings
from bot.broadcast import rates_of
from bot.broadcasts.drafts import identity, same_person
from bot.broadcasts.spend import Ledger
from bot.broadcasts.telling import cost_text
from bot.channels import telegram_link
from bot.channels.whatsapp_content import Approval, ContentApi
from bot.clock import Clock, Ids
from bot.commands import keys, unanswered
from bot.errors import BadSettings
from bot.library.load import load
from bot.news import contents_of, template_texts
from bot.person import Address, Person
from bot.secret_key import secret_keys
from bot.storage.broadcasts import Broadcasts
from bot.storage.migrate import migrate
from bot.storage.templates import Templates
from bot.storage.work import Storage, Work
from bot.wording import Wording
from console.command import staff_link

_LONGEST_NAME = 60  # as long as a link to the console takes


def add_to(commands: Any) -> None:
    """Add the operators' commands."""
    commands.add_parser("migrate", help="bring the database to its newest form").set_defaults(act=_sync(_migrate))
    erase = commands.add_parser("erase", help="erase everything about one person")
    erase.add_argument("address", metavar="ADDRESS", help="telegram:ID or whatsapp:ADDRESS")
    erase.set_defaults(act=_sync(_erase))
    staff = commands.add_parser("staff", help="who of the team may announce on Telegram")
    staff.add_argument("what", choices=("add", "list", "remove", "link"))
    staff.add_argument(
        "address",
        nargs="?",
        default="",
        metavar="ADDRESS",
        help="telegram:ID of somebody who wrote before; for link also the name of somebody who is not in the chat",
    )
    staff.add_argument("--name", default="", help="what the team calls them: one name in the chat and in the console")
    staff.set_defaults(act=_sync(_staff))
    stats = commands.add_parser("stats", help="people, answers and messages, nameless")
    stats.add_argument("--days", type=int, default=30)
    stats.add_argument("--json", action="store_true")
    stats.set_defaults(act=_sync(_stats))
    unanswered.add_to(commands, _unanswered)
    keys.add_to(commands, _keys)
    telegram = commands.add_parser("telegram", help="register the webhook again and show its state")
    telegram.add_argument("what", choices=("webhook",))
    telegram.set_defaults(act=_sync(_telegram))
    whatsapp = commands.add_parser("whatsapp", help="create, submit and follow the templates")
    whatsapp.add_argument("what", choices=("templates",))
    whatsapp.add_argument("--submit", action="store_true", help="also submit what is not submitted yet")
    whatsapp.add_argument("--json", action="store_true")
    whatsapp.set_defaults(act=_sync(_whatsapp))


def _sync(act: Any) -> Any:
    def run(given: argparse.Namespace) -> int:
        work: Coroutine[Any, Any, int | None] = act(given, settings.load())
        return asyncio.run(work) or 0

    return run


async def open_storage(chosen: settings.Settings) -> Storage:
    """The database, in its newest form."""
    chosen.var.mkdir(parents=True, exist_ok=True)
    await migrate(chosen.database)
    clock, ids = Clock(), Ids()
    return await Storage.open(chosen.database, secret_keys(chosen), clock, ids)


def address_of(text: str) -> Address:
    """`telegram:123` or `whatsapp:+51…`; raises BadSettings with the form to write."""
    channel, _, value = text.partition(":")
    if channel not in {"telegram", "whatsapp"} or not value:
        raise BadSettings(f"{text!r}: write telegram:ID or whatsapp:ADDRESS")
    return Address(channel, value)


async def _migrate(_: argparse.Namespace, chosen: settings.Settings) -> int:
    chosen.var.mkdir(parents=True, exist_ok=True)
    await migrate(chosen.database)
    print("the database is in its newest form")
    return 0


async def _erase(given: argparse.Namespace, chosen: settings.Settings) -> int:
    address = address_of(given.address)
    storage = await open_storage(chosen)
    try:
        async with storage.work() as work:
            person = await work.people.find(address)
            if person is not None:
                await work.people.forget(person.id)
    finally:
        await storage.close()
    print("erased" if person else "nobody of that address is known")
    return 0 if person else 1


async def _staff(given: argparse.Namespace, chosen: settings.Settings) -> int:
    if given.what == "link":
        print(staff_link(chosen, await _named(given.address, chosen), Clock()))
        return 0
    storage = await open_storage(chosen)
    try:
        async with storage.work() as work:
            if given.what == "list":
                for person in await work.feedback.staff(work.people):
                    print(f"{person.address.channel}:{person.address.value}  {identity(person)}")
                return 0
            found = await work.people.find(address_of(given.address))
            if found is None:
                print("nobody of that address has written yet: ask them to send any message to the bot first")
                return 1
            if given.what == "remove":
                await work.people.set_staff(found.id, False)
                print("done")
            else:
                print(await _join(work, found, " ".join(given.name.split())))
    finally:
        await storage.close()
    return 0


async def _join(work: Work, person: Person, name: str) -> str:
    """Take somebody into the team; gives what is said of it. Raises BadSettings for a name of somebody else."""
    if len(name) > _LONGEST_NAME:
        raise BadSettings(f"--name: at most {_LONGEST_NAME} characters")
    others = [identity(other) for other in await work.feedback.staff(work.people) if other.id != person.id]
    taken = next((other for other in others if name and same_person(other, name)), "")
    if taken:
        raise BadSettings(f"--name {name}: somebody else of the team is called {taken}")
    await work.people.set_staff(person.id, True, name)
    if name:  # what they wrote under another name stays theirs, so that nobody approves their own words by a new name
        await Broadcasts(work.line, work.vault).rename_author(identity(person), name)
        return f"done: {name}"
    return f'done: {identity(person)}; with --name "NAME" they have one name in the chat and in the console'


async def _named(name_or_address: str, chosen: settings.Settings) -> str:
    """Who enters the console: somebody of the team who is in the chat keeps the name that they have there."""
    by_address = name_or_address.startswith(("telegram:", "whatsapp:"))
    storage = await open_storage(chosen)
    try:
        async with storage.view() as work:
            person = await work.people.find(address_of(name_or_address)) if by_address else None
            team = [identity(one) for one in await work.feedback.staff(work.people)]
    finally:
        await storage.close()
    if not by_address:
        known = (name for name in team if name_or_address.strip() and same_person(name, name_or_address))
        return next(known, name_or_address)
    if person is None or not person.staff:
        raise BadSettings(f"{name_or_address}: nobody of the team has this address; rumbo staff add comes first")
    return identity(person)


async def _stats(given: argparse.Namespace, chosen: settings.Settings) -> int:
    storage = await open_storage(chosen)
    since = (Clock()() - timedelta(days=given.days)).date()
    try:
        async with storage.view() as work:
            people = await work.people.counts()
            tallies = await work.feedback.counts(since)
        country = load(chosen.content).library.country
        ledger, now = Ledger(storage, lambda: country, lambda: rates_of(chosen.content)), Clock()()
        await ledger.count(now)
        month = await ledger.month(now)
    finally:
        await storage.close()
    if given.json:
        rows = [
            {"channel": p.channel, "people": p.people, "reachable": p.reachable, "alerts": p.alerts, "fairs": p.fairs}
            for p in people
        ]
        counted = [{"name": name, "subject": subject, "count": count} for name, subject, count in tallies]
        print(json.dumps({"people": rows, "counts": counted, "spend": month.to_json()}, ensure_ascii=False))
        return 0
    for row in people:
        print(f"{row.channel}: {row.people} people, {row.reachable} reachable, {row.alerts} alerts, {row.fairs} fairs")
    used = f"{month.used} of {month.free} free messages used, {month.forecast} by the end of the month"
    print(
        f"whatsapp in {month.month}: {used}, {month.templates} digests by template{' (ALARM)' if month.alarm else ''}"
    )
    print(cost_text(month.cost.to_json(), Wording.read(chosen.content)))
    for name, subject, count in tallies[:40]:
        print(f"{count:6} {name} {subject}")
    return 0


def _unanswered(act: Any) -> Any:
    return _sync(lambda given, chosen: act(given, chosen, open_storage, Clock()()))


def _keys(act: Any) -> Any:
    return _sync(lambda given, chosen: act(given, chosen, open_storage))


async def _telegram(_: argparse.Namespace, chosen: settings.Settings) -> int:
    if not chosen.telegram_token:
        raise BadSettings("RUMBO_TELEGRAM_TOKEN: needed to register a webhook")
    if not chosen.public_url:
        raise BadSettings("RUMBO_PUBLIC_URL: needed to register a webhook; without it the bot polls")
    wording = Wording.read(chosen.content)
    async with await composition.open_client() as client, telegram_link.telegram_bot(chosen, client) as bot:
        state = await telegram_link.register_webhook(bot, chosen, wording)
    print(f"webhook: {state.url}\nwaiting: {state.pending}\nlast error: {state.last_error or 'none'}")
    return 0 if state.healthy else 1


async def _whatsapp(given: argparse.Namespace, chosen: settings.Settings) -> int:
    if not chosen.twilio_account_sid:
        raise BadSettings("RUMBO_TWILIO_ACCOUNT_SID: needed to look after templates")
    wording = Wording.read(chosen.content)
    async with await composition.open_client() as client:
        api = ContentApi(
            account_sid=chosen.twilio_account_sid,
            token=chosen.twilio_auth_tokens[0],
            client=client,
            api_url=chosen.twilio_api_url,
        )
        states = await api.templates(template_texts(wording), submit=given.submit)
    usable = [one for one in states if one.approval is Approval.APPROVED]
    approved = {(one.name, one.language): one.category for one in usable}
    sids = {(one.name, one.language): one.sid for one in usable}
    storage = await open_storage(chosen)
    try:
        async with storage.work() as work:
            await Templates(work.line).know(approved, Clock()(), contents_of(sids, wording))
    finally:
        await storage.close()
    for state in states:
        facts = {"name": state.name, "language": state.language, "sid": state.sid, "approval": str(state.approval)}
        facts["category"] = state.category
        print(json.dumps({**facts, "reason": state.reason}) if given.json else "  ".join(facts.values()))
    return 0
