"""Sealing everything anew under the newest key, so that an older one can be taken away.

In short transactions beside the running program: what was changed meanwhile is left as it is, because it was sealed
under the newest key by then. Cut short at any moment nothing is lost, and the next run does the rest. What is stored
as a hash alone (a second address of somebody, an event that was seen) cannot be made anew without what was hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.storage.line import Query, Row
from bot.storage.vault import Vault
from bot.storage.work import Storage, Work

_CHUNK = 200
_FIRST_REPLY = 2**50  # announcements have smaller numbers and no body


class Resealed(NamedTuple):
    """What became of a table."""

    name: str
    found: int
    changed: int


class _Sealed(NamedTuple):
    """A table: `rows` gives some of it after a key, `change` writes one row unless it is another one by now."""

    name: str
    start: tuple[int, ...]
    rows: Query
    change: Query
    anew: Callable[[Vault, Row], tuple[object, ...]]  # what identifies the row's old form, and its new one


def _reseal(vault: Vault, row: Row) -> tuple[object, ...]:
    return row[-1], vault.resealed(row[-1])


def _rehash(vault: Vault, row: Row) -> tuple[object, ...]:
    _, channel, locked = row
    return locked, vault.rotated(locked), vault.hash(channel, vault.address(channel, locked).value)


def _column(table: str, key: str, column: str) -> _Sealed:
    rows = f"SELECT {key}, {column} FROM {table} WHERE {key} > $1 AND {column} IS NOT NULL ORDER BY {key} LIMIT $2"
    change = f"UPDATE {table} SET {column} = $3 WHERE {key} = $1 AND {column} = $2 RETURNING 1"
    return _Sealed(table, (0,), Query(rows), Query(change), _reseal)


_TABLES = (
    _Sealed(
        "person",
        (0,),
        Query("SELECT id, channel, address FROM person WHERE id > $1 ORDER BY id LIMIT $2"),
        Query(  # nobody else can have this address; if it should be so all the same, the one that is found stays found
            "UPDATE person SET address = $3, address_hash = CASE WHEN EXISTS (SELECT 1 FROM person q"
            " WHERE q.address_hash = $4 AND q.id <> $1) THEN address_hash ELSE $4 END"
            " WHERE id = $1 AND address = $2 RETURNING 1"
        ),
        _rehash,
    ),
    _column("conversation", "person_id", "state"),
    _column("held", "id", "body"),
    _column("handover", "person_id", "waiting"),
    _Sealed(
        "delivery",
        (_FIRST_REPLY, 0),
        Query(
            "SELECT batch_id, person_id, body FROM delivery WHERE (batch_id, person_id) > ($1, $2)"
            " AND body IS NOT NULL ORDER BY batch_id, person_id LIMIT $3"
        ),
        Query("UPDATE delivery SET body = $4 WHERE batch_id = $1 AND person_id = $2 AND body = $3 RETURNING 1"),
        _reseal,
    ),
)


async def reseal(storage: Storage) -> Sequence[Resealed]:
    """Go once over all that is sealed. Raises BadSettings when something was sealed under a key that is not given."""
    return [await _table(storage, table) for table in _TABLES]


async def second_addresses(storage: Storage) -> int:
    """How many second addresses are known by their hash alone."""
    async with storage.view() as work:
        return int((await work.line.rows(Query("SELECT count(*) FROM alias")))[0][0])


async def _table(storage: Storage, table: _Sealed) -> Resealed:
    found = changed = 0
    after = table.start
    while True:
        async with storage.work() as work:
            rows = await work.line.rows(table.rows, *after, _CHUNK)
            changed += sum([await _row(work, table, row) for row in rows])
        found += len(rows)
        if len(rows) < _CHUNK:
            return Resealed(table.name, found, changed)
        after = tuple(rows[-1][: len(after)])


async def _row(work: Work, table: _Sealed, row: Row) -> int:
    old, new, *more = table.anew(work.vault, row)
    if new == old:
        return 0
    return len(await work.line.rows(table.change, *row[: len(table.start)], old, new, *more))
