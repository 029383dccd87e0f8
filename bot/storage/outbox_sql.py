"""The statements of the outbox. The state numbers are those of `bot.storage.tables.State`.

Claiming differs by engine: PostgreSQL locks what it selects and skips what others lock; SQLite has one writer, which
selects and then marks.
"""

from __future__ import annotations

from bot.storage.line import EachQuery, Query

ADD = Query(
    "INSERT INTO delivery (batch_id, person_id, lane, priority, state, next_at, expires_at, body, created_at)"
    " VALUES ($1, $2, $3, 0, 0, $4, $5, $6, $7)"
)

# Not NOT EXISTS: PostgreSQL, which never knows how much is in flight just now, would join with all of it.
_FREE = "(SELECT 1 FROM delivery f WHERE f.person_id = d.person_id AND f.state IN (1, 2) LIMIT 1) IS NULL"
# What waits for hours (see `bot.delivery.verdict`) holds up nothing that was said since; 600 s is twice our longest wait.
# `state < 1` and not `= 0`: a planner that knows nothing yet shall take the index by person, not the one of the queue
_FIRST = (
    "(SELECT 1 FROM delivery e WHERE e.person_id = d.person_id AND e.priority = 0 AND e.state < 1"
    " AND (e.created_at, e.batch_id) < (d.created_at, d.batch_id) AND e.next_at < $2 + 600000000 LIMIT 1) IS NULL"
)
_DUE_REPLIES = f"""
SELECT d.batch_id, d.person_id, d.body, d.attempts, d.created_at, d.expires_at,
       p.channel, p.address, p.language, c.last_inbound_at
FROM delivery d JOIN person p ON p.id = d.person_id JOIN conversation c ON c.person_id = d.person_id
WHERE d.lane = $1 AND d.state = 0 AND d.priority = 0 AND d.next_at <= $2 AND {_FREE} AND {_FIRST}
ORDER BY d.next_at, d.batch_id LIMIT $3
"""
_DUE_CROWD = f"""
SELECT d.batch_id, d.person_id, d.body, d.attempts, d.created_at, d.expires_at,
       p.channel, p.address, p.language, c.last_inbound_at,
       p.reachable, b.topic, b.expires_at AS broadcast_expires_at, s.alerts, s.fairs, s.paused_until
FROM delivery d JOIN broadcast b ON b.id = d.batch_id LEFT JOIN person p ON p.id = d.person_id
LEFT JOIN conversation c ON c.person_id = d.person_id LEFT JOIN subscription s ON s.person_id = d.person_id
WHERE d.lane = $1 AND d.state = 0 AND d.priority > 0 AND d.next_at <= $2 AND {_FREE} AND d.batch_id = (
    SELECT o.id FROM broadcast o WHERE o.state = 'sending' AND EXISTS (
        SELECT 1 FROM delivery w
        WHERE w.lane = $1 AND w.batch_id = o.id AND w.state = 0 AND w.priority > 0 AND w.next_at <= $2)
    ORDER BY o.priority, o.id LIMIT 1)
ORDER BY d.next_at LIMIT $3
"""


def _locking(due: str) -> str:
    return (
        f"WITH due AS ({due} FOR UPDATE OF d SKIP LOCKED), taken AS ("
        "UPDATE delivery d SET state = 1, owner = $4, lease_until = $5 FROM due"
        " WHERE d.batch_id = due.batch_id AND d.person_id = due.person_id) SELECT * FROM due"
    )


REPLIES = Query(_DUE_REPLIES, _locking(_DUE_REPLIES))
CROWD = Query(_DUE_CROWD, _locking(_DUE_CROWD))


# Given in the order of the key, so that two who change the same rows lock them in the same order.
_REF = {"batch_id": "bigint", "person_id": "bigint"}
_FROM = " FROM {rows} WHERE d.batch_id = r.batch_id AND d.person_id = r.person_id"


def _ours(*states: int) -> str:
    """The given ones that are ours and in one of these states.

    CASE, because a planner that guesses how many those are reads the whole queue, or all that ever flew.
    """
    return f"{_FROM} AND CASE WHEN d.owner = $1 THEN d.state IN ({', '.join(map(str, states))}) ELSE FALSE END"


