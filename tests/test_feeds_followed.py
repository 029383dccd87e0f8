"""Feeds that are followed: fetched when due by one process, unchanged ones cost nothing, trouble is shown, nothing closes by mistake."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from aiohttp import web

from bot.commands.feeds import read_span
from bot.errors import BadContent
from bot.feed_desk import FeedDesk
from bot.fetching import fetch
from bot.vacancies import Office, VacancyDesk
from tests.vacancy_kit import MINIMUM_WAGE, gate, reader

SIX_HOURS = timedelta(hours=6)


class Board:
    """A partner's web server."""

    def __init__(self):
        self.body, self.status, self.tags, self.slow = b"", 200, True, asyncio.Event()
        self.slow.set()
        self.came = asyncio.Event()
        self.asked = []
        self.url = ""

    async def answer(self, request):
        self.asked.append(request.headers.get("If-None-Match", ""))
        self.came.set()
        await self.slow.wait()
        tag = f'"{hash(self.body)}"'
        if self.tags and self.asked[-1] == tag:
            return web.Response(status=304)
        return web.Response(status=self.status, body=self.body, headers={"ETag": tag} if self.tags else {})

    def offers(self, *codes, **more):
        jobs = [job(code) for code in codes]
        self.body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": jobs, **more}).encode()


def job(code):
    return {
        "id": code, "title": f"Cocinero {code}", "content_text": "Carta criolla.", "url": f"https://bolsa.example/{code}",
        "authors": [{"name": f"Picantería {code}"}], "_job": {}, "location": "Breña, Lima",
    }  # fmt: skip


@asynccontextmanager
async def serving(board):
    app = web.Application()
    app.router.add_get("/feed", board.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    board.url = f"http://127.0.0.1:{runner.addresses[0][1]}/feed"
    try:
        yield board
    finally:
        await runner.cleanup()


@pytest.fixture
async def board():
    async with serving(Board()) as found:
        yield found


@pytest.fixture
async def desk(storage, clock, new_id):
    office = Office(reader, gate, lambda: MINIMUM_WAGE, ZoneInfo("America/Lima"))
    return VacancyDesk(storage, office, clock, new_id)


@pytest.fixture
async def feeds(storage, clock, desk):
    async with httpx.AsyncClient() as http:
        yield FeedDesk(
            storage,
            desk,
            lambda url, *, etag, modified: fetch(url, http, etag, modified, allow_private=True),
            clock,
        )


async def states(desk):
    return {found.identifier: str(found.state) for found in await desk.list()}


async def later(feeds, clock, hours=6.0):
    clock.advance(hours * 3600 + 1)
    await feeds.look_at_due()
    return (await feeds.list())[0]


async def test_a_feed_is_read_at_once_and_then_when_it_is_due(board, feeds, desk, clock):
    board.offers("a", "b")
    feed = await feeds.add(board.url, "bolsa", SIX_HOURS)
    assert (feed.error, feed.outcome["accepted"]) == ("", 2)
    assert await states(desk) == {"a": "open", "b": "open"}
    await later(feeds, clock, hours=5)
    assert len(board.asked) == 1
    board.offers("a", "b", "c")
    await later(feeds, clock, hours=1)
    assert await states(desk) == {"a": "open", "b": "open", "c": "open"}


@pytest.mark.parametrize("tags", [True, False])
async def test_an_unchanged_feed_is_no_work_and_no_empty_file(board, feeds, desk, clock, tags):
    board.tags = tags
    board.offers("a")
    await feeds.add(board.url, "bolsa", SIX_HOURS)
    before = (await feeds.list())[0]
    feed = await later(feeds, clock)
    assert feed.changed_at == before.changed_at < feed.looked_at
    assert (feed.error, feed.outcome) == ("", before.outcome)
    assert bool(board.asked[1]) is tags


async def test_two_processes_fetch_a_feed_once(board, feeds, desk, clock):
    board.offers("a")
    await feeds.add(board.url, "bolsa", SIX_HOURS)
    clock.advance(6 * 3600 + 1)
    board.slow.clear()
    board.came.clear()
    first = asyncio.create_task(feeds.look_at_due())
    await board.came.wait()
    await feeds.look_at_due()
    assert not await feeds.look((await feeds.list())[0].id)
    board.slow.set()
    await first
    assert len(board.asked) == 2


async def test_a_process_that_died_while_fetching_is_replaced(board, feeds, desk, clock):
    board.offers("a")
    await feeds.add(board.url, "bolsa", SIX_HOURS)
    clock.advance(6 * 3600 + 1)
    board.slow.clear()
    board.came.clear()
    dying = asyncio.create_task(feeds.look_at_due())
    await board.came.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    board.slow.set()
    await feeds.look_at_due()
    assert len(board.asked) == 2
    await later(feeds, clock, hours=0.1)
    assert len(board.asked) == 3


async def test_trouble_is_shown_and_after_three_failures_it_is_asked_less_often(board, feeds, desk, clock):
    board.offers("a")
    await feeds.add(board.url, "bolsa", SIX_HOURS)
    board.status, board.body = 503, b"down"
    waits = []
    for _ in range(6):
        feed = await later(feeds, clock, hours=200)
        waits.append((feed.next_at - feed.looked_at) / SIX_HOURS)
    assert waits == [1, 1, 1, 2, 4, 8]
    assert (feed.failures, feed.error) == (6, "the address answered 503")
    assert await states(desk) == {"a": "open"}
    board.status = 200
    board.offers("a")
    feed = await later(feeds, clock, hours=200)
    assert (feed.failures, feed.error, feed.next_at - feed.looked_at) == (0, "", SIX_HOURS)


@pytest.mark.parametrize(
    "body", [b"{", b"<html></html>", b"\x00\xff" * 9, b'{"version": "https://jsonfeed.org/version/1", "items": 7}']
)
async def test_a_document_that_is_no_feed_is_an_error_or_empty_and_closes_nothing(board, feeds, desk, clock, body):
    board.offers("a")
    await feeds.add(board.url, "bolsa", SIX_HOURS, complete=True)
    board.body = body
    for _ in range(3):
        await later(feeds, clock, hours=30)
    assert await states(desk) == {"a": "open"}


async def test_what_vanishes_from_a_complete_feed_is_closed_the_second_time(board, feeds, desk, clock):
    board.offers("a", "b")
    await feeds.add(board.url, "bolsa", SIX_HOURS, complete=True)
    board.offers("a")
    await later(feeds, clock)
    assert await states(desk) == {"a": "open", "b": "open"}
    await later(feeds, clock)
    assert await states(desk) == {"a": "open", "b": "closed"}
    board.offers("a", "b")
    await later(feeds, clock)
    assert await states(desk) == {"a": "open", "b": "open"}


async def test_what_is_missing_once_stays(board, feeds, desk, clock):
    board.offers("a", "b")
    await feeds.add(board.url, "bolsa", SIX_HOURS, complete=True)
    for codes in ("a", "ab", "a", "ab"):
        board.offers(*codes)
        await later(feeds, clock)
    assert await states(desk) == {"a": "open", "b": "open"}


async def test_the_newest_entries_of_a_feed_say_nothing_about_the_older_ones(board, feeds, desk, clock):
    board.offers("a", "b")
    await feeds.add(board.url, "bolsa", SIX_HOURS)
    board.offers("c")
    for _ in range(3):
        await later(feeds, clock)
    assert await states(desk) == {"a": "open", "b": "open", "c": "open"}


async def test_a_feed_with_further_pages_closes_nothing(board, feeds, desk, clock):
    board.offers("a", "b")
    await feeds.add(board.url, "bolsa", SIX_HOURS, complete=True)
    board.offers("a", next_url="https://bolsa.example/feed?page=2")
    for _ in range(3):
        feed = await later(feeds, clock)
    assert await states(desk) == {"a": "open", "b": "open"}
    assert feed.outcome["whole"] is False


async def test_a_row_that_is_refused_is_still_there(board, feeds, desk, clock):
    board.offers("a", "b")
    await feeds.add(board.url, "bolsa", SIX_HOURS, complete=True)
    broken = job("b") | {"location": "Narnia", "title": ""}
    board.body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [job("a"), broken]}).encode()
    for _ in range(3):
        feed = await later(feeds, clock)
    assert await states(desk) == {"a": "open", "b": "open"}
    assert feed.outcome["rejected"] > 0
    assert feed.outcome["reasons"][0]["row"] == 2


