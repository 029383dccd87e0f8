"""Telegram: Bot API updates in, Bot API calls out. Facts: core.telegram.org/bots/api, and the server's own source.

Updates are read from the JSON itself: `telegram.Update.de_json` costs a hundred times as much (270 us against 3 us)
and this is the busiest road. What is needed of python-telegram-bot is its limits here and its client in
`telegram_setup`. A call is never repeated here; only a group's move to its new id is followed once.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx
import orjson
from telegram.constants import (
    InlineKeyboardButtonLimit,
    InlineKeyboardMarkupLimit,
    MessageLimit,
)

from bot.channels import formatting, wire
from bot.channels.base import Limits, Pace
from bot.channels.direct import Answer
from bot.channels.telegram_reading import READERS, WANTED, said_by_team
from bot.errors import Malformed, NotGenuine, OutcomeUnknown, PersonLeft, Refused, SendFailed, Throttled, Unreadable
from bot.messages import Choice, Document, Inbound, Outgoing, Payload, Place, Receipt, Received, Reply
from bot.person import Address

log = logging.getLogger(__name__)

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  the name of a header
LIMITS = Limits(
    text=int(MessageLimit.MAX_TEXT_LENGTH),
    buttons=int(InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER),
    button_title=64,  # not published; longer titles are cut by the clients
    choice_id_bytes=int(InlineKeyboardButtonLimit.MAX_CALLBACK_DATA),
    rows=0,
)
CAPTION = int(MessageLimit.CAPTION_LENGTH)
ROW_WIDTH = 26
"""Characters of all titles of one row of buttons that a narrow phone shows uncut."""

_JSON = {"content-type": "application/json"}
NOT_MODIFIED = "message is not modified"


class _NoTopic(Refused):
    """The topic of the group was deleted."""


ANSWERS: Sequence[tuple[range, str, type[SendFailed]]] = (
    # status, a part of the description, what it means; the first row that fits counts
    (range(400, 401), "message thread not found", _NoTopic),
    (range(400, 401), "user_is_blocked", PersonLeft),
    (range(400, 401), "input_user_deactivated", PersonLeft),
    (range(403, 404), "", PersonLeft),  # blocked by the user, deactivated, can't initiate conversation, kicked
    (range(400, 500), "", Refused),  # chat not found, can't parse entities, BUTTON_DATA_INVALID, query is too old
    (range(600), "", OutcomeUnknown),  # 5xx, and what no Bot API server says
)
OURS_TO_MEND = frozenset({401, 404})
"""Statuses that mean a wrong token or method: somebody must be told."""


class Telegram:
    """The bot's private chats. `client` carries every call; `secret` is what Telegram sends back with each update."""

    name = "telegram"
    limits = LIMITS

    def __init__(
        self, *, token: str, secret: str, api_url: str, client: httpx.AsyncClient, pace: Pace, staff_chat: str = ""
    ) -> None:
        self.pace = pace
        self._staff_chat = staff_chat
        self.ignored: Counter[str] = Counter()
        self._secret = secret.encode()
        self._root = f"{api_url}/bot{token}/"
        self._client = client
        self._moved: dict[int | str, int] = {}
        self.reopen_topic: Callable[[int], Awaitable[int | None]] | None = None
        """Makes a topic of the team's group anew that was deleted: old number to new one, None: it is nobody's."""
        self._topics: dict[int, int | None] = {}  # deleted topic -> the one that followed
        self._shown: dict[str, tuple[Reply, Sequence[Payload]]] = {}  # by language: the reply shown last, and how

    def verify(self, got: Received) -> None:
        """Compare the secret header in constant time; raises NotGenuine, also when no secret is set."""
        told = got.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not self._secret or not hmac.compare_digest(told, self._secret):
            raise NotGenuine("telegram: the secret token is missing or wrong")

    def read(self, got: Received) -> Sequence[Inbound | Receipt]:
        """The one thing that an update tells, or nothing; raises Malformed, or Unreadable for one of Telegram's own."""
        try:
            update = orjson.loads(got.body)
            event = int(update["update_id"])
            kind = next((kind for kind in WANTED if kind in update), "")
            told = dict(update[kind]) if kind else {}
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Malformed("telegram: not an update", (("body", type(error).__name__),)) from error
        try:
            said = self._said(kind, told, str(event), got) if kind else None
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Unreadable(f"telegram: {kind}", ((kind, type(error).__name__),)) from error
        if said is None:
            self.ignored[kind or "unknown update"] += 1
        return (said,) if said else ()

    def _said(self, kind: str, told: Mapping[str, Any], event: str, got: Received) -> Inbound | None:
        if kind == "message" and self._staff_chat and str(told["chat"]["id"]) == self._staff_chat:
            return said_by_team(told, event, got)
        return READERS[kind](told, event, got)

    async def open_topic(self, chat: str, name: str) -> str:
        """Make a topic of that name in a forum group; gives its number, or raises SendFailed."""
        return await self._call({"method": "createForumTopic", "chat_id": int(chat), "name": name})

    def render(self, message: Outgoing) -> Sequence[Payload]:
        """The bubble with its buttons (a document carries it as its caption), then the pin.

        What a crowd is told is worked out once for each language: its messages differ in the chat alone.
        """
        shown = self._shown.get(message.language)
        if shown is None or shown[0] is not message.reply:
            shown = self._shown[message.language] = message.reply, _calls(message.reply)
        chat = _chat(message.to)
        return [{**call, "chat_id": chat} for call in shown[1]]

    async def send(self, payload: Payload) -> str:
        """Make the call; the id is Telegram's message id ("" where the answer holds none)."""
        chat = payload["chat_id"]
        try:
            return await self._call({**payload, "chat_id": self._moved.get(chat, chat)})
        except _Moved as moved:
            self._moved[chat] = moved.to
            log.warning("telegram_group_moved")
            return await self._call({**payload, "chat_id": moved.to})
        except _NoTopic:
            return await self._elsewhere(payload)

    async def _elsewhere(self, payload: Payload) -> str:
        """Say it in the topic that follows a deleted one; where there is none, outside of all topics."""
        thread = int(payload["message_thread_id"])
        if thread not in self._topics and self.reopen_topic is not None:
            try:
                self._topics[thread] = await self.reopen_topic(thread)
            except (SendFailed, ValueError) as error:
                log.error("no_topic_in_staff_chat", extra={"code": getattr(error, "code", "")})  # noqa: TRY400
        following = self._topics.get(thread)
        rest = {name: value for name, value in payload.items() if name != "message_thread_id"}
        if following is not None:
            with suppress(_NoTopic):
                return await self._call({**rest, "message_thread_id": following})
            del self._topics[thread]  # deleted as well; the next word asks again
        return await self._call(rest)

    async def acknowledge(self, said: Inbound) -> None:
        """Stop the spinner of a tapped button. A tap that is too old, or no network, is no reason to fail."""
        if not said.tap:
            return
        try:
            async with asyncio.timeout(5):
                await self._call({"method": "answerCallbackQuery", "callback_query_id": said.tap})
        except (SendFailed, TimeoutError) as error:
            log.info("telegram_tap_not_acknowledged", extra={"code": getattr(error, "code", "timeout")})

    async def _call(self, payload: Mapping[str, Any]) -> str:
        fields = dict(payload)
        url = self._root + fields.pop("method")
        headers, content = _multipart(fields) if "file" in fields else (_JSON, orjson.dumps(fields))
        return _outcome(await wire.post(self._client, url, headers, content), fields)


