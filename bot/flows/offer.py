"""Is this offer a scam? The person pastes it; the trust gate reads it; the text is not kept."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.choosing import is_one_of
from bot.conversation import Context, Flow, ReportVacancy, State, Turn
from bot.messages import Choice, Inbound, Reply

NAME = "offer"
LONG_ENOUGH = 40
"""Characters from which a text can be an offer; anything shorter is a question about offers."""


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
    return _warning(said.text, ctx, most=3) if state.step == "paste" and len(said.text) >= LONG_ENOUGH else ""


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    return _judge(state, said.text, ctx) if len(said.text) >= LONG_ENOUGH else None


def is_question(text: str) -> bool:
    """Somebody asks whether an offer is honest: `¿es estafa?`, with or without the offer itself."""
    return (
        re.search(
            r"\b(?:es|ser[aá]|is (?:this|it)(?: a)?) (?:una )?(?:estafa|scam|confiable|legit|de verdad|trampa)\b",
            text.lower(),
        )
        is not None
    )


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    if is_one_of(said.text, ctx.say("offer.report.words")):
        return _which(state, ctx)
    if is_question(said.text):
        return _judge(state, said.text, ctx) if len(said.text) >= 2 * LONG_ENOUGH else _ask(state, ctx)
    return None


def _report(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if not way:
        return _which(state, ctx)
    reply = Reply(ctx.say("offer.reported"), (Choice("menu", ctx.say("menu.label")),))
    return Turn(state, (reply,), (ReportVacancy(way[0]),))


def _which(state: State, ctx: Context) -> Turn:
    choices = [Choice(f"report/{one['id']}", str(one["title"])[:20]) for one in ctx.alerts[:8]]
    choices.append(Choice("menu", ctx.say("menu.label")))
    return Turn(state, (Reply(ctx.say("offer.which" if ctx.alerts else "offer.none_sent"), tuple(choices)),))


FLOW = Flow(
    NAME,
    routes={"offer": lambda state, _way, ctx: _ask(state, ctx), "report": _report},
    hears=_hear,
    overhears=_overhear,
    resume=_ask,
    beside=_beside,
)
