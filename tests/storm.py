"""A storm of messages: anything that can be typed, tapped or sent, in long conversations, judged bubble by bubble.

python -m tests.storm [RANDOM] [MUTATED]   10,000 and 2,000 when nothing is said; ends with 1 when something is wrong
"""

from __future__ import annotations

import json
import random
import re
import string
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import yaml

from bot.channels import formatting, telegram, whatsapp
from bot.conversation import CallHuman, Context, Forget, LeaveHuman, Relay, State, Turn, advance
from bot.flows import ALL
from bot.messages import LONGEST_LABEL, LONGEST_REPLY, Choice, Inbound, Kind, Reply
from bot.mind import Mind
from bot.person import Address, Language, Person, PersonId, Wish
from bot.settings import HOME, Settings
from bot.understanding.reader import NOTHING_HEARD, Understanding

TESTS = Path(__file__).parent
MEDIA = (Kind.PHOTO, Kind.VOICE, Kind.STICKER, Kind.LOCATION, Kind.DOCUMENT, Kind.OTHER)
FALLBACKS = ("miss.", "media.", "stale", "language.other", "which.sorry", "which.not_that", "source.nothing")
ALWAYS = (
    "menu menú atrás cancelar ayuda fuente persona baja idioma borrar gracias hola english español si no ok 1 2 3 9 0"
)
EMOJI = "😀👍👎🙏🏽🇻🇪❤️👨‍👩‍👧😭🔥✅🤷🏾‍♀️"
STRANGE = "\x00\x07\x1b\u200b\u200d\u202e\u2028\ufeff\u0301\t\r\n\ud800<>&*_[]()`~#|{}%$\\\"'/;:"
SENTENCES = (
    "Bonjour, je voudrais un permis de travail",
    "olá, preciso de um documento por favor",
    "Guten Tag, wo bekomme ich Hilfe",
    "hello quiero saber how to get the carnet please",
    "我需要帮助", "мне нужна помощь", "أحتاج إلى مساعدة", "necesito help con mi papel s'il vous plaît",
)  # fmt: skip
ALERT = {"id": "7", "title": "Ayudante de cocina con experiencia", "employer": "Restaurante", "state": "open"}
ALERTS = (ALERT, ALERT | {"id": "8"}, ALERT | {"id": "9", "state": "closed"})


@dataclass(frozen=True, slots=True)
class Words:
    """What people say: whole messages of ours, and the single words of the vocabulary."""

    messages: Sequence[str]
    words: Sequence[str]


@lru_cache(maxsize=1)
def words() -> Words:
    """The labelled questions, the danger messages, the lines of the transcripts."""
    labelled = [yaml.safe_load((TESTS / f"data/{name}.yaml").read_text("utf-8")) for name in ("questions", "danger")]
    messages = [row["text"] for rows in labelled for row in rows]
    for file in sorted((TESTS / "transcripts").rglob("*.txt")):
        messages += [
            line.removeprefix("Ana: ") for line in file.read_text("utf-8").splitlines() if line.startswith("Ana: ")
        ]
    known = re.findall(r"\w+", (HOME / "content/vocabulario.yaml").read_text("utf-8") + " ".join(messages))
    return Words([text for text in messages if not text.startswith(("<", "["))], sorted(set(known)))


def noise(chance: random.Random) -> str:
    """One random message."""
    kind = chance.randrange(10)
    if kind == 0:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(1, 60)))
    if kind == 1:
        return "".join(chance.choice(EMOJI) for _ in range(chance.randrange(1, 12)))
    if kind == 2:
        return chance.choice(("a", "hola ", "1", "ñ", "😀", "\n", "**", "[x](http://y)")) * chance.randrange(1, 3_000)
    if kind == 3:
        return "".join(chance.choice(string.digits + " .,-") for _ in range(chance.randrange(1, 20)))
    if kind == 4:
        return "".join(chance.choice(STRANGE) for _ in range(chance.randrange(0, 20)))
    if kind == 5:
        return chance.choice(SENTENCES) + chance.choice(("", " ?", " " + chance.choice(words().words)))
    if kind == 6:
        return chance.choice(ALWAYS.split())
    if kind == 7:
        return "".join(chance.choice(string.printable + "áéíóúñ¿¡") for _ in range(chance.randrange(1, 80)))
    return " ".join(chance.choice(words().words) for _ in range(chance.randrange(1, 12)))


def mutated(chance: random.Random) -> str:
    """A real message as a hurried thumb writes it."""
    text = chance.choice(words().messages)
    for _ in range(chance.randrange(1, 4)):
        text = chance.choice(_SLIPS)(text, chance)
    return text