LEASE = EachQuery(f"UPDATE delivery AS d SET state = 1, owner = $1, lease_until = $2{_FROM}", 2, **_REF)
BEGIN = EachQuery(
    f"UPDATE delivery AS d SET state = 2, lease_until = $2{_ours(1)} RETURNING {{d}}.batch_id, {{d}}.person_id",
    2,
    **_REF,
)
RENEW = EachQuery(f"UPDATE delivery AS d SET lease_until = $2{_ours(2)}", 2, **_REF)
# What comes back says whether the person waits for more. Not EXISTS, which PostgreSQL would answer by hashing the
# whole queue.
RECORD = EachQuery(
    "UPDATE delivery AS d SET state = CASE WHEN d.state IN (0, 1, 2, 4) THEN r.state ELSE d.state END,"
    " error = r.error, sent_at = r.at, provider_id = COALESCE(r.provider, d.provider_id),"
    " attempts = d.attempts + r.tried, lease_until = NULL, body = CASE WHEN r.state = 4 THEN d.body ELSE NULL END"
    + _ours(1, 2, 3, 4, 7, 8)
    + " RETURNING (SELECT 1 FROM delivery e"
    " WHERE e.person_id = {d}.person_id AND e.priority = 0 AND e.state < 1 LIMIT 1)",
    1,
    **_REF,
    state="smallint",
    error="text",
    provider="text",
    at="bigint",
    tried="smallint",
)
POSTPONE = EachQuery(
    "UPDATE delivery AS d SET state = 0, owner = NULL, lease_until = NULL, next_at = r.at,"
    f" attempts = d.attempts + r.tried, error = r.error{_ours(1, 2)}",
    1,
    **_REF,
    at="bigint",
    tried="smallint",
    error="text",
)

SKIP = Query(
    "UPDATE delivery SET state = 6, error = $3, lease_until = NULL, body = NULL WHERE batch_id = $1 AND person_id = $2"
)


def _in_hand(state: int, which: str) -> Query:
    """Those that are in hand; what somebody writes down at this moment is left to them."""
    found = f"SELECT batch_id, person_id, lane FROM delivery WHERE state IN (1, 2) AND state = {state} AND {which}"
    return Query(found, f"{found} FOR UPDATE SKIP LOCKED")


EXPIRED_LEASES = _in_hand(1, "lease_until < $1")
EXPIRED_SENDING = _in_hand(2, "lease_until < $1")
RECOVER_LEASES = _in_hand(1, "substr(owner, 1, length($1)) = $1")
RECOVER_SENDING = _in_hand(2, "substr(owner, 1, length($1)) = $1")
REQUEUE = EachQuery(f"UPDATE delivery AS d SET state = 0, owner = NULL, lease_until = NULL{_FROM}", 0, **_REF)
GIVE_UP = EachQuery(f"UPDATE delivery AS d SET state = 4, lease_until = NULL, error = 'worker_died'{_FROM}", 0, **_REF)
# PostgreSQL alone. Each sender holds a lock on its name as long as it lives; of two who look, one gets it.
DEAD = Query(
    "SELECT o.owner FROM (SELECT DISTINCT owner FROM delivery WHERE state IN (1, 2)) AS o WHERE o.owner IS NOT NULL"
    " AND CASE WHEN o.owner = $1 THEN FALSE ELSE pg_try_advisory_xact_lock(hashtextextended(o.owner, 0)) END"
)
DROP = Query(
    "UPDATE delivery SET state = 6, error = $2 WHERE batch_id = $1 AND person_id IN ("
    "SELECT q.person_id FROM delivery q WHERE q.batch_id = $1 AND q.state = 0 LIMIT $3) AND state = 0 RETURNING 1"
)

OLDEST = Query("SELECT min(next_at) FROM delivery WHERE state = 0 AND priority = 0 AND next_at <= $1")
OPEN = Query(
    "SELECT lane, state, count(*) FROM delivery WHERE state = 0 AND priority = 0 GROUP BY lane, state"
    " UNION ALL SELECT lane, state, count(*) FROM delivery WHERE state IN (1, 2) GROUP BY lane, state"
)
OF_BATCH = Query("SELECT state, count(*) FROM delivery WHERE batch_id = $1 GROUP BY state")
PURGE = Query("DELETE FROM delivery WHERE priority = 0 AND state > 2 AND created_at < $1")
