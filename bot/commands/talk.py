"""`rumbo chat | ask | eval | offer`: talking to Rumbo without a phone, and measuring what it says."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from bot import settings
from bot.alerts.trust import Offer
from bot.channels import formatting
from bot.clock import Clock
from bot.conversation import Context, State, advance
from bot.errors import BadContent
from bot.flows import ALL
from bot.messages import Inbound, Reply
from bot.mind import Mind, think
from bot.person import Address, Language, Person, PersonId
from bot.understanding.evaluate import evaluate, read_questions
from bot.understanding.reader import Understanding


def add_to(commands: Any) -> None:
    """Add the commands for talking."""
    chat = commands.add_parser("chat", help="a conversation in the terminal")
    chat.add_argument("--channel", choices=("telegram", "whatsapp"), default="telegram")
    chat.add_argument("--lang", choices=("es", "en"), default="es")
    chat.set_defaults(act=_chat)
    ask = commands.add_parser("ask", help="what a first message would get")
    ask.add_argument("question", nargs="*", metavar="QUESTION")
    ask.add_argument("--file", type=Path, help="a YAML list of {id, text}")
    ask.add_argument("--json", action="store_true")
    ask.set_defaults(act=_ask)
    offer = commands.add_parser("offer", help="the trust gate on a pasted offer")
    offer.add_argument("text", nargs="*", metavar="TEXT")
    offer.add_argument("--file", type=Path, help="a YAML list of {id, text}")
    offer.add_argument("--json", action="store_true")
    offer.set_defaults(act=_offer)
    measure = commands.add_parser("eval", help="how well the questions of a file are answered")
    measure.add_argument("file", type=Path)
    measure.add_argument("--json", action="store_true")
    measure.set_defaults(act=_eval)


def read_items(file: Path) -> list[dict[str, Any]]:
    """The items of a question or offer file; raises BadContent with what is wrong."""
    try:
        items = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadContent(f"{file}: cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(items, list) or not all(isinstance(i, dict) and {"id", "text"} <= set(i) for i in items):
        raise BadContent(f"{file}: must be a list of items with id and text")
    return [{**item, "id": str(item["id"]), "text": str(item["text"])} for item in items]


def _items(given: argparse.Namespace, words: list[str]) -> list[dict[str, Any]]:
    if given.file:
        return read_items(given.file)
    text = " ".join(words) or sys.stdin.read().strip()
    return [{"id": "q1", "text": text}]


def _ask(given: argparse.Namespace) -> int:
    items = _items(given, given.question)
    answers = asyncio.run(answers_to([item["text"] for item in items]))
    for item, answer in zip(items, answers, strict=True):
        if given.json:
            print(json.dumps({"id": item["id"], **answer}, ensure_ascii=False))
        else:
            print(answer["text"], end="\n\n")
    return 0


async def answers_to(texts: Iterable[str], chosen: settings.Settings | None = None) -> list[dict[str, Any]]:
    """What each text would get as somebody's first message, in the form of `rumbo ask --json` without the id."""
    mind = await think(chosen or settings.load())
    return [_answer(text, await mind.reader.understand(text), mind) for text in texts]


def _answer(text: str, heard: Understanding, mind: Mind) -> dict[str, Any]:
    reply = first_reply(text, heard, mind)
    hits = heard.ranking.hits
    control = str(heard.control) if heard.control else None
    control = "language_es" if control == "language" else control  # the outer list knows no bare "which language"
    found: dict[str, Any] = {"kind": "none", "article": None, "choices": [], "control": None}
    if heard.danger is not None:
        found |= {
            "kind": "urgent",
            "article": heard.danger.article,
            "choices": [heard.danger.article, *heard.danger.also],
        }
    elif control:
        found |= {"kind": "control", "control": control}
    else:
        found |= {"choices": [hit.article for hit in hits[:3]]}
        if heard.ranking.outcome == "answer":
            found |= {"kind": "answer", "article": hits[0].article}
        elif heard.ranking.outcome == "choices":
            found |= {"kind": "choices"}
    score = round(float(hits[0].probability), 4) if hits else 0.0
    return {**found, "score": score, "text": reply.text}


def first_reply(text: str, heard: Understanding, mind: Mind) -> Reply:
    """The reply of a first message, from the real conversation."""
    said = Inbound("ask", Address("telegram", "ask"), mind.now(), text=text)
    return advance(State(), said, stranger(mind, heard), ALL).replies[0]


def stranger(mind: Mind, heard: Understanding, language: str = "es", channel: str = "telegram") -> Context:
    """Somebody who writes for the first time."""
    person = Person(PersonId(0), Address(channel, "sim:terminal"), Language(language), since=mind.now())
    return Context(person, mind.now(), mind.library, mind.wording, heard, demo=True)


def _offer(given: argparse.Namespace) -> int:
    mind = asyncio.run(think(settings.load(), encoder=False))
    for item in _items(given, given.text):
        verdict = mind.gate.judge(Offer(item["text"]))
        reasons = [mind.wording.text(f"trust.reason.{signal}") for signal in verdict.signals]
        found = {"id": item["id"], "hold": verdict.hold, "signals": list(verdict.signals), "reasons": reasons}
        if given.json:
            print(json.dumps(found, ensure_ascii=False))
        else:
            print("DETENER" if verdict.hold else "sin señales", *(f"- {reason}" for reason in reasons), sep="\n")
    return 0


def _eval(given: argparse.Namespace) -> int:
    try:
        questions = read_questions(given.file)
    except (OSError, ValueError) as error:
        raise BadContent(f"{given.file}: {error}") from error
    texts = [question.text for question in questions]
    answers = dict(zip(texts, asyncio.run(answers_to(texts)), strict=True))
    found = evaluate(questions, answers.__getitem__)
    print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1) if given.json else found.to_text())
    return 0


class Talk:
    """One person's conversation in memory: the real engine, no database."""

    def __init__(self, mind: Mind, channel: str, language: str, clock: Callable[[], datetime]) -> None:
        self._mind = mind
        self._clock = clock
        self.person = Person(PersonId(1), Address(channel, "sim:terminal"), Language(language), since=clock())
        self.state = State()

    async def say(self, text: str) -> tuple[Reply, ...]:
        """Say one thing and get the replies; effects on the person are kept for the next turn."""
        heard = await self._mind.reader.understand(text)
        ctx = Context(
            self.person, self._clock(), self._mind.library, self._mind.wording, heard, demo=True, weigh=self._mind.weigh
        )
        said = Inbound("chat", self.person.address, self._clock(), text=text)
        turn = advance(self.state, said, ctx, ALL)
        self.state = State.from_json(turn.state.to_json())
        self.person = self._mind.after(self.person, turn.effects, self._clock())
        return turn.replies


def _chat(given: argparse.Namespace) -> int:
    return asyncio.run(_hold_chat(given.channel, given.lang))


async def _hold_chat(channel: str, language: str) -> int:
    clock = Clock()
    mind = await think(settings.load())
    talk = Talk(mind, channel, language, clock)
    print(mind.wording.text("chat.hint", language))
    while True:
        try:
            text = await asyncio.to_thread(input, "\n> ")
        except (EOFError, KeyboardInterrupt):
            print()
            return 0
        for reply in await talk.say(text):
            print("\n" + show(reply))


def show(reply: Reply) -> str:
    """A bubble in the terminal: plain words, numbered choices."""
    lines = [formatting.to_plain(reply.text)]
    lines += [f"  {number}. {choice.title}" for number, choice in enumerate(reply.choices, 1)]
    if reply.document is not None:
        lines.append(f"  [{reply.document.filename}]")
    return "\n".join(lines)