class _Moved(SendFailed):
    """The group has become a supergroup with another id."""

    def __init__(self, to: int) -> None:
        super().__init__("telegram: the group has moved", "400")
        self.to = to


def _outcome(answer: Answer, fields: Mapping[str, Any]) -> str:
    try:
        told = orjson.loads(answer.content)
        if told["ok"]:
            result = told["result"]
            named = result if isinstance(result, dict) else {}
            return str(named.get("message_id") or named.get("message_thread_id") or "")
        code, said = int(told["error_code"]), str(told.get("description", ""))
        more = told.get("parameters") or {}
        after, moved = more.get("retry_after"), more.get("migrate_to_chat_id")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, said, after, moved = answer.status_code, "an answer that is not the Bot API's", None, None
    if code == 429:
        seconds = float(after or answer.headers.get("retry-after") or 1)
        raise Throttled("telegram: too fast", seconds, whole=not _is_group(fields.get("chat_id")))
    if moved:
        raise _Moved(int(moved))
    if code == 400 and NOT_MODIFIED in said:
        return ""
    if code in OURS_TO_MEND:
        log.error("telegram_refuses_our_token", extra={"code": code})
    fault = next((fault for codes, part, fault in ANSWERS if code in codes and part in said.lower()), OutcomeUnknown)
    raise fault(f"telegram: {said}", str(code))