@pytest.mark.parametrize("complete", [True, False])
async def test_what_another_feed_of_the_partner_still_names_stays_open(board, feeds, desk, clock, complete):
    async with serving(Board()) as other:
        board.offers("a", "both")
        other.offers("both", "b")
        await feeds.add(board.url, "bolsa", SIX_HOURS, complete=True)
        await feeds.add(other.url, "bolsa", SIX_HOURS, complete=complete)
        board.offers("a")
        for _ in range(4):
            await later(feeds, clock)
        assert await states(desk) == dict.fromkeys(("a", "both", "b"), "open")

        other.offers("b")
        for _ in range(3):
            await later(feeds, clock)
        assert await states(desk) == {"a": "open", "both": "closed", "b": "open"}


async def test_feeds_of_two_partners_say_nothing_about_each_other(board, feeds, desk, clock):
    async with serving(Board()) as other:
        board.offers("a", "b")
        other.offers("b")
        await feeds.add(board.url, "bolsa", SIX_HOURS, complete=True)
        await feeds.add(other.url, "otra", SIX_HOURS, complete=True)
        board.offers("a")
        for _ in range(3):
            await later(feeds, clock)
        found = {(one.partner, one.identifier): str(one.state) for one in await desk.list()}
        assert found["bolsa", "b"] == "closed"


async def test_a_feed_is_followed_no_longer(board, feeds, desk, clock):
    board.offers("a")
    feed = await feeds.add(board.url, "bolsa", SIX_HOURS)
    assert await feeds.remove(feed.id)
    assert not await feeds.remove(feed.id)
    clock.advance(99 * 3600)
    await feeds.look_at_due()
    assert len(board.asked) == 1
    assert await states(desk) == {"a": "open"}


async def test_an_address_inside_our_own_network_is_never_asked(board, storage, desk, clock):
    async with httpx.AsyncClient() as http:
        strict = FeedDesk(storage, desk, lambda url, *, etag, modified: fetch(url, http, etag, modified), clock)
        feed = await strict.add(board.url, "bolsa", SIX_HOURS)
    assert feed.error == "the address is not a public one"
    assert not board.asked


@pytest.mark.parametrize(
    ("text", "span"), [("30m", timedelta(minutes=30)), ("6h", SIX_HOURS), ("1D", timedelta(days=1))]
)
def test_how_often_is_written_as_people_do(text, span):
    assert read_span(text) == span


@pytest.mark.parametrize("text", ["", "6", "5m", "8d", "-1h", "siempre"])
def test_a_rhythm_that_makes_no_sense_is_refused(text):
    with pytest.raises(BadContent, match="15m to 7d"):
        read_span(text)
