"""The outbox: what is still owed to people, who is sending it, and what became of it. This table is the queue.

A row goes queued, leased, sending, then to its end; `sending` is saved before the provider is called, so that whatever
dies, a message is never sent twice by us without somebody having decided it. Bodies are sealed and dropped once sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from bot.messages import Receipt, Reply
from bot.person import Address, Language, PersonId
from bot.storage import outbox_sql as sql
from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query, Row
from bot.storage.people import People
from bot.storage.receipts import Receipts
from bot.storage.tables import State
from bot.storage.vault import Vault

WINDOW = timedelta(hours=24) - timedelta(minutes=10)
"""How long after a person's last message free text may be sent on WhatsApp, with a margin."""

STALE = timedelta(hours=24)
"""A reply that could not be sent for so long answers nothing any more."""

_STAND_BACK = timedelta(seconds=2)


CROWD = ":crowd"
"""After a lane's name, for who waits for mail: there is something of a broadcast to send."""


class Kinds(StrEnum):
    """What to claim."""

    ALL = "all"
    REPLIES = "replies"
    CROWD = "crowd"


class Ref(NamedTuple):
    """The key of one delivery: which message to whom."""

    batch_id: int
    person_id: PersonId

    def __str__(self) -> str:
        """As it goes to a provider and comes back in a callback."""
        return f"{self.batch_id}-{self.person_id}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until the lease runs out."""

    ref: Ref
    to: Address
    reply: Reply | None  # None: one of a crowd, ask for the words of the broadcast
    language: Language
    window_open: bool
    attempts: int
    created_at: datetime
    once: bool = False  # news for one person: an unknown outcome is not sent again

    @property
    def crowd(self) -> bool:
        """Whether it is part of a broadcast."""
        return self.reply is None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery."""

    ref: Ref
    state: State
    at: datetime
    provider_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """A delivery that goes back into the queue; `tried` when the attempt counts."""

    ref: Ref
    at: datetime
    tried: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """What dead workers left: these are queued again, of those nobody knows whether they went out."""

    queued: tuple[Ref, ...]
    unknown: tuple[Ref, ...]


class Outbox:
    """The outbox, inside one unit of work."""

    def __init__(self, line: Line, vault: Vault, new_id: Callable[[], int], people: People) -> None:
        self._line = line
        self._vault = vault
        self._new_id = new_id
        self._receipts = Receipts(line, people)
        self.lanes: set[str] = set()
        """Lanes that got new mail in this unit of work."""

    async def add(
        self,
        person_id: PersonId,
        lane: str,
        reply: Reply,
        at: datetime,
        urgent: bool = True,
        once: bool = False,
        beside: Mapping[str, Any] | None = None,
    ) -> int:
        """Owe this person a reply; gives its batch id. Not urgent: it lets replies of the same moment go first.

        `once`: news, not an answer; when nobody knows whether it went out it is not sent again. `beside`: kept sealed
        with the reply until it has left (see `bot.storage.halves`).
        """
        batch_id = self._new_id()
        due = at if urgent else at + _STAND_BACK
        body = self._vault.seal(reply.to_json() | ({"once": True} if once else {}) | dict(beside or {}))
        await self._line.rows(sql.ADD, batch_id, person_id, lane, micros(due), micros(due + STALE), body, micros(at))
        self.lanes.add(lane)
        return batch_id

    async def claim(
        self, lane: str, owner: str, n: int, now: datetime, lease_until: datetime, kinds: Kinds = Kinds.ALL
    ) -> list[Claimed]:
        """Take up to `n` due deliveries for `owner`, replies first, the head of each person's queue only."""
        claimed: list[Claimed] = []
        if kinds is not Kinds.CROWD:
            claimed += await self._take(sql.REPLIES, lane, owner, n, now, lease_until)
        if kinds is not Kinds.REPLIES and len(claimed) < n:
            claimed += await self._take(sql.CROWD, lane, owner, n - len(claimed), now, lease_until)
        return claimed

    async def begin(self, refs: Collection[Ref], owner: str, lease_until: datetime) -> set[Ref]:
        """Mark as being sent those that are really still ours, and name them. Only these may be sent."""
        return {Ref(*row) for row in await self._line.each(sql.BEGIN, sorted(refs), owner, micros(lease_until))}

    async def renew(self, refs: Collection[Ref], owner: str, lease_until: datetime) -> None:
        """They are still being sent: let nobody take `owner` for dead before then."""
        await self._line.each(sql.RENEW, sorted(refs), owner, micros(lease_until))

    async def record(self, outcomes: Sequence[Outcome], owner: str) -> bool:
        """Write down what became of them; gives whether one of these people waits for more.

        What a receipt has told already is not taken back.
        """
        rows = [
            (*o.ref, o.state, o.error or None, o.provider_id or None, micros(o.at), int(o.state is not State.SKIPPED))
            for o in sorted(outcomes, key=_key)
        ]
        return any(row[0] for row in await self._line.each(sql.RECORD, rows, owner))

    async def postpone(self, again: Sequence[Again], owner: str) -> None:
        """Put them back into the queue for later."""
        rows = [(*a.ref, micros(a.at), int(a.tried), a.error or None) for a in sorted(again, key=_key)]
        await self._line.each(sql.POSTPONE, rows, owner)

    async def sweep(self, now: datetime) -> Swept:
        """Take up what dead workers left, and receipts that came before their message was recorded."""
        await self._receipts.settle_early(now)
        return await self._take_up(sql.EXPIRED_LEASES, sql.EXPIRED_SENDING, micros(now))

    async def recover(self, owner_prefix: str = "") -> Swept:
        """Take up at once what workers whose name begins so had in hand: at an embedded start, or because they died."""
        return await self._take_up(sql.RECOVER_LEASES, sql.RECOVER_SENDING, owner_prefix)

    async def dead(self, me: str) -> list[str]:
        """Workers who had something in hand and are gone. To be taken up (`recover`) in this same unit of work."""
        return [] if self._line.sqlite else [row[0] for row in await self._line.rows(sql.DEAD, me)]

    async def receipt(self, receipt: Receipt, at: datetime) -> Ref | None:
        """Note what the provider tells; only forward. Gives the delivery, or None when it is not known (yet)."""
        found = await self._receipts.note(receipt, at)
        return Ref(found[0], PersonId(found[1])) if found else None

    async def drop(self, batch_id: int, reason: str, n: int = 5_000) -> int:
        """Skip up to `n` queued deliveries of a cancelled broadcast; gives how many there were."""
        return len(await self._line.rows(sql.DROP, batch_id, reason, n))

    async def oldest_due(self, now: datetime) -> datetime | None:
        """Since when the oldest reply waits, None when nobody waits."""
        at = (await self._line.rows(sql.OLDEST, micros(now)))[0][0]
        return None if at is None else moment(at)

    async def counts(self, batch_id: int | None = None) -> Mapping[tuple[str, State], int]:
        """How many deliveries of a batch are in each state; without one, the open replies and all in flight."""
        if batch_id is None:
            return {(lane, State(state)): count for lane, state, count in await self._line.rows(sql.OPEN)}
        return {("", State(state)): count for state, count in await self._line.rows(sql.OF_BATCH, batch_id)}

    async def purge(self, before: datetime) -> None:
        """Drop replies that came to their end and were made before then."""
        await self._line.rows(sql.PURGE, micros(before))

    async def _take(
        self, query: Query, lane: str, owner: str, n: int, now: datetime, lease_until: datetime
    ) -> list[Claimed]:
        at, until = micros(now), micros(lease_until)
        if self._line.sqlite:
            rows = await self._line.rows(query, lane, at, n)
            await self._line.each(sql.LEASE, [row[:2] for row in rows], owner, until)
        else:
            rows = await self._line.rows(query, lane, at, n, owner, until)
        taken = []
        for row in sorted(rows, key=lambda row: (row[4], row[0])):
            reason = _reason_to_skip(row, at)
            if reason:
                await self._line.rows(sql.SKIP, row[0], row[1], reason)
            else:
                taken.append(self._claimed(row, now))
        return taken

    def _claimed(self, row: Row, now: datetime) -> Claimed:
        batch_id, person_id, body, attempts, created_at, _, channel, locked, language, last = row[:10]
        opened = self._vault.open(body) if body else None
        return Claimed(
            Ref(batch_id, PersonId(person_id)),
            self._vault.address(channel, locked),
            Reply.from_json(opened) if opened else None,
            Language(language),
            now - moment(last) < WINDOW,
            attempts,
            moment(created_at),
            bool(opened and opened.get("once")),
        )

    async def _take_up(self, leases: Query, sending: Query, which: int | str) -> Swept:
        queued = await self._line.rows(leases, which)
        await self._line.each(sql.REQUEUE, [row[:2] for row in queued])
        unknown = await self._line.rows(sending, which)
        await self._line.each(sql.GIVE_UP, [row[:2] for row in unknown])
        self.lanes.update(row[2] for row in queued)
        return Swept(tuple(Ref(*row[:2]) for row in queued), tuple(Ref(*row[:2]) for row in unknown))


def _key(result: Outcome | Again) -> Ref:
    return result.ref


def _reason_to_skip(row: Row, now: int) -> str:
    """Why this row must not be sent any more; consent and reach are asked at the last moment, not when matched."""
    if row[5] is not None and row[5] <= now:
        return "too_late"
    if len(row) == 10:
        return ""
    reachable, topic, expires_at, alerts, fairs, paused_until = row[10:]
    if row[7] is None or row[9] is None:
        return "erased"
    if expires_at is not None and expires_at <= now:
        return "too_late"
    if not reachable:
        return "unreachable"
    # "asked": a reminder that was asked for; whoever says the words looks whether it still is
    wanted = {"alerts": alerts, "fairs": fairs, "asked": True}.get(topic, alerts or fairs)
    if not wanted:
        return "no_consent"
    return "paused" if paused_until is not None and paused_until > now else ""
