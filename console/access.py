"""Who may see the console: one-time links, sessions and form marks, all signed with the secret keys.

Nothing about a session is stored but that a link was used and that a session was ended, so any process can serve it.
A signature is compared in constant time; a token says what it is for, so none can stand in for another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.errors import BadSettings
from bot.storage.notes import Notes
from bot.storage.work import Storage

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=9)
"""A working day; after that a new link is asked for."""
COOKIE = "rumbo_staff"
LONGEST_TOKEN = 600
_NAME = re.compile(r"[^\x00-\x1f\x7f<>]{2,60}")
_MARKS = "console"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody of the team who is signed in."""

    name: str
    id: str
    until: datetime


class Access:
    """Makes and proves tokens. `keys` are the secret keys, newest first: the first signs, all prove."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [hmac.digest(key.encode(), b"rumbo/console", "sha256") for key in keys]

    def link(self, name: str, now: datetime, nonce: str) -> str:
        """The code of a one-time link; raises BadSettings for a name that is too short, too long or not on one line."""
        if not _NAME.fullmatch(name.strip()):
            raise BadSettings(f"{name!r}: a name of 2 to 60 characters on one line is needed")
        return self._write("link", {"name": name.strip(), "id": nonce, "until": int((now + LINK_LASTS).timestamp())})

    async def enter(self, code: str, storage: Storage, now: datetime) -> str | None:
        """The cookie for a code that is genuine, in time and not used yet; None otherwise."""
        facts = self._read("link", code, now)
        if facts is None:
            return None
        async with storage.work() as work:
            marks = Notes(work.line)
            await marks.drop(_MARKS, now - 2 * SESSION_LASTS)
            if not await marks.once(f"{_MARKS}:link:{facts['id']}", now):
                return None
        until = int((now + SESSION_LASTS).timestamp())
        return self._write("session", {"name": facts["name"], "id": facts["id"], "until": until})

    async def session(self, cookie: str, storage: Storage, now: datetime) -> Session | None:
        """Who sent this cookie, unless it is forged, too old or was ended."""
        facts = self._read("session", cookie, now)
        if facts is None:
            return None
        async with storage.view() as work:
            if await Notes(work.line).has(f"{_MARKS}:end:{facts['id']}"):
                return None
        return Session(facts["name"], facts["id"], datetime.fromtimestamp(facts["until"], UTC))

    async def leave(self, session: Session, storage: Storage, now: datetime) -> None:
        """End a session everywhere."""
        async with storage.work() as work:
            await Notes(work.line).once(f"{_MARKS}:end:{session.id}", now)

    def form_mark(self, session: Session) -> str:
        """What each form of this session carries, so that no other site can send it."""
        return _base64(hmac.digest(self._keys[0], f"form/{session.id}".encode(), "sha256"))

    def is_form_mark(self, session: Session, mark: str) -> bool:
        """The form is one of ours, made for this session."""
        ours = [_base64(hmac.digest(key, f"form/{session.id}".encode(), "sha256")) for key in self._keys]
        return any(hmac.compare_digest(mark.encode(), each.encode()) for each in ours)

    def _write(self, purpose: str, facts: Mapping[str, Any]) -> str:
        body = _base64(json.dumps({**facts, "for": purpose}, ensure_ascii=False, separators=(",", ":")).encode())
        return f"{body}.{_base64(hmac.digest(self._keys[0], body.encode(), 'sha256'))}"

    def _read(self, purpose: str, token: str, now: datetime) -> dict[str, Any] | None:
        body, _, signature = token.strip().partition(".")
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        ours = [_base64(hmac.digest(key, body.encode(), "sha256")) for key in self._keys]
        if not any(hmac.compare_digest(signature.encode(), each.encode()) for each in ours):
            return None
        try:
            facts: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (binascii.Error, ValueError):
            return None
        fresh = facts["until"] >= now.timestamp()
        return facts if facts["for"] == purpose and fresh else None


def address_of_link(root: str, code: str) -> str:
    """Where the link leads."""
    return f"{root}/console/login?code={code}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
