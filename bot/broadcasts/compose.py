"""What an announcement says, in every language and on every channel: from a fair's file or from a text. Pure.

The wording comes from `ui.po`. Every text made here fits one bubble on every channel, or is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from bot.broadcasts.audience import CHANNELS, Kind, Topic
from bot.broadcasts.states import NotPossible
from bot.channels import formatting
from bot.channels.whatsapp import variable
from bot.channels.whatsapp_content import Category, TemplateText
from bot.library.fairs import Fair
from bot.library.library import Library
from bot.messages import LONGEST_REPLY, Choice, Reply, Template
from bot.storage.templates import Content
from bot.wording import LANGUAGES, MAIN, Wording

TEMPLATES: Mapping[Kind, tuple[str, Category]] = {
    Kind.FAIR: ("rumbo_feria", Category.MARKETING),
    Kind.REMINDER: ("rumbo_feria_recordatorio", Category.UTILITY),
    Kind.CORRECTION: ("rumbo_feria_cambio", Category.UTILITY),
    Kind.TEXT: ("rumbo_aviso", Category.MARKETING),
}
"""The WhatsApp template of each kind. Meta decides about the category; this is what we ask for."""


def category(kind: Kind, language: str, known: Mapping[tuple[str, str], str]) -> str:
    """The category by which a template of this kind is billed: the one Meta decided, if `known`, else the one we ask for."""
    name, asked = TEMPLATES[kind]
    return (known.get((name, language)) or asked.value).lower()


def categories(kind: Kind, known: Mapping[tuple[str, str], str]) -> str:
    """The categories of a kind in all languages: a plan is valid until one of them changes."""
    return " ".join(category(kind, language, known) for language in LANGUAGES)


_LONGEST_CODE = "W" * 6
_PLACES = {Kind.TEXT: ("text", "code"), Kind.CORRECTION: ("title", "change", "when", "where", "code")}
_SAMPLES = {
    "change": "fue cancelada",
    "title": "Feria de empleo",
    "when": "5 dic, 9:00",
    "where": "Comas, Lima",
    "text": "Aviso",
    "code": "BCDFGH",
}


@dataclass(frozen=True, slots=True)
class Words:
    """An announcement in one language, before it has a code."""

    title: str
    text: str
    choices: tuple[Choice, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)  # of the template, but for the code

    def to_json(self) -> dict[str, Any]:
        """A plain mapping."""
        choices = [[choice.id, choice.title] for choice in self.choices]
        return {"title": self.title, "text": self.text, "choices": choices, "variables": dict(self.variables)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Words:
        """The words that `to_json` wrote."""
        choices = tuple(Choice(*pair) for pair in data["choices"])
        return cls(data["title"], data["text"], choices, data["variables"])


Body = Mapping[str, Words]
"""The words by language."""


def of_fair(kind: Kind, fair_id: str, library: Library, wording: Wording) -> Body:
    """What a fair's file says, in every language that it is written in."""
    fairs = {language: library.fairs.get((language, fair_id)) for language in LANGUAGES}
    body = {}
    for language, fair in fairs.items():
        if fair is not None:
            variants = [_fair_words(kind, each, language, wording) for each in (fair, replace(fair, text=""))]
            body[language] = next(
                (words for words in variants if not too_long({language: words}, kind, wording)), variants[-1]
            )
    return body


def of_text(texts: Mapping[str, str], topic: Topic, wording: Wording) -> Body:
    """What somebody wrote, by language."""
    body = {}
    for language, text in texts.items():
        whole = formatting.clean(text).strip()
        if not whole:
            raise NotPossible("empty")
        choices = (Choice(f"alerts/stop/{topic}", wording.text(f"news.stop.{topic}", language)),)
        body[language] = Words(
            _title(whole), whole, choices, {"1": formatting.one_line(formatting.to_plain(whole)).removesuffix(".")}
        )
    return body


def stored(body: Body) -> dict[str, Any]:
    """The body as it is written down."""
    return {language: words.to_json() for language, words in body.items()}


