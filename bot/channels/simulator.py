"""The simulator's channel: a person at our own page, on what looks like Telegram or WhatsApp.

It stands in front of the channel that it imitates and borrows its rendering and limits, so what does not fit there does
not fit here. Addresses that begin with `sim:` stay in memory and never reach a provider; all others pass through to
the real channel when one is configured, and are refused otherwise.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.channels.base import LONGEST_INBOUND, Channel, Limits, Pace
from bot.errors import Malformed, NotGenuine, Refused
from bot.messages import DeliveryStatus, Inbound, Kind, Outgoing, Payload, Receipt, Received, Reply
from bot.person import Address

MARK = "sim:"
KEPT_BUBBLES = 200
KEPT_PEOPLE = 1000
SAID = (Kind.TEXT, Kind.VOICE, Kind.PHOTO, Kind.STICKER, Kind.LOCATION, Kind.DOCUMENT)
"""What can be said in the simulator besides tapping."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One bubble as the person sees it: the neutral reply, and the calls that the real platform would have got."""

    id: int
    at: datetime
    reply: Reply
    calls: tuple[Mapping[str, Any], ...]
    status: DeliveryStatus = DeliveryStatus.SENT


@dataclass(slots=True)
class _Screen:
    bubbles: deque[Shown] = field(default_factory=lambda: deque(maxlen=KEPT_BUBBLES))
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Simulator:
    """One imitated channel. `live` says that the imitated channel has an account and serves real people as well."""

    def __init__(
        self,
        imitated: Channel,
        *,
        live: bool,
        clock: Callable[[], datetime],
        new_id: Callable[[], int],
        receipts: bool = False,
    ) -> None:
        self.name: str = imitated.name
        self.limits: Limits = imitated.limits
        self.pace: Pace = imitated.pace
        self.imitated = imitated
        self._live = live
        self._clock = clock
        self._new_id = new_id
        self._tells_receipts = receipts
        self._receipts: list[Receipt] = []
        self._screens: OrderedDict[str, _Screen] = OrderedDict()

    def verify(self, got: Received) -> None:
        """Only the real platform is verified here; the simulator's own page does not come this way."""
        if not self._live:
            raise NotGenuine(f"{self.name}: no account is configured")
        self.imitated.verify(got)

    def read(self, got: Received) -> Sequence[Inbound | Receipt]:
        """What the real platform tells."""
        return self.imitated.read(got)

    def said(self, person: str, *, text: str = "", choice: str = "", kind: str = "", at: datetime) -> Inbound:
        """What a person at the page did; raises Malformed. Their bubbles count as read."""
        known = {each.value: each for each in SAID}
        if not person or len(person) > 64 or (kind and kind not in known):
            field_name = "kind" if person and len(person) <= 64 else "person"
            raise Malformed("simulator: not a message", ((field_name, "unknown" if field_name == "kind" else "1-64"),))
        self._read_by(self._screen(person))
        what = Kind.CHOICE if choice else known.get(kind, Kind.TEXT)
        start = what is Kind.TEXT and text.split(" ", 1)[0] == "/start"
        place = (-12.0464, -77.0428) if what is Kind.LOCATION else (None, None)  # the map's usual first view
        return Inbound(
            event=f"sim-{self._new_id()}",
            sender=self.address(person),
            at=at,
            kind=Kind.START if start else what,
            text=(text.partition(" ")[2].strip() if start else text)[:LONGEST_INBOUND],
            choice=choice,
            latitude=place[0],
            longitude=place[1],
        )

    def address(self, person: str) -> Address:
        """Where the person at the page is reached."""
        return Address(self.name, MARK + person)

    def render(self, message: Outgoing) -> Sequence[Payload]:
        """For a simulated person one payload that carries all; raises what the imitated channel raises."""
        calls = self.imitated.render(message)
        if not message.to.value.startswith(MARK):
            return calls
        reply = message.reply.to_json()
        return ({"simulated": message.to.value, "reply": reply, "calls": calls, "reference": message.reference},)

    async def send(self, payload: Payload) -> str:
        """Show it, or pass it on to the real channel."""
        if "simulated" in payload:
            return self._show(payload)
        if not self._live:
            raise Refused(f"{self.name}: no account is configured", "no-account")
        return await self.imitated.send(payload)

    async def acknowledge(self, said: Inbound) -> None:
        """Only a real tap has a spinner."""
        if self._live and not said.sender.value.startswith(MARK):
            await self.imitated.acknowledge(said)

    def shown(self, person: str, after: int = 0) -> tuple[Shown, ...]:
        """The bubbles of one person that came after the one with this id, oldest first."""
        return tuple(bubble for bubble in self._screen(person).bubbles if bubble.id > after)

    async def wait(self, person: str, after: int) -> tuple[Shown, ...]:
        """Like `shown`, but waits until there is one. The caller limits the time."""
        while not (bubbles := self.shown(person, after)):
            changed = self._screen(person).changed
            changed.clear()
            await changed.wait()
        return bubbles

    def receipts(self) -> list[Receipt]:
        """The delivery ticks since the last time, for whoever notes receipts; none where the platform sends none."""
        told, self._receipts = self._receipts, []
        return told

    def _show(self, payload: Payload) -> str:
        screen = self._screen(str(payload["simulated"]).removeprefix(MARK))
        bubble = Shown(self._new_id(), self._clock(), Reply.from_json(payload["reply"]), tuple(payload["calls"]))
        if self._tells_receipts:
            bubble = replace(bubble, status=DeliveryStatus.DELIVERED)
            self._tick(bubble, DeliveryStatus.SENT, payload["reference"])
            self._tick(bubble, DeliveryStatus.DELIVERED, payload["reference"])
        screen.bubbles.append(bubble)
        screen.changed.set()
        return f"sim-{bubble.id}"

    def _read_by(self, screen: _Screen) -> None:
        if not self._tells_receipts:
            return
        for index, bubble in enumerate(screen.bubbles):
            if bubble.status is not DeliveryStatus.READ:
                screen.bubbles[index] = replace(bubble, status=DeliveryStatus.READ)
                self._tick(bubble, DeliveryStatus.READ, "")

    def _tick(self, bubble: Shown, status: DeliveryStatus, reference: str) -> None:
        self._receipts.append(Receipt(f"sim-{bubble.id}", status, reference=reference))
        del self._receipts[: -KEPT_BUBBLES * 10]

    def _screen(self, person: str) -> _Screen:
        screen = self._screens.setdefault(person, _Screen())
        self._screens.move_to_end(person)
        if len(self._screens) > KEPT_PEOPLE:
            self._screens.popitem(last=False)
        return screen
