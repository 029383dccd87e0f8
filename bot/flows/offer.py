"""Is this offer a scam? The person pastes it; the trust gate reads it; the text is not kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.alerts.labels import shortened, told_apart
from bot.choosing import is_one_of
from bot.conversation import Context, Flow, ReportVacancy, State, Turn
from bot.flows.fairs import region_name
from bot.messages import Choice, Inbound, Reply

NAME = "offer"
LONG_ENOUGH = 40
"""Characters from which a text can be an offer; anything shorter is a question about offers."""

MOST_LISTED = 8
"""Offers among which one is chosen to be reported, the newest first."""


def _ask(state: State, ctx: Context) -> Turn:
    state = replace(state, flow=NAME, step="paste", data={})
    choices = (
        Choice("a/empleo/estafas-laborales", ctx.say("offer.signs")),
        Choice("menu", ctx.say("menu.label")),
    )
    return Turn(state, (Reply(ctx.say("offer.paste"), choices),))


def _judge(state: State, text: str, ctx: Context) -> Turn | None:
    """What the trust gate found, in plain words. It never says that an offer is safe."""
    if ctx.weigh is None:
        return None
    text = _warning(text, ctx, most=5) or ctx.say("offer.nothing_found")
    choices = (
        Choice("a/empleo/estafas-laborales", ctx.say("offer.signs")),
        Choice("offer", ctx.say("offer.another")),
        Choice("human", ctx.say("menu.human")),
        Choice("menu", ctx.say("menu.label")),
    )
    return Turn(state.without_flow(), (Reply(text, choices),))


def _warning(text: str, ctx: Context, most: int) -> str:
    """Why the offer should not be trusted; empty when nothing speaks against it."""
    found = ctx.weigh(text) if ctx.weigh else None
    if found is None or not found["hold"]:
        return ""
    reasons = "\n".join(f"- {ctx.say(f'trust.reason.{signal}')}" for signal in found["signals"][:most])
    return ctx.say("offer.careful", reasons=reasons)


def _beside(state: State, said: Inbound, ctx: Context) -> str:
    """The warning for a pasted offer that speaks of a danger: the help line stands above it."""
    pasted = len(said.text) >= LONG_ENOUGH and (state.flow, state.step) == (NAME, "paste")
    return _warning(said.text, ctx, most=3) if pasted or is_question(said.text) else ""


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    return _judge(state, said.text, ctx) if len(said.text) >= LONG_ENOUGH else None


_DOUBTED = re.compile(
    r"\b(?:es|ser[aá]|is (?:this|it)(?: a)?) (?:una )?(?:estafa|scam|confiable|legit|de verdad|trampa)\b"
)
_DOUBTED_BESIDE = re.compile(
    r"\bme f[ií]o\b|\bno s[eé] si (?:confiar|creer|fiarme)|\bsuena (?:muy )?raro|\b(?:es|ser[aá]) (?:esto )?(?:verdad|cierto|real|seri[oa]|falso)\b(?! que)|"
    r"\b(?:qu[eé] opinas|qu[eé] te parece|rev[ií]s\w+|an[aá]li[cz]\w+) (?:de |esta |este |esto )*(?:oferta|aviso|anuncio|vacante|trabajo|chamba)|"
    r"\bme ofrecieron esto|\bme (?:lleg[oó]|sali[oó]) (?:est|al correo|en facebook|por whatsapp)|\bcan i trust|\bis (?:this|it) (?:real|true)"
)
_OF_WORK = re.compile(
    r"\b(?:sueldo|vacante|oferta|trabajo|chamba|puesto|soles|turno|planilla|entrevista|al mes|mensual|diarios?|paga[ns]?|busca|requiere|necesita|contrata|salary|job)\b|s/"
)


def is_question(text: str) -> bool:
    """Somebody asks whether an offer is honest: `¿es estafa?`, or in looser words around the offer itself."""
    said = text.lower()
    pasted = len(text) >= 2 * LONG_ENOUGH and _OF_WORK.search(said)
    return bool(_DOUBTED.search(said) or (pasted and _DOUBTED_BESIDE.search(said)))


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    if is_one_of(said.text, ctx.say("offer.report.words")):
        return _which(state, ctx)
    if is_question(said.text):
        return _judge(state, said.text, ctx) if len(said.text) >= 2 * LONG_ENOUGH else _ask(state, ctx)
    return None


def _report(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if not way:
        return _which(state, ctx)
    if way[0] not in {str(one["id"]) for one in ctx.alerts}:
        return _which(state, ctx, ctx.say("offer.not_sent"))
    reply = Reply(ctx.say("offer.reported"), (Choice("menu", ctx.say("menu.label")),))
    return Turn(state, (reply,), (ReportVacancy(way[0]),))


def _which(state: State, ctx: Context, before: str = "") -> Turn:
    """Which of the offers that were sent; `before` says why it is asked."""
    if not ctx.alerts:
        return Turn(state, (Reply(ctx.say("offer.none_sent"), (Choice("menu", ctx.say("menu.label")),)),))
    offers = [_described(one, ctx) for one in ctx.alerts[:MOST_LISTED]]
    lines = [
        " · ".join([f"{number}. **{title}**", *filter(None, beside)])
        for number, (title, *beside) in enumerate(offers, 1)
    ]
    labels = zip(ctx.alerts, told_apart(offers), strict=False)
    choices = [Choice(f"report/{one['id']}", label) for one, label in labels]
    choices.append(Choice("menu", ctx.say("menu.label")))
    return Turn(
        state, (Reply("\n".join([*filter(None, [before]), ctx.say("offer.which"), "", *lines]), tuple(choices)),)
    )


def _described(one: Mapping[str, Any], ctx: Context) -> tuple[str, str, str]:
    """Title, employer and place, short enough for a line of the list."""
    place: Mapping[str, Any] = next(iter(one.get("places") or ()), {})
    where = place.get("district") or (region_name(str(place["region"]), ctx) if place else "")
    employer = str(one.get("employer") or "")
    return shortened(str(one["title"]), 50), shortened(employer, 30), shortened(str(where), 20)


FLOW = Flow(
    NAME,
    routes={"offer": lambda state, _way, ctx: _ask(state, ctx), "report": _report},
    hears=_hear,
    overhears=_overhear,
    resume=_ask,
    beside=_beside,
)
