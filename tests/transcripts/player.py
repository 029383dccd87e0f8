"""Plays a conversation written as text through the real engine, the state going through JSON between all lines.

A file is a heading, then lines of the person (`Ana: hola`, `Ana: [Menú]` for a tap, `Ana: <foto>`), the bot's bubbles,
`-- 3 días después` for the clock, `>> Mozo | Bar Norte | Lince | 1300` for a vacancy and
`-- llega el aviso` for the digest of those that met the wish, and `=> ...` for what the turn asked the world to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.alerts.digest import digest
from bot.alerts.matching import meets
from bot.alerts.vacancy import Vacancy
from bot.conversation import Context, Effect, State, Turn, advance
from bot.flows import ALL
from bot.messages import Choice, Inbound, Kind, Outgoing, Reply
from bot.mind import Mind
from bot.person import Address, Language, Person, PersonId
from bot.understanding.reader import NOTHING_HEARD
from tests.vacancy_kit import reader

HEAD = re.compile(
    r"^# .*?(?:canal: (?P<channel>\w+))?\s*(?:idioma: (?P<language>\w+))?\s*(?:reloj: (?P<clock>[\d-]+ [\d:]+))?$"
)
LATER = re.compile(r"^-- (\d+) (minuto|hora|día|semana|mes)(?:s|es)? después$")
UNITS = {
    "minuto": timedelta(minutes=1),
    "hora": timedelta(hours=1),
    "día": timedelta(days=1),
    "semana": timedelta(weeks=1),
}
UNITS["mes"] = timedelta(days=30)
KINDS = {
    "foto": Kind.PHOTO,
    "voz": Kind.VOICE,
    "sticker": Kind.STICKER,
    "lugar": Kind.LOCATION,
    "archivo": Kind.DOCUMENT,
}
KINDS |= {"start": Kind.START, "bloquea": Kind.LEFT, "vuelve": Kind.CAME_BACK}


@dataclass
class Stage:
    """Where a conversation is played: one person, one clock, one channel."""

    mind: Mind
    person: Person
    now: datetime
    state: State
    offered: tuple[Choice, ...] = ()
    lines: int = 0
    posted: list[Vacancy] = field(default_factory=list)
    told: list[Mapping[str, Any]] = field(default_factory=list)

    def post(self, written: str) -> None:
        """A partner publishes a vacancy."""
        title, employer, place, pay = (part.strip() for part in written.split("|"))
        name = str(len(self.posted) + 1)
        spots = reader().places.mentioned(place)
        self.posted.append(
            Vacancy("bolsa", name, title, employer, f"Puesto de {title.lower()}.", tuple(spots), float(pay), id=name)
        )

    def digest(self) -> Turn:
        """Those that meet the wish and were not told are told."""
        assert self.person.wish is not None
        known = {one["id"] for one in self.told}
        fresh = [one for one in self.posted if one.id not in known and meets(self.person.wish, one, self.now) is None]
        reply = digest(fresh, self.mind.wording, str(self.person.language), reader().places.name).reply
        self.told = [*({**one.to_json(), "at": self.now} for one in fresh), *self.told]
        self.state = replace(self.state, offered=reply.choices)
        self.offered = reply.choices
        return Turn(self.state, (reply,))

    def say(self, text: str) -> Turn:
        """The person says, taps or sends something."""
        said = self._said(text)
        heard = self.mind.reader.understand_now(said.text) if said.kind is Kind.TEXT else NOTHING_HEARD
        ctx = Context(
            person=self.person,
            now=self.now,
            library=self.mind.library,
            wording=self.mind.wording,
            heard=heard,
            demo=True,
            public_url="https://rumbo.example",
            known_codes={"ABC123": "Feria de prueba"},
            weigh=self.mind.weigh,
            alerts=self.told,
        )
        turn = advance(State.from_json(json.loads(json.dumps(self.state.to_json()))), said, ctx, ALL)
        self.state = turn.state
        self.person = self.mind.after(self.person, turn.effects, self.now)
        self.offered = turn.replies[-1].choices if turn.replies else ()
        return turn

    def _said(self, text: str) -> Inbound:
        self.lines += 1
        base = Inbound(str(self.lines), self.person.address, self.now)
        if tapped := re.fullmatch(r"\[(.+)\]", text):
            ids = {choice.title: choice.id for choice in self.offered}
            return replace(base, kind=Kind.CHOICE, choice=ids.get(tapped[1], tapped[1]))
        if sent := re.fullmatch(r"<(\w+)(?: (\S+))?>", text):
            return replace(base, kind=KINDS[sent[1]], text=sent[2] or "")
        return replace(base, text=text.replace(" / ", "\n"))

    def outgoing(self, reply: Reply) -> Outgoing:
        """The reply as it goes to a channel."""
        return Outgoing(self.person.address, reply, "1-1", language=str(self.person.language))


def stage(mind: Mind, heading: str) -> Stage:
    """The stage that a heading asks for."""
    found = HEAD.match(heading)
    assert found, f"the first line must be a heading: {heading}"
    lima = ZoneInfo("America/Lima")
    now = datetime.strptime(found["clock"] or "2026-11-23 09:00", "%Y-%m-%d %H:%M").replace(tzinfo=lima)
    address = Address(found["channel"] or "telegram", "sim:ana")
    person = Person(PersonId(1), address, Language(found["language"] or "es"), since=now)
    return Stage(mind, person, now, State())


def play(mind: Mind, file: Path) -> Iterator[tuple[Stage, Turn | None, str]]:
    """Every line of the file with what came of it: the stage, the turn (None for other lines), the line played."""
    heading, *lines = file.read_text(encoding="utf-8").splitlines()
    here = stage(mind, heading)
    yield here, None, heading
    for line in lines:
        if later := LATER.match(line):
            here.now += int(later[1]) * UNITS[later[2]]
            yield here, None, line
        elif line.startswith("Ana: "):
            yield here, here.say(line.removeprefix("Ana: ")), line
        elif line.startswith(">> "):
            here.post(line.removeprefix(">> "))
            yield here, None, line
        elif line == "-- llega el aviso":
            yield here, here.digest(), line


def written(turn: Turn) -> list[str]:
    """A turn as it stands in the file."""
    lines: list[str] = []
    for reply in turn.replies:
        first, *rest = reply.text.split("\n")
        lines.append(f"Bot: {first}")
        lines += [f"     {line}".rstrip() for line in rest]
        if reply.choices:
            lines.append("     " + " ".join(f"[{choice.title}]" for choice in reply.choices))
        if reply.document:
            lines.append(f"     <{reply.document.filename}>")
    return lines + [f"  => {effect(one)}" for one in turn.effects]


def effect(one: Effect) -> str:
    """An effect in one line."""
    facts = ", ".join(f"{name}={_short(getattr(one, name))}" for name in one.__slots__)
    return f"{type(one).__name__} {facts}".strip()


def _short(value: object) -> str:
    text = re.sub(r"\w+=(?:\(\)|None|True)(?:, )?", "", repr(value))
    return text.replace("\n", " ")


def rewritten(mind: Mind, file: Path) -> str:
    """The file with the bot's lines as they are now."""
    out: list[str] = []
    for _, turn, line in play(mind, file):
        if turn is not None or (line.startswith(("--", ">>")) and not (out and out[-1].startswith(">>"))):
            out.append("")
        out.append(line)
        if turn is not None:
            out += written(turn)
    return "\n".join(out) + "\n"