def _typo(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(string.ascii_lowercase) + text[at + chance.randrange(2) :]


def _swap(text: str, chance: random.Random) -> str:
    at = chance.randrange(max(len(text) - 1, 1))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _repeat(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at : at + 1] * chance.randrange(2, 9) + text[at + 1 :]


def _drop_word(text: str, chance: random.Random) -> str:
    parts = text.split(" ")
    del parts[chance.randrange(len(parts))]
    return " ".join(parts)


_SLIPS = (
    _typo,
    _swap,
    _repeat,
    _drop_word,
    lambda text, chance: text.replace(" ", "", chance.randrange(1, 9)),
    lambda text, _: text.upper(),
    lambda text, chance: f"{text}{chance.choice((' ', chr(10), '. ', ' y '))}{chance.choice(words().messages)}",
)  # fmt: skip


@dataclass
class Storm:
    """Long conversations of many people with the real engine; what is wrong is collected, not raised."""

    mind: Mind
    chance: random.Random
    wrong: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    turns: int = 0

    def blow(self, random_messages: int, mutated_messages: int, long: int = 40) -> None:
        """So many messages of each kind, mixed, in conversations of `long` turns."""
        kinds = [noise] * random_messages + [mutated] * mutated_messages
        self.chance.shuffle(kinds)
        for at in range(0, len(kinds), long):
            talk = _Talk(self)
            for make in kinds[at : at + long]:
                talk.turn(make)

    def blame(self, what: str, said: Inbound, reply: Reply | None = None) -> None:
        """Something is wrong."""
        self.wrong.append(f"{what}: {said.kind} {said.text[:120]!r} {said.choice!r} -> {reply and reply.text[:120]!r}")


class _Talk:
    """One person's conversation; the state goes through JSON between all turns."""

    def __init__(self, storm: Storm) -> None:
        chance = storm.chance
        self.storm, self.chance, self.mind = storm, chance, storm.mind
        address = Address(chance.choice(("telegram", "whatsapp")), "sim:storm")
        language = Language(chance.choice(("es", "es", "en")))
        wish = Wish(("15",), ("limpieza",)) if chance.random() < 0.3 else None
        self.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
        self.person = Person(PersonId(1), address, language, since=self.now, wish=wish)
        self.state, self.staffed, self.demo = State(), chance.random() < 0.3, chance.random() < 0.7
        self.handed = False
        self.tapped: list[str] = ["x/y", "", "/", "a/nada/nada", "s/empleo/alertas/nada", "t/titulos/99", "resume"]
        self.offered: tuple[Choice, ...] = ()
        self.before = ""

    def turn(self, make) -> None:
        """One message and everything that is asked of its answer."""
        self.storm.turns += 1
        self.now += timedelta(seconds=self.chance.choice((1, 5, 60, 90_000)))
        said = self._said(make)
        heard = self.mind.reader.understand_now(said.text) if said.kind is Kind.TEXT else NOTHING_HEARD
        ctx = self._context(heard)
        try:
            turn = advance(State.from_json(json.loads(json.dumps(self.state.to_json()))), said, ctx, ALL)
        except Exception as error:  # noqa: BLE001  whatever it is, the storm goes on and tells it at the end
            self.storm.blame(f"{type(error).__name__} {error}", said)
            self.state = State()
            return
        self._judge(said, turn)
        self.handed = self.staffed and _handed(turn, self.handed)
        self.state, self.person = turn.state, self.mind.after(self.person, turn.effects, self.now)
        self.offered = turn.replies[-1].choices if turn.replies else ()
        self.tapped += [choice.id for choice in self.offered]

    def _said(self, make) -> Inbound:
        base = Inbound(str(self.storm.turns), self.person.address, self.now)
        lot = self.chance.random()
        if lot < 0.2 and self.offered:
            return replace(base, kind=Kind.CHOICE, choice=self.chance.choice(self.offered).id)
        if lot < 0.28:
            stale = self.chance.choice(self.tapped)
            broken = stale[: self.chance.randrange(len(stale) + 1)] + self.chance.choice(("", "/", "/1", "é", "/x/y"))
            return replace(base, kind=Kind.CHOICE, choice=self.chance.choice((stale, broken)) or "?")
        if lot < 0.34:
            return replace(base, kind=self.chance.choice(MEDIA), text=self.chance.choice(("", "mi carnet")))
        if lot < 0.36:
            kind = self.chance.choice((Kind.START, Kind.LEFT, Kind.CAME_BACK))
            return replace(base, kind=kind, text=self.chance.choice(("", "a_titulos_medicos", "menu", "_", "ñ_1")))
        return replace(base, text=make(self.chance)[:4096])

    def _context(self, heard: Understanding) -> Context:
        return Context(
            person=self.person,
            now=self.now,
            library=self.mind.library,
            wording=self.mind.wording,
            heard=heard,
            demo=self.demo,
            staffed=self.staffed,
            handed=self.handed,
            alerts=ALERTS if self.person.wish else (),
            weigh=self.mind.weigh,
        )

    def _judge(self, said: Inbound, turn: Turn) -> None:
        blame = self.storm.blame
        if not turn.replies:
            if said.kind is not Kind.LEFT and not any(isinstance(effect, Relay) for effect in turn.effects):
                blame("no reply", said)
            return
        for reply in turn.replies:
            for what in unfit(reply):
                blame(what, said, reply)
        self._judge_ways_on(said, turn)
        fallback = self._fallback(turn.replies[0].text)
        if fallback and turn.replies[0].text == self.before:
            blame(f"{fallback} twice in a row", said, turn.replies[0])
        if said.kind is Kind.CHOICE and fallback == "stale" and said.choice in {choice.id for choice in self.offered}:
            blame("a button just offered is stale", said, turn.replies[0])
        self.before = turn.replies[0].text
        self.storm.kinds[fallback or "answer"] += 1

    def _judge_ways_on(self, said: Inbound, turn: Turn) -> None:
        last = turn.replies[-1]
        word = "menú" in last.text or '"menu"' in last.text  # while the team reads, words are named instead of buttons
        if not (last.choices or word or any(isinstance(effect, Forget) for effect in turn.effects)):
            self.storm.blame("dead end", said, last)
        for choice in last.choices:
            name = choice.id.split("/")[0]
            if name == "resume" and not self._resumes(turn.state):
                self.storm.blame("nothing to go on with", said, last)
            if name not in {"back", "resume"} and ALL.route(name) is None:
                self.storm.blame(f"no way {choice.id}", said, last)

    def _resumes(self, state: State) -> bool:
        flow = ALL.named(state.flow or next((parked.flow for parked in state.parked), ""))
        return flow is not None and flow.resume is not None

    def _fallback(self, text: str) -> str:
        return next((key for key, said in _fallbacks(self.mind) if text.startswith(said)), "")


@lru_cache(maxsize=2)
def _fallbacks(mind: Mind) -> list[tuple[str, str]]:
    said = []
    for language in ("es", "en"):
        keys = sorted(key for key in mind.wording.keys(language) if key.startswith(FALLBACKS) and "stale." not in key)
        said += [(key, mind.wording.text(key, language)) for key in keys]
    return said


def _handed(turn: Turn, before: bool) -> bool:
    """Whether the person is talking with the team after this turn."""
    for effect in turn.effects:
        if isinstance(effect, CallHuman | LeaveHuman | Forget):
            before = isinstance(effect, CallHuman)
    return before


def unfit(reply: Reply) -> Iterator[str]:
    """Why a bubble cannot be shown as it is on every channel."""
    if not reply.text.strip():
        yield "empty"
    if len(reply.text) > LONGEST_REPLY:
        yield f"{len(reply.text)} characters"
    if len(formatting.numbered(reply.choices)) + len(reply.text) + 2 > whatsapp.LIMITS.text:
        yield "too long with its choices"
    if len(reply.choices) > 10:
        yield f"{len(reply.choices)} choices"
    for choice in reply.choices:
        if not 0 < len(choice.title) <= LONGEST_LABEL or not choice.title.strip():
            yield f"label {choice.title!r}"
        if not 0 < len(choice.id.encode()) <= telegram.LIMITS.choice_id_bytes:
            yield f"id {choice.id!r}"
    for name in ("id", "title"):
        given = [getattr(choice, name) for choice in reply.choices]
        if len(set(given)) < len(given):
            yield f"the same {name} twice {given}"


def main() -> int:
    """The storm in full."""
    given = [int(word) for word in sys.argv[1:]] or [10_000, 2_000]
    mind = Mind(Settings(content=HOME / "content", encoder="off"), lambda: datetime.now(UTC))
    storm = Storm(mind, random.Random(7))
    storm.blow(*given)
    for line in storm.wrong[:60]:
        print(line)
    print(f"{storm.turns} messages, {len(storm.wrong)} wrong; {dict(storm.kinds.most_common(12))}")
    return int(bool(storm.wrong))


if __name__ == "__main__":
    sys.exit(main())
