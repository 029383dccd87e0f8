"""`rumbo feeds add | list | look | remove`: the partners' feeds that are fetched on a schedule."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.app import open_client
from bot.commands.news import WEB, desk, partner_of
from bot.errors import BadContent
from bot.feed_desk import LONGEST, SHORTEST, FeedDesk
from bot.storage.feeds import Feed

LONGEST_ADDRESS = 1000
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def add_to(commands: Any) -> None:
    """Add `feeds`."""
    parser = commands.add_parser("feeds", help="feeds of vacancies that are fetched on a schedule")
    parser.add_argument("what", choices=("add", "list", "look", "remove"))
    parser.add_argument("feed", nargs="?", default="", metavar="URL", help="the address; look, remove: or its number")
    parser.add_argument("--partner", default="", help="add: whose vacancies these are; default: the address's host")
    parser.add_argument("--every", default="6h", metavar="TIME", help="add: how often, as 30m, 6h or 1d (15m to 7d)")
    parser.add_argument(
        "--complete",
        action="store_true",
        help="add: the feed always names all open vacancies; one that is missing twice in a row is closed",
    )
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(act=lambda given: asyncio.run(_feeds(given)))


@asynccontextmanager
async def _desk() -> AsyncIterator[tuple[FeedDesk, ZoneInfo]]:
    async with await open_client() as client, desk(client) as here:
        assert here.news.feeds is not None
        yield here.news.feeds, here.news.zone


async def _feeds(given: argparse.Namespace) -> int:
    every = read_span(given.every)
    if given.what == "add" and not given.feed.startswith(WEB):
        raise BadContent("add needs the address of a feed: rumbo feeds add https://… --partner NAME")
    if len(given.feed) > LONGEST_ADDRESS:
        raise BadContent(f"an address may have {LONGEST_ADDRESS} characters at most")
    async with _desk() as (feeds, zone):
        if given.what == "list":
            _show(await feeds.list(), zone, given.json)
            return 0
        if given.what == "add":
            partner = (given.partner or partner_of(given.feed))[:40]
            feed = await feeds.add(given.feed, partner, every, complete=given.complete)
            _show([feed], zone, given.json)
            return 1 if feed.error else 0
        known = next((one for one in await feeds.list() if given.feed in {one.url, str(one.id)}), None)
        if known is None:
            print(f"no feed {given.feed!r} is followed; `rumbo feeds list` shows them")
            return 1
        if given.what == "remove":
            await feeds.remove(known.id)
            print(f"{known.url} is followed no longer; its vacancies stay until they end")
            return 0
        if not await feeds.look(known.id):
            print("another process is looking at it just now")
        fresh = [one for one in await feeds.list() if one.id == known.id]
        _show(fresh, zone, given.json)
        return 1 if any(one.error for one in fresh) else 0


def read_span(text: str) -> timedelta:
    """`30m`, `6h` or `1d`; raises BadContent for anything else or beyond what is sensible."""
    found = re.fullmatch(r"(\d{1,4})\s*([mhd])", text.strip().lower())
    span = int(found[1]) * _UNITS[found[2]] if found else timedelta()
    if not SHORTEST <= span <= LONGEST:
        raise BadContent(f"--every {text}: write a time from 15m to 7d, as 30m, 6h or 1d")
    return span


def _show(feeds: Any, zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_facts(feed) for feed in feeds], ensure_ascii=False))
        return
    if not feeds:
        print("no feed is followed; rumbo feeds add https://… --partner NAME")
    for feed in feeds:
        print(
            f"{feed.id}  {feed.partner}  every {_span(feed.every)}{'  complete' if feed.complete else ''}  {feed.url}"
        )
        looked = f"looked at {_moment(feed.looked_at, zone)}, " if feed.looked_at else ""
        print(f"   {looked}next {_moment(feed.next_at, zone)}")
        if feed.error:
            print(f"   FAILED {feed.failures} time(s) in a row: {feed.error}")
        if feed.outcome:
            told = feed.outcome
            print(
                f"   {_moment(feed.changed_at, zone)}: {told['accepted']} taken in, {told['rejected']} rejected, {told['unchanged']} unchanged"
            )
            for wrong in told["reasons"]:
                print(f"     row {wrong['row']}: {wrong['field']}: {wrong['reason']}")
            if feed.complete and not told["whole"]:
                print("     not read as a whole (further pages, or rows without a code): nothing is closed")


def _facts(feed: Feed) -> dict[str, Any]:
    moments = {name: getattr(feed, name) for name in ("looked_at", "changed_at", "next_at")}
    return {
        "id": feed.id,
        "url": feed.url,
        "partner": feed.partner,
        "every": _span(feed.every),
        "complete": feed.complete,
        "failures": feed.failures,
        "error": feed.error,
        "last": dict(feed.outcome),
        **{name: at.isoformat() if at else None for name, at in moments.items()},
    }


def _span(span: timedelta) -> str:
    unit = next(unit for unit in ("d", "h", "m") if span % _UNITS[unit] == timedelta())
    return f"{span // _UNITS[unit]}{unit}"


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else "-"