def _multipart(fields: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """Headers and body of a call with a file."""
    file = fields["file"]
    parts = {file["field"]: (file["filename"], file["body"].encode("utf-8", "replace"), file["media_type"])}
    plain = {
        key: value if isinstance(value, str) else orjson.dumps(value).decode()
        for key, value in fields.items()
        if key != "file"
    }
    encoded = httpx.Request("POST", "http://it.writes.multipart", data=plain, files=parts)
    return {"content-type": encoded.headers["content-type"]}, encoded.read()


# --- rendering -------------------------------------------------------------------------------------------------


def _calls(reply: Reply) -> Sequence[Payload]:
    """The calls that show a reply, to whomever."""
    choices = tuple(c for c in reply.choices if _fits(c))[: LIMITS.buttons]
    text = formatting.clean(reply.text)
    if len(choices) < len(reply.choices):  # ids that Telegram would refuse: offer them as digits
        text = f"{text}\n\n{formatting.numbered(reply.choices)}"
        choices = ()
    keyboard = {"reply_markup": {"inline_keyboard": _rows(choices)}} if choices else {}
    calls: list[Payload] = []
    if reply.document and _measure(text) <= CAPTION:
        calls.append(_document(reply.document) | _caption(text) | keyboard)
    else:
        calls += _bubbles(text, keyboard)
        calls += [_document(reply.document)] if reply.document else []
    calls += [_venue(reply.place)] if reply.place else []
    return [{**call, "message_thread_id": int(reply.thread)} for call in calls] if reply.thread else calls


def _measure(text: str) -> int:
    return formatting.utf16(formatting.shown_on_telegram(text))


def _bubbles(text: str, keyboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    short = 2 * len(text) <= LIMITS.text  # whatever is in it, so it need not be measured
    pieces = [text] if short else formatting.split(text, LIMITS.text, _measure)
    pieces = [piece for piece in pieces if piece.strip()]
    if not pieces and keyboard:
        pieces = ["…"]  # buttons cannot stand alone
    shared = {"method": "sendMessage", "parse_mode": "HTML"}
    calls = [
        {**shared, "text": formatting.to_html(piece), "link_preview_options": {"is_disabled": True}} for piece in pieces
    ]
    if calls:
        calls[-1].update(keyboard)
    return calls


def _rows(choices: Sequence[Choice]) -> list[list[dict[str, str]]]:
    """One to three buttons a row, as many as a narrow phone shows uncut; numbered, so that a digit can be typed."""
    rows: list[list[dict[str, str]]] = []
    width = ROW_WIDTH
    for number, choice in enumerate(choices, 1):
        title = formatting.one_line(choice.title) or "…"
        label = formatting.shorten(f"{number}. {title}" if len(choices) > 1 else title, LIMITS.button_title)
        if rows and len(rows[-1]) < 3 and width + len(label) <= ROW_WIDTH:
            rows[-1].append({"text": label, "callback_data": choice.id})
            width += len(label)
        else:
            rows.append([{"text": label, "callback_data": choice.id}])
            width = len(label)
    return rows


def _fits(choice: Choice) -> bool:
    raw = choice.id.encode("utf-8", "surrogatepass")
    return 0 < len(raw) <= LIMITS.choice_id_bytes and formatting.clean(choice.id) == choice.id


def _caption(text: str) -> dict[str, Any]:
    return {"caption": formatting.to_html(text), "parse_mode": "HTML"} if text.strip() else {}


def _document(document: Document) -> dict[str, Any]:
    file = {"field": "document", "filename": document.filename, "media_type": document.media_type}
    return {"method": "sendDocument", "file": {**file, "body": document.body}}


def _venue(place: Place) -> dict[str, Any]:
    point = {"latitude": place.latitude, "longitude": place.longitude}
    title, address = formatting.one_line(place.title), formatting.one_line(place.address)
    if not title or not address:
        return {"method": "sendLocation", **point}
    return {"method": "sendVenue", **point, "title": title, "address": address}


def _chat(to: Address) -> int | str:
    return int(to.value) if to.value.removeprefix("-").isdecimal() else to.value


def _is_group(chat: object) -> bool:
    return isinstance(chat, int) and chat < 0
