"""The ledger: WhatsApp messages that are billed, month by month, what is still free, where the month is heading.

It counts the deliveries themselves, so counting again gives the same result. Amounts come from the dated, sourced rate
file; an amount that is unknown there is unknown here.
"""

from __future__ import annotations

import logging
from calendar import monthrange
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.broadcasts.rates import FREE_FORM, MARKETING, Cost, Rates
from bot.library.country import Country
from bot.storage.instants import micros
from bot.storage.line import Line, Query
from bot.storage.notes import Notes
from bot.storage.work import Storage, Work

log = logging.getLogger(__name__)

CHANNEL = "whatsapp"
NEWS = "news"
"""Messages of broadcasts: free form inside the window, a template outside it. The rows do not tell them apart, so
their cost is reckoned from the cheaper to the dearer of the two."""

ALARM = 0.8

_SENT = "state IN (3, 7, 8) AND sent_at >= $1 AND sent_at < $2"
_REPLIES = Query(f"SELECT count(*) FROM delivery WHERE priority = 0 AND lane = 'whatsapp' AND {_SENT}")
_BY_TEMPLATE = Query(  # digests outside the window; they are rows of their own, like replies
    f"SELECT count(*) FROM delivery d WHERE d.priority = 0 AND d.lane = 'whatsapp' AND {_SENT.replace('sent_at', 'd.sent_at')}"
    " AND EXISTS (SELECT 1 FROM alert a WHERE a.person_id = d.person_id AND a.batch_id = d.batch_id AND a.by_template)"
)
_NEWS = Query(
    "SELECT count(*) FROM broadcast b JOIN delivery d ON d.batch_id = b.id WHERE b.total > 0 AND d.lane = 'whatsapp'"
    f" AND d.{_SENT.replace('sent_at', 'd.sent_at')}"
)
_BOOK = Query(
    "INSERT INTO spend (day, channel, category, messages, cost) VALUES ($1, $2, $3, $4, 0)"
    " ON CONFLICT (day, channel, category) DO UPDATE SET messages ="
    " CASE WHEN excluded.messages > spend.messages THEN excluded.messages ELSE spend.messages END"
)
_MONTH = Query(
    "SELECT category, sum(messages) FROM spend WHERE channel = 'whatsapp' AND day >= $1 AND day <= $2 AND day <> $3"
    " GROUP BY category"
)


@dataclass(frozen=True, slots=True)
class Month:
    """The messages and the cost of a month so far."""

    month: str  # 2026-11
    replies: int
    news: int
    free: int  # messages that cost nothing
    forecast: int  # messages of the whole month, if it goes on like this
    cost: Cost
    templates: int = 0  # digests of vacancies outside the window: never free

    @property
    def used(self) -> int:
        """Messages that count against what is free."""
        return self.replies + self.news

    @property
    def alarm(self) -> bool:
        """Four fifths of what is free are used."""
        return self.free > 0 and self.used >= ALARM * self.free

    def to_json(self) -> dict[str, Any]:
        """For `rumbo stats` and the console."""
        return {
            "month": self.month,
            "replies": self.replies,
            "news": self.news,
            "templates": self.templates,
            "used": self.used,
            "free": self.free,
            "forecast": self.forecast,
            "alarm": self.alarm,
            "cost": self.cost.to_json(),
        }


class Ledger:
    """Keeps the books. `alarm` is told once a month when four fifths of the free messages are used."""

    def __init__(
        self,
        storage: Storage,
        country: Callable[[], Country],
        rates: Callable[[], Rates],
        alarm: Callable[[Work, Month], Awaitable[None]] | None = None,
    ) -> None:
        self._storage = storage
        self._country = country
        self._rates = rates
        self._alarm = alarm

    async def book(self, now: datetime) -> Month:
        """Count today and yesterday (again), look at the month, raise the alarm if it is time."""
        await self.count(now)
        month = await self.month(now)
        if month.alarm:
            await self._tell(month, now)
        return month

    async def count(self, now: datetime) -> None:
        """Bring the books up to this moment."""
        country = self._country()
        today = country.today(now)
        counted = []
        for day in (today - timedelta(days=1), today):
            async with self._storage.view() as work:
                counted += [(day, category, n) for category, n in (await _count(work.line, country, day)).items()]
        async with self._storage.work() as work:
            for day, category, n in counted:
                if n:
                    await work.line.rows(_BOOK, day if not work.line.sqlite else day.isoformat(), CHANNEL, category, n)

    async def month(self, now: datetime) -> Month:
        """The month so far, by the books."""
        country, rates = self._country(), self._rates()
        today = country.today(now)
        async with self._storage.view() as work:
            booked = await _booked(work.line, today)
        replies, news = booked.get(FREE_FORM, 0), booked.get(NEWS, 0)
        free = rates.free(CHANNEL, FREE_FORM)
        days = monthrange(today.year, today.month)[1]
        forecast = round((replies + news) * days / today.day)
        templates = booked.get(MARKETING, 0)
        cheap = rates.cost({(CHANNEL, FREE_FORM): replies + news, (CHANNEL, MARKETING): templates}, {})
        dear = rates.cost({(CHANNEL, FREE_FORM): replies, (CHANNEL, MARKETING): news + templates}, {})
        cost = Cost(cheap.low, dear.high, dear.currency, max(cheap.billable, dear.billable), dear.as_of, dear.sources)
        return Month(f"{today:%Y-%m}", replies, news, free, forecast, cost, templates)

    async def _tell(self, month: Month, now: datetime) -> None:
        async with self._storage.work() as work:
            first = await Notes(work.line).once(f"spend_alarm:{month.month}", now, str(month.used))
            if first and self._alarm is not None:
                await self._alarm(work, month)
        if first:
            log.error("free_messages_run_out", extra={"month": month.month, "used": month.used, "free": month.free})


async def used_this_month(line: Line, country: Country, at: datetime, now: datetime) -> Mapping[tuple[str, str], int]:
    """Messages that count against what is free in the month of that time: by the books, and today's up to this moment."""
    today = country.today(now)
    used = await _booked(line, country.today(at), but=today)
    if (today.year, today.month) == (country.today(at).year, country.today(at).month):
        used = Counter(used) + Counter(await _count(line, country, today))
    return {(CHANNEL, FREE_FORM): used.get(FREE_FORM, 0) + used.get(NEWS, 0)}


async def _booked(line: Line, today: date, but: date | None = None) -> Mapping[str, int]:
    days: list[Any] = [today.replace(day=1), today, but or date.min]
    rows = await line.rows(_MONTH, *([day.isoformat() for day in days] if line.sqlite else days))
    return {str(category): int(n) for category, n in rows}


async def _count(line: Line, country: Country, day: date) -> dict[str, int]:
    start = datetime.combine(day, time(), country.zone)
    end = datetime.combine(day + timedelta(days=1), time(), country.zone)
    values = micros(start), micros(end)
    templates = int((await line.rows(_BY_TEMPLATE, *values))[0][0])
    return {
        FREE_FORM: int((await line.rows(_REPLIES, *values))[0][0]) - templates,
        MARKETING: templates,
        NEWS: int((await line.rows(_NEWS, *values))[0][0]),
    }
