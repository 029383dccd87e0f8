"""What one Telegram update says: a message, a tap, a thumb, a block, a word of the team. Pure; no call is made here.

Read from the JSON itself, field by field: what is missing or of another type raises, and `Telegram.read` tells which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from telegram.constants import MessageAttachmentType, MessageType

from bot.channels.base import LONGEST_INBOUND
from bot.messages import Inbound, Kind, Received
from bot.person import Address

WANTED = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
"""The kinds of update that we ask Telegram for."""

KINDS: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "location": Kind.LOCATION,
    "photo": Kind.PHOTO,
    "live_photo": Kind.PHOTO,
    "voice": Kind.VOICE,
    "audio": Kind.VOICE,
    "video_note": Kind.VOICE,
    "sticker": Kind.STICKER,
    "document": Kind.DOCUMENT,
}
"""Field of a message that says what it is. Without any of them a message is OTHER, or tells of the chat itself."""

_WRITTEN = {"text", "checklist", "effect_id", "business_connection_id", "reply_to_story", "sender_boost_count"}
_WRITTEN |= {"sender_business_bot", "giveaway", "suggested_post_info"}
SERVICE = ({kind.value for kind in MessageType} - {kind.value for kind in MessageAttachmentType} - _WRITTEN) | {
    "successful_payment",
    "new_chat_member",
    "migrate_from_chat_id",
}
"""Fields of messages that nobody wrote: a pinned message, a changed timer. They are not answered."""

# The bot's own standing in a private chat: kicked when the person blocks it, member when they come back.
STANDING: Mapping[str, Kind] = {"kicked": Kind.LEFT, "left": Kind.LEFT, "member": Kind.CAME_BACK}


def _message(message: Mapping[str, Any], event: str, got: Received, *, edited: bool = False) -> Inbound | None:
    sender = message["from"]
    if message["chat"]["type"] != "private" or sender["is_bot"]:
        return None
    field = next((field for field in KINDS if field in message), "")
    if (not field and not SERVICE.isdisjoint(message)) or (edited and field == "location"):
        return None  # a service message, or the next step of a shared live location
    kind = KINDS.get(field, Kind.OTHER)
    kind, text = _command(str(message.get("text") or message.get("caption") or "")[:LONGEST_INBOUND], kind)
    place = message["location"] if kind is Kind.LOCATION else {}
    return Inbound(
        event=event,
        sender=Address("telegram", str(int(message["chat"]["id"]))),
        at=got.at,
        kind=kind,
        text=text,
        hint=str(sender.get("language_code") or ""),
        latitude=float(place["latitude"]) if place else None,
        longitude=float(place["longitude"]) if place else None,
        edited=edited,
    )


def _edited(message: Mapping[str, Any], event: str, got: Received) -> Inbound | None:
    return _message(message, event, got, edited=True)


def _command(text: str, kind: Kind) -> tuple[Kind, str]:
    """`/start payload` is a START with the payload; `/menu@OurBot` is the text `/menu`."""
    if kind is not Kind.TEXT or not text.startswith("/"):
        return kind, text
    command, _, rest = text.partition(" ")
    command = command.partition("@")[0]
    return (Kind.START, rest.strip()) if command == "/start" else (kind, f"{command} {rest}".strip())


def _tap(query: Mapping[str, Any], event: str, got: Received) -> Inbound | None:
    """A tap; the message it stood under may be inaccessible or gone, so only the sender counts."""
    chat = (query.get("message") or {}).get("chat") or {"type": "private"}
    if chat["type"] != "private" or not query.get("data"):
        return None
    return Inbound(
        event=event,
        sender=Address("telegram", str(int(query["from"]["id"]))),
        at=got.at,
        kind=Kind.CHOICE,
        choice=str(query["data"]),
        hint=str(query["from"].get("language_code") or ""),
        tap=str(query["id"]),
    )


def _standing(change: Mapping[str, Any], event: str, got: Received) -> Inbound | None:
    kind = STANDING.get(change["new_chat_member"]["status"])
    if change["chat"]["type"] != "private" or kind is None:
        return None
    return Inbound(event=event, sender=Address("telegram", str(int(change["chat"]["id"]))), at=got.at, kind=kind)


def _reaction(change: Mapping[str, Any], event: str, got: Received) -> Inbound | None:
    """An emoji that a person put on a bubble; one that was taken away tells nothing."""
    put = [one["emoji"] for one in change["new_reaction"] if one.get("type") == "emoji"]
    before = [one.get("emoji") for one in change["old_reaction"]]
    new = [emoji for emoji in put if emoji not in before]
    if change["chat"]["type"] != "private" or not new:
        return None
    return Inbound(
        event=event,
        sender=Address("telegram", str(int(change["chat"]["id"]))),
        at=got.at,
        kind=Kind.REACTION,
        text=str(new[0])[:16],
        choice=str(int(change["message_id"])),
    )


READERS: Mapping[str, Callable[[Mapping[str, Any], str, Received], Inbound | None]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _tap,
    "my_chat_member": _standing,
    "message_reaction": _reaction,
}


def said_by_team(message: Mapping[str, Any], event: str, got: Received) -> Inbound | None:
    """What a person of the team wrote in a topic of their group; nothing for the group's own notices."""
    field = next((field for field in KINDS if field in message), "")
    if message["from"]["is_bot"] or not field or "message_thread_id" not in message:
        return None
    return Inbound(
        event=event,
        sender=Address("staff", str(int(message["chat"]["id"]))),
        at=got.at,
        kind=Kind.TEAM,
        text=str(message.get("text") or "")[:LONGEST_INBOUND],
        choice=str(int(message["message_thread_id"])),
    )