def read(data: Mapping[str, Any]) -> Body:
    """The body that was written down."""
    return {language: Words.from_json(words) for language, words in data.items()}


def fingerprint(kind: str, topic: str, data: Mapping[str, Any]) -> str:
    """A hash that changes with any word."""
    return hashlib.sha256(orjson.dumps([kind, topic, data], option=orjson.OPT_SORT_KEYS)).hexdigest()


def bubble(body: Body, kind: Kind, channel: str, language: str, code: str, wording: Wording) -> Reply:
    """The message as it goes out: the words, how to prove that it is ours, how to end it."""
    spoken = language if language in body else MAIN if MAIN in body else next(iter(body))
    words = body[spoken]
    lines = [words.text]
    if spoken != language and wording.has("language.only_spanish", language):
        lines.append(wording.text("language.only_spanish", language))
    lines.append(wording.text("news.code", language, code=code))
    template = Template(TEMPLATES[kind][0], spoken, {**words.variables, str(len(words.variables) + 1): code})
    if (
        channel == "whatsapp"
    ):  # a digit typed there would mean a choice of the last answer, so words are offered instead
        lines.append(wording.text("news.whatsapp", language))
        return Reply("\n\n".join(lines), template=template)
    return Reply("\n\n".join(lines), words.choices)


def rendered(body: Body, kind: Kind, code: str, wording: Wording) -> Iterator[tuple[str, str, str]]:
    """(channel, language, text as it is shown) of everything that may be sent."""
    for channel in CHANNELS:
        for language in LANGUAGES:
            text = bubble(body, kind, channel, language, code, wording).text
            yield channel, language, _shown(channel, text)


def templated_text(body: Body, kind: Kind, language: str, code: str, wording: Wording) -> str:
    """The template as somebody of this language would see it."""
    template = bubble(body, kind, "whatsapp", language, code, wording).template
    assert template is not None
    text = _template_text(kind, template.language, wording).body
    return re.sub(r"\{\{(\d+)\}\}", lambda place: variable(template.variables[place[1]]), text)


def too_long(body: Body, kind: Kind, wording: Wording) -> list[tuple[str, str, int]]:
    """(channel, language, length) where it does not fit one bubble."""
    texts = rendered(body, kind, _LONGEST_CODE, wording)
    lengths = [(channel, language, _length(channel, text)) for channel, language, text in texts]
    return [each for each in lengths if each[2] > LONGEST_REPLY]


def template_texts(wording: Wording) -> list[TemplateText]:
    """The templates that announcements need, to be handed in for approval."""
    return [_template_text(kind, language, wording) for kind in TEMPLATES for language in LANGUAGES]


def _template_text(kind: Kind, language: str, wording: Wording) -> TemplateText:
    name, category = TEMPLATES[kind]
    places = _PLACES.get(kind, ("title", "when", "where", "code"))
    numbered = {place: f"{{{{{number}}}}}" for number, place in enumerate(places, 1)}
    filled = {str(number): _SAMPLES[place] for number, place in enumerate(places, 1)}
    return TemplateText(name, language, category, wording.text(f"template.{kind}", language, **numbered), filled)


def in_other_words(known: Mapping[tuple[str, str], Content], wording: Wording) -> set[tuple[str, str]]:
    """The templates that were approved in words which are not ours any more."""
    ours = {(text.name, text.language): text.full_name for text in template_texts(wording)}
    return {name for name, content in known.items() if content.full_name != ours.get(name, content.full_name)}


def templated(
    body: Body, kind: Kind, wording: Wording, approved: Sequence[tuple[str, str]] | set[tuple[str, str]]
) -> frozenset[str]:
    """The languages of people who can be told by an approved template that these words fit into."""
    usable = set()
    for language in LANGUAGES:
        template = bubble(body, kind, "whatsapp", language, _LONGEST_CODE, wording).template
        if template and (template.name, template.language) in approved and _fits(template, kind, wording):
            usable.add(language)
    return frozenset(usable)


