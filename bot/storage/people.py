"""The people: who wrote, what was remembered of them, what they asked for, and how all of it is erased.

An address is found by its keyed hash and stored sealed. Nothing of what a person wrote is kept here but the state of
the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

import orjson

from bot.errors import StaleState
from bot.person import Address, Consent, Language, Person, PersonId, Wish
from bot.storage import erasure
from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query, Row
from bot.storage.tables import MODES, RHYTHMS
from bot.storage.vault import Vault

_SNAPSHOT = """
SELECT p.id, p.channel, p.address, p.language, p.language_chosen, p.reachable, p.staff, p.staff_name, p.created_at,
       c.last_inbound_at, c.state, c.version, EXISTS (SELECT 1 FROM consent k WHERE k.person_id = p.id),
       s.alerts, s.fairs, s.regions, s.sectors, s.modes, s.languages, s.min_pay, s.frequency, s.weekday, s.paused_until
FROM person p JOIN conversation c ON c.person_id = p.id LEFT JOIN subscription s ON s.person_id = p.id
WHERE """
_BY_HASH = Query(_SNAPSHOT + "p.address_hash = $1")
_BY_ALIAS = Query(_SNAPSHOT + "p.id = (SELECT a.person_id FROM alias a WHERE a.address_hash = $1)")
_BY_ID = Query(_SNAPSHOT + "p.id = $1")
_NEW = Query(
    "INSERT INTO person (channel, address_hash, address, language, language_chosen, reachable, staff, created_at)"
    " VALUES ($1, $2, $3, $4, FALSE, TRUE, FALSE, $5) ON CONFLICT (address_hash) DO NOTHING RETURNING id"
)
_NEW_CONVERSATION = Query(
    "INSERT INTO conversation (person_id, version, last_inbound_at, updated_at) VALUES ($1, 0, $2, $2)"
)
_NEW_ALIAS = Query("INSERT INTO alias (address_hash, person_id) VALUES ($1, $2) ON CONFLICT (address_hash) DO NOTHING")
_MOVE = Query("UPDATE person SET channel = $2, address_hash = $3, address = $4 WHERE id = $1")
_REMEMBER = Query(
    "UPDATE conversation SET state = $3, version = version + 1, updated_at = $4,"
    " last_inbound_at = CASE WHEN $5 > last_inbound_at THEN $5 ELSE last_inbound_at END"
    " WHERE person_id = $1 AND version = $2 RETURNING version"
)
_WROTE = Query("UPDATE conversation SET last_inbound_at = $2 WHERE person_id = $1 AND last_inbound_at < $2")
_LANGUAGE = Query("UPDATE person SET language = $2, language_chosen = $3 WHERE id = $1")
_REACHABLE = Query("UPDATE person SET reachable = $2 WHERE id = $1")
_JOIN = Query("UPDATE person SET staff = TRUE, staff_name = COALESCE($2, staff_name) WHERE id = $1")
_LEAVE = Query("UPDATE person SET staff = FALSE, staff_name = NULL WHERE id = $1")
_SUBSCRIBE = Query(
    "INSERT INTO subscription (person_id, alerts, fairs, regions, sectors, modes, languages, min_pay, frequency,"
    " weekday, paused_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (person_id) DO UPDATE"
    " SET alerts = excluded.alerts, fairs = excluded.fairs, regions = excluded.regions, sectors = excluded.sectors,"
    " modes = excluded.modes, languages = excluded.languages, min_pay = excluded.min_pay,"
    " frequency = excluded.frequency, weekday = excluded.weekday, paused_until = excluded.paused_until"
)
_NO_CELLS = Query("DELETE FROM cell WHERE person_id = $1")
_CELL = Query(
    "INSERT INTO cell (region, sector, min_pay, person_id, modes, languages, rhythm, paused_until)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
_END_ALERTS = Query("UPDATE subscription SET alerts = FALSE WHERE person_id = $1")
_END_FAIRS = Query("UPDATE subscription SET fairs = FALSE WHERE person_id = $1")
_END = Query("DELETE FROM subscription WHERE person_id = $1 AND NOT alerts AND NOT fairs")
_CONSENT = Query("INSERT INTO consent (person_id, topic, given, at, channel, words) VALUES ($1, $2, $3, $4, $5, $6)")
_CONSENTS = Query("SELECT topic, given, at, channel, words FROM consent WHERE person_id = $1 ORDER BY id")
_OLD_STATES = Query(
    "SELECT person_id, state FROM conversation WHERE state IS NOT NULL AND updated_at < $1 ORDER BY person_id LIMIT $2"
)
_EMPTIED = Query(  # not of somebody who has written since we looked
    "UPDATE conversation SET state = $2, version = version + 1, updated_at = $3 WHERE person_id = $1 AND updated_at < $4"
)
_COUNTS = Query(
    "SELECT p.channel, count(*), sum(CASE WHEN p.reachable THEN 1 ELSE 0 END),"
    " sum(CASE WHEN s.alerts THEN 1 ELSE 0 END), sum(CASE WHEN s.fairs THEN 1 ELSE 0 END)"
    " FROM person p LEFT JOIN subscription s ON s.person_id = p.id WHERE p.channel <> 'staff'"  # the team's group
    " GROUP BY p.channel ORDER BY p.channel"
)
CHUNK = 500
"""So many states are dropped at once."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A person, the state of the conversation and its version, to be handed to `remember`."""

    person: Person
    state: Mapping[str, Any]
    version: int
    new: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people there are on a channel."""

    channel: str
    people: int
    reachable: int
    alerts: int
    fairs: int


class People:
    """The people, inside one unit of work."""

    def __init__(self, line: Line, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._line = line
        self._vault = vault
        self._clock = clock
        self._wrote: dict[int, int] = {}

    async def recall(self, address: Address, aliases: Sequence[Address], hint_language: str, at: datetime) -> Recalled:
        """Who wrote, and where the conversation stands. A stranger becomes a person; a lost one is reachable again."""
        found = await self._look_up(address, aliases)
        if found is None:
            found = await self._welcome(address, hint_language, micros(at))
        if found is None:  # another process welcomed the same person meanwhile
            found = await self._look_up(address, ())
        if found is None:
            raise StaleState("the person was erased while writing")
        person_id = int(found.person.id)
        for other in aliases:
            await self._line.rows(_NEW_ALIAS, self._hash(other), person_id)
        if not found.person.reachable:
            await self.set_reachable(found.person.id, True)
        if not found.new:
            self._wrote[person_id] = micros(at)
        return found

    async def remember(self, person_id: PersonId, state: Mapping[str, Any], version: int) -> None:
        """Keep the state. Raises StaleState when somebody kept another one since `version`."""
        wrote = self._wrote.pop(person_id, 0)
        sealed = self._vault.seal(state) if state else None
        if not await self._line.rows(_REMEMBER, person_id, version, sealed, micros(self._clock()), wrote):
            raise StaleState("another turn of this person was quicker")

    async def find(self, address: Address) -> Person | None:
        """The person with this address, if we know one."""
        found = await self._look_up(address, ())
        return found.person if found else None

    async def look(self, address: Address) -> Recalled | None:
        """The person with this address and the state of the conversation; nothing is changed."""
        return await self._look_up(address, ())

    async def by_id(self, person_id: PersonId) -> Person | None:
        """The person, if not erased."""
        rows = await self._line.rows(_BY_ID, person_id)
        return (await self._read(rows[0])).person if rows else None

    async def choose_language(self, person_id: PersonId, language: Language, *, chosen: bool = True) -> None:
        """Speak this language from now on; `chosen` by the person, so that no guess changes it."""
        await self._line.rows(_LANGUAGE, person_id, str(language), chosen)

    async def set_reachable(self, person_id: PersonId, reachable: bool) -> None:
        """Whether the person can be written to."""
        await self._line.rows(_REACHABLE, person_id, reachable)

    async def set_staff(self, person_id: PersonId, staff: bool, name: str = "") -> None:
        """Whether the person belongs to the team, and under which name; without one they keep the one that they have."""
        if staff:
            await self._line.rows(_JOIN, person_id, self._vault.seal([name]) if name else None)
        else:
            await self._line.rows(_LEAVE, person_id)

    async def subscribe(self, person_id: PersonId, wish: Wish) -> None:
        """Send news that meet this wish from now on; the consent is recorded apart."""
        row = _wish_row(wish)
        await self._line.rows(_SUBSCRIBE, person_id, *row)
        await self._line.rows(_NO_CELLS, person_id)
        if wish.alerts:
            modes = sum(MODES[mode] for mode in set(wish.modes) if mode in MODES) or sum(MODES.values())
            for region, sector in product(sorted(set(wish.regions)) or ("",), sorted(set(wish.sectors)) or ("",)):
                values = (region, sector, wish.min_pay or 0, person_id, modes, row[5], _rhythm(wish), row[-1])
                await self._line.rows(_CELL, *values)

    async def end(self, person_id: PersonId, topic: str = "") -> None:
        """Send no more of `alerts` or `fairs`; of neither when no topic is named."""
        if topic != "fairs":
            await self._line.rows(_END_ALERTS, person_id)
            await self._line.rows(_NO_CELLS, person_id)
        if topic != "alerts":
            await self._line.rows(_END_FAIRS, person_id)
        await self._line.rows(_END, person_id)

    async def left(self, person_id: PersonId) -> None:
        """The person blocked us or opted out: nothing goes there any more until they write."""
        await self.set_reachable(person_id, False)
        await self.end(person_id)

    async def consent(self, person_id: PersonId, given: Consent) -> None:
        """Keep the proof of a consent, or of its end."""
        at = micros(given.at)
        await self._line.rows(_CONSENT, person_id, given.topic, given.given, at, given.channel, given.words)

    async def forget(self, person_id: PersonId) -> None:
        """Erase everything that belongs to the person."""
        self._wrote.pop(person_id, None)
        await erasure.erase(self._line, person_id)

    async def expire_states(self, older_than: datetime) -> int:
        """Drop up to `CHUNK` states that nobody touched since then, but for what the person asked to keep.

        Gives how many there were: as many as that, and there may be more.
        """
        rows = await self._line.rows(_OLD_STATES, micros(older_than), CHUNK)
        for person_id, sealed in rows:
            kept = self._vault.open(sealed).get("kept")
            state = self._vault.seal({"kept": kept}) if kept else None
            await self._line.rows(_EMPTIED, person_id, state, micros(self._clock()), micros(older_than))
        return len(rows)

    async def counts(self) -> list[Counts]:
        """How many people there are, channel by channel."""
        return [Counts(row[0], *(int(count or 0) for count in row[1:])) for row in await self._line.rows(_COUNTS)]

    async def flush(self) -> None:
        """Write down who wrote in this unit of work and was not remembered; `Storage.work` does this."""
        while self._wrote:
            person_id, at = self._wrote.popitem()
            await self._line.rows(_WROTE, person_id, at)

    async def _look_up(self, address: Address, aliases: Sequence[Address]) -> Recalled | None:
        newest, *older = self._vault.hashes(address.channel, address.value)
        rows = await self._line.rows(_BY_HASH, newest)
        if rows:
            return await self._read(rows[0], address)
        for known in [*older, *(self._hash(other) for other in aliases)]:
            rows = await self._line.rows(_BY_HASH, known) or await self._line.rows(_BY_ALIAS, known)
            if rows:
                return await self._moved(rows[0], address, newest)
        rows = await self._line.rows(_BY_ALIAS, newest)
        return await self._read(rows[0]) if rows else None

    async def _moved(self, row: Row, address: Address, newest: bytes) -> Recalled:
        """The person writes from another address, or the keys have changed: answer there from now on.

        The old number is not kept: it may be given to a stranger.
        """
        await self._line.rows(_MOVE, row[0], address.channel, newest, self._vault.lock_address(address))
        return await self._read(row, address)

    async def _welcome(self, address: Address, hint: str, at: int) -> Recalled | None:
        language = Language.ENGLISH if hint.lower().startswith("en") else Language.SPANISH
        locked = self._vault.lock_address(address)
        rows = await self._line.rows(_NEW, address.channel, self._hash(address), locked, str(language), at)
        if not rows:
            return None
        await self._line.rows(_NEW_CONVERSATION, rows[0][0], at)
        since = moment(at)
        person = Person(PersonId(rows[0][0]), address, language, since=since, last_inbound=since)
        return Recalled(person, {}, 0, new=True)

    async def _read(self, row: Row, address: Address | None = None) -> Recalled:
        (person_id, channel, locked, language, chosen, reachable, staff, named, since, last) = row[:10]
        state, version, consented, *wish = row[10:]
        person = Person(
            PersonId(person_id),
            address or self._vault.address(channel, locked),
            Language(language),
            bool(chosen),
            bool(reachable),
            bool(staff),
            self._vault.open(named)[0] if named else "",
            moment(since),
            moment(last),
            None if wish[0] is None else _wish(wish),
            await self._consents(person_id) if consented else (),
        )
        return Recalled(person, self._vault.open(state) if state else {}, version)

    async def _consents(self, person_id: int) -> tuple[Consent, ...]:
        rows = await self._line.rows(_CONSENTS, person_id)
        return tuple(Consent(row[0], bool(row[1]), moment(row[2]), row[3], row[4]) for row in rows)

    def _hash(self, address: Address) -> bytes:
        return self._vault.hash(address.channel, address.value)


def _rhythm(wish: Wish) -> int:
    return RHYTHMS.get(wish.frequency, wish.weekday or 0)


def _wish_row(wish: Wish) -> tuple[Any, ...]:
    lists = (orjson.dumps(names).decode() for names in (wish.regions, wish.sectors, wish.modes, wish.languages))
    paused = micros(wish.paused_until) if wish.paused_until else None
    return (wish.alerts, wish.fairs, *lists, wish.min_pay, wish.frequency, wish.weekday, paused)


def _wish(row: Row) -> Wish:
    alerts, fairs, regions, sectors, modes, languages, min_pay, frequency, weekday, paused = row
    return Wish(
        regions=tuple(orjson.loads(regions)),
        sectors=tuple(orjson.loads(sectors)),
        modes=tuple(orjson.loads(modes)),
        min_pay=min_pay,
        languages=tuple(orjson.loads(languages)),
        frequency=frequency,
        weekday=weekday,
        alerts=bool(alerts),
        fairs=bool(fairs),
        paused_until=moment(paused) if paused is not None else None,
    )
