"""What people say to us and what we say to them, the same on every channel. Pure data.

`Reply.text` is written in our own small Markdown: **bold**, `- ` and `1. ` lists, [text](url).
Each channel renders it its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.person import Address

LONGEST_REPLY = 1024
"""Characters of one bubble, source line included: WhatsApp's interactive body, and what a person reads at once."""

LONGEST_LABEL = 20
"""Characters of a button: WhatsApp's quick-reply title."""


class Kind(StrEnum):
    """What arrived."""

    TEXT = "text"
    CHOICE = "choice"  # a tap on a button or list row
    START = "start"  # /start, with its payload in `text`
    PHOTO = "photo"
    VOICE = "voice"
    STICKER = "sticker"
    LOCATION = "location"
    DOCUMENT = "document"
    REACTION = "reaction"  # an emoji on a bubble: the emoji in `text`, the provider's id of the bubble in `choice`
    TEAM = "team"  # somebody of the team wrote in their group: the thread in `choice`
    OTHER = "other"  # something a person sent that we have no name for
    LEFT = "left"  # the person blocked us
    CAME_BACK = "came_back"  # the person unblocked us


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that one person did, as the channel read it."""

    event: str  # the platform's id: the same id is the same message, however often it arrives
    sender: Address
    at: datetime  # aware, UTC: when it was received
    kind: Kind = Kind.TEXT
    text: str = ""
    choice: str = ""  # id of the choice that was tapped
    hint: str = ""  # language tag that the platform gives, "" when it gives none
    aliases: tuple[Address, ...] = ()  # other addresses of the same person
    tap: str = ""  # Telegram's callback query id, to be answered at once
    latitude: float | None = None
    longitude: float | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One way on, offered to the person. `title` is at most 20 characters, `id` at most 60 bytes."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Document:
    """A small file that goes beside the bubble because it was asked for. `link` serves channels that cannot carry it."""

    filename: str
    media_type: str
    body: str  # text files only (.ics)
    link: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A pin on the map that goes beside the bubble because it was asked for."""

    latitude: float
    longitude: float
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Template:
    """An approved WhatsApp template with its variables, for outside the 24-hour window."""

    name: str
    language: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One bubble, in the neutral form that is stored in the outbox."""

    text: str
    choices: tuple[Choice, ...] = ()
    article: str | None = None  # id of the article that it shows, for statistics and the simulator
    document: Document | None = None
    place: Place | None = None
    template: Template | None = None
    thread: str = ""  # topic of the team's group that it goes to

    def to_json(self) -> dict[str, Any]:
        """A plain mapping that `from_json` reads back to an equal reply."""
        out: dict[str, Any] = {"text": self.text}
        if self.choices:
            out["choices"] = [[c.id, c.title] for c in self.choices]
        if self.article:
            out["article"] = self.article
        if self.document:
            out["document"] = [self.document.filename, self.document.media_type, self.document.body, self.document.link]
        if self.place:
            out["place"] = [self.place.latitude, self.place.longitude, self.place.title, self.place.address]
        if self.template:
            out["template"] = [self.template.name, self.template.language, dict(self.template.variables)]
        if self.thread:
            out["thread"] = self.thread
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reply:
        """The reply that `to_json` wrote down."""
        return cls(
            text=data["text"],
            choices=tuple(Choice(*pair) for pair in data.get("choices", ())),
            article=data.get("article"),
            document=Document(*data["document"]) if "document" in data else None,
            place=Place(*data["place"]) if "place" in data else None,
            template=Template(*data["template"]) if "template" in data else None,
            thread=data.get("thread", ""),
        )


class DeliveryStatus(StrEnum):
    """How far a message came, as the provider tells it. A later one never goes back to an earlier one."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the provider says became of a message that we gave it."""

    provider_id: str
    status: DeliveryStatus
    error: str = ""  # the provider's code
    left: bool = False  # the person blocked us or opted out
    reference: str = ""  # our own delivery reference, when the callback URL carried it


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in, before anything of it is believed. `url` is the public one that the platform called."""

    body: bytes
    headers: Mapping[str, str]  # lower-case names
    url: str
    at: datetime


Payload = Mapping[str, Any]
"""What one call to a provider carries, made by `Channel.render`."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out: whom to, what, and what the channel must know to choose its form."""

    to: Address
    reply: Reply
    reference: str  # our own id of this delivery, stable over retries
    window_open: bool = True  # WhatsApp: the person wrote within the last 24 hours
    crowd: bool = False  # part of a broadcast
    language: str = "es"