def _fits(template: Template, kind: Kind, wording: Wording) -> bool:
    wanted = _template_text(kind, template.language, wording)
    filled = sum(len(formatting.one_line(value)) for value in template.variables.values())
    return len(wanted.body) + filled <= LONGEST_REPLY and kind in TEMPLATES


def _fair_words(kind: Kind, fair: Fair, language: str, wording: Wording) -> Words:
    say, day, opens = wording.text, wording.day(fair.start, language), wording.hour(fair.start, language)
    lines = [say(f"news.{_heading(kind, fair)}", language, title=fair.title, day=day)]
    lines += [say("fairs.example", language)] if fair.example else []
    if fair.status != "cancelled":
        closes = wording.hour(fair.end, language)
        lines += ["", say("fairs.when", language, date=day, start=opens, end=closes)]
        lines.append(say("fairs.where", language, place=fair.place, address=fair.address, district=fair.district))
        lines += [say("fairs.register", language, link=fair.register)] if fair.register else []
    lines.append(say("fairs.organiser", language, organiser=fair.organiser))
    lines += _fair_more(kind, fair, language, wording)
    place = f"{fair.place}, {fair.address}, {fair.district}"
    facts = [fair.title, f"{day}, {opens}", place]
    if kind is Kind.CORRECTION:
        was = say("template.was", language, when=facts[1])
        facts[1:2] = [_change(fair, language, wording), was if fair.status in {"cancelled", "postponed"} else facts[1]]
    variables = {str(number): fact.removesuffix(".") for number, fact in enumerate(facts, 1)}  # the template ends it
    return Words(fair.title, "\n".join(lines), _fair_choices(kind, fair, language, wording), variables)


def _change(fair: Fair, language: str, wording: Wording) -> str:
    """What happened, in the few words that a template has room for."""
    status = fair.status if fair.status in {"cancelled", "postponed", "closed"} else "other"
    return wording.text(f"template.change.{status}", language)


def _fair_more(kind: Kind, fair: Fair, language: str, wording: Wording) -> list[str]:
    """What the file says besides, what to bring, and how we know."""
    lines: list[str] = []
    if fair.text and kind is Kind.FAIR:
        lines += ["", fair.text]
    if fair.bring and kind is Kind.REMINDER:
        things = "\n".join(f"- {thing}" for thing in fair.bring)
        lines += ["", wording.text("fairs.bring.text", language, title=fair.title, things=things)]
    for source in fair.sources[:1]:
        told = wording.as_of(source.as_of, language)
        lines += ["", wording.text("fairs.source", language, name=source.name, date=told)]
    return lines


def _heading(kind: Kind, fair: Fair) -> str:
    if kind is Kind.CORRECTION:
        return f"correction.{fair.status}" if fair.status in {"cancelled", "postponed", "closed"} else "correction"
    return "reminder" if kind is Kind.REMINDER else "fair"


def _fair_choices(kind: Kind, fair: Fair, language: str, wording: Wording) -> tuple[Choice, ...]:
    stop = Choice("alerts/stop/fairs", wording.text("news.stop.fairs", language))
    if fair.status == "cancelled":
        return (Choice("fairs", wording.text("fairs.others", language)), stop)
    ways = [Choice(f"f/{fair.id}", wording.text("news.see", language))]
    if kind is Kind.FAIR:
        ways.append(Choice(f"f/{fair.id}/remind", wording.text("fairs.remind", language)))
    ways.append(Choice(f"f/{fair.id}/map", wording.text("fairs.map", language)))
    return (*ways, stop)


def _title(text: str) -> str:
    return formatting.shorten(formatting.one_line(formatting.to_plain(text.split("\n", 1)[0])), 80)


def _shown(channel: str, text: str) -> str:
    return formatting.to_whatsapp(text) if channel == "whatsapp" else formatting.shown_on_telegram(text)


def _length(channel: str, text: str) -> int:
    return len(text) if channel == "whatsapp" else formatting.utf16(text)
