"""`rumbo broadcast draft|plan|approve|send|pause|resume|cancel|show|list|test`: announcements from the command line.

With `--json` the answer is one JSON value on standard output; a refusal is `{"error", "message"}` there, the sentence
on standard error and exit code 1. Nothing is sent from this process: it writes down what the workers send.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any

import yaml

from bot import settings
from bot.broadcast import Broadcaster, Choosing, NotPossible, rates_of
from bot.broadcasts.audience import Kind, Topic
from bot.broadcasts.drafts import ON_UNKNOWN
from bot.broadcasts.telling import kind_text, plan_text, show_text, state_text
from bot.clock import Clock, Ids
from bot.library.load import load
from bot.person import Address
from bot.secret_key import secret_keys
from bot.storage.migrate import migrate
from bot.storage.work import Storage
from bot.wording import MAIN, Wording

Act = Callable[["Desk", argparse.Namespace], Awaitable[Any]]


class Desk:
    """The announcements, and the words to tell of them."""

    def __init__(self, broadcaster: Broadcaster, wording: Wording, zone: tzinfo, clock: Callable[[], datetime]) -> None:
        self.broadcaster = broadcaster
        self.wording = wording
        self.zone = zone
        self.clock = clock


def add_to(commands: Any) -> None:
    """Add `broadcast` with its subcommands."""
    parser = commands.add_parser("broadcast", help="announcements: draft, plan, approve, send and follow them")
    acts = parser.add_subparsers(dest="act_name", metavar="ACT", required=True)
    _add_draft(acts)
    plan = _add(acts, "plan", "who gets it, who not and why, how long it takes, what it costs", _plan, number=True)
    plan.add_argument("--people", action="store_true", help="with the list of persons")
    plan.add_argument("--at", default="", metavar="TIME", help="for that time, at which it leaves then; none: now")
    approve = _add(acts, "approve", "agree to the plan as it is", _approve, number=True)
    approve.add_argument("--by", required=True, metavar="NAME")
    approve.add_argument("--hash", default="", help="only if this is still the plan")
    send = _add(acts, "send", "send it now or at a time", _send, number=True)
    send.add_argument("--by", default="", metavar="NAME")
    send.add_argument("--at", default="", metavar="TIME", help="2026-12-04T10:00, or 10:00; local unless it has a zone")
    send.add_argument("--latest", default="", metavar="TIME", help="not sent to anybody after this")
    send.add_argument("--as-approved", action="store_true", help="leave out who joined since the approval")
    send.add_argument("--on-unknown", choices=ON_UNKNOWN, default="")
    for name, told in (("pause", "send no more until resumed"), ("resume", "go on"), ("cancel", "end it")):
        _add(acts, name, told, _change, number=True)
    show = _add(acts, "show", "how far it is", _show, number=True)
    show.add_argument("--unknown", type=int, default=20, metavar="N", help="list so many with unknown outcome")
    _add(acts, "list", "the newest announcements", _list, number=False)
    test = _add(acts, "test", "send it to one person, marked as a test", _test, number=True)
    test.add_argument("--to", required=True, metavar="ADDRESS", help="telegram:ID or whatsapp:ADDRESS")


def _add(acts: Any, name: str, told: str, act: Act, *, number: bool) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(name, help=told, description=told)
    if number:
        parser.add_argument("id", type=int)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(act=lambda given: _run(act, given))
    return parser


def _add_draft(acts: Any) -> None:
    draft = _add(acts, "draft", "write an announcement", _draft, number=False)
    source = draft.add_mutually_exclusive_group(required=True)
    source.add_argument("--fair", metavar="ID", help="from a fair's file")
    source.add_argument(
        "--text", metavar="FILE", help="plain text, or YAML with a text for each language; - reads it here"
    )
    kind = draft.add_mutually_exclusive_group()
    kind.add_argument("--reminder", action="store_true", help="the day before, to those registered or told of it")
    kind.add_argument("--correction", action="store_true", help="only to those who were told of the fair")
    draft.add_argument(
        "--region", action="append", default=[], help="code or name; a text without one is for the whole country"
    )
    draft.add_argument("--sector", action="append", default=[])
    draft.add_argument("--lang", action="append", default=[])
    draft.add_argument("--channel", action="append", default=[])
    draft.add_argument("--registered", default="", metavar="FAIR", help="only people registered for this fair")
    draft.add_argument(
        "--topic", choices=("fairs", "alerts"), default="fairs", help="what people must have said yes to"
    )
    draft.add_argument("--on-unknown", choices=ON_UNKNOWN, default="skip")
    draft.add_argument("--by", required=True, metavar="NAME")


def _run(act: Act, given: argparse.Namespace) -> int:
    return asyncio.run(_do(act, given))


async def _do(act: Act, given: argparse.Namespace) -> int:
    async with _opened() as desk:
        try:
            answer = await act(desk, given)
        except NotPossible as error:
            message = desk.broadcaster.explain(error)
            if given.json:
                print(json.dumps({"error": error.code, "message": message}, ensure_ascii=False))
            print(f"rumbo: {message}", file=sys.stderr)
            return 1
        if given.json:
            print(json.dumps(answer, ensure_ascii=False, default=str))
        else:
            print(_told(answer, desk))
    return 0


@asynccontextmanager
async def _opened() -> AsyncIterator[Desk]:
    chosen, clock = settings.load(), Clock()
    wording, library, rates = Wording.read(chosen.content), load(chosen.content).library, rates_of(chosen.content)
    await migrate(chosen.database)
    storage = await Storage.open(chosen.database, secret_keys(chosen), clock, Ids())
    try:
        broadcaster = Broadcaster(
            storage=storage,
            library=lambda: library,
            wording=wording,
            rates=lambda: rates,
            paces={"telegram": chosen.telegram_rate, "whatsapp": chosen.whatsapp_rate},
            clock=clock,
            approval_above=chosen.approval_above,
        )
        yield Desk(broadcaster, wording, library.country.zone, clock)
    finally:
        await storage.close()


async def _draft(desk: Desk, given: argparse.Namespace) -> Any:
    choosing = Choosing(given.region, given.sector, given.lang, given.channel, given.registered)
    if given.fair:
        kind = Kind.REMINDER if given.reminder else Kind.CORRECTION if given.correction else Kind.FAIR
        one = await desk.broadcaster.draft_fair(given.fair, given.by, choosing, kind, given.on_unknown)
    else:
        texts = read_texts(given.text, given.lang)
        one = await desk.broadcaster.draft_text(texts, given.by, choosing, Topic(given.topic), given.on_unknown)
    return await desk.broadcaster.show(one.id)


async def _plan(desk: Desk, given: argparse.Namespace) -> Any:
    at = read_time(given.at, desk.zone, desk.clock())
    return await desk.broadcaster.plan(given.id, people=given.people, at=at)


async def _approve(desk: Desk, given: argparse.Namespace) -> Any:
    await desk.broadcaster.approve(given.id, given.by, given.hash)
    return await desk.broadcaster.show(given.id)


async def _send(desk: Desk, given: argparse.Namespace) -> Any:
    now = desk.clock()
    at, latest = (read_time(text, desk.zone, now) for text in (given.at, given.latest))
    await desk.broadcaster.send(
        given.id, by=given.by, at=at, latest=latest, as_approved=given.as_approved, on_unknown=given.on_unknown
    )
    return await desk.broadcaster.show(given.id)


async def _change(desk: Desk, given: argparse.Namespace) -> Any:
    change = {
        "pause": desk.broadcaster.pause,
        "resume": desk.broadcaster.resume,
        "cancel": desk.broadcaster.cancel,
    }[given.act_name]
    await change(given.id)
    return await desk.broadcaster.show(given.id)


async def _show(desk: Desk, given: argparse.Namespace) -> Any:
    return await desk.broadcaster.show(given.id, unknown=given.unknown)


async def _list(desk: Desk, given: argparse.Namespace) -> Any:
    del given
    return await desk.broadcaster.newest()


async def _test(desk: Desk, given: argparse.Namespace) -> Any:
    channel, _, value = given.to.partition(":")
    await desk.broadcaster.test(given.id, Address(channel, value))
    return await desk.broadcaster.show(given.id)


def read_texts(name: str, languages: Sequence[str] = ()) -> dict[str, str]:
    """The text by language; a plain file is in the one language that was named, else in Spanish."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
        if not name.endswith((".yaml", ".yml")):
            return {languages[0] if len(languages) == 1 else MAIN: text}
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise NotPossible("file", name=name, why=str(error).splitlines()[0]) from error
    if not isinstance(data, dict) or not data or not all(isinstance(value, str) for value in data.values()):
        raise NotPossible("file", name=name, why="{es: ..., en: ...}")
    return {str(language): value for language, value in data.items()}


def read_time(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """A moment as somebody types it; a time of day is the next one. Raises NotPossible."""
    if not text:
        return None
    try:
        if len(text) <= 5 and ":" in text:
            today = now.astimezone(zone).date()
            at = _local(today, time.fromisoformat(text.zfill(5)), zone)
            return at if at > now else _local(today + timedelta(days=1), at.time(), zone)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotPossible("time", name=text) from error
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _local(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone)


def _told(answer: Any, desk: Desk) -> str:
    wording, places = desk.wording, desk.broadcaster.places
    if isinstance(answer, list):
        return "\n".join(
            f"{one['id']:>5}  {state_text(one, wording):<12} {one['code']}  {kind_text(one, wording)}: {one['title']}"
            for one in answer
        )
    words = plan_text if "excluded" in answer else show_text
    return words(answer, wording, MAIN, places)
