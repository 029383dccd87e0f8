"""`verificar CODE`: whether a message that somebody received is really ours."""

from __future__ import annotations

import re

from bot.conversation import Context, Flow, State, Turn
from bot.messages import Choice, Inbound, Reply

CODE = re.compile(r"\b(?:verificar|verifica|verify)\s+([A-Za-z0-9]{4,10})\b", re.IGNORECASE)


def code_in(text: str) -> str | None:
    """The code that a message asks about, in capitals."""
    found = CODE.search(text)
    return found[1].upper() if found and len(text) < 60 else None


def _check(state: State, said: Inbound, ctx: Context) -> Turn | None:
    code = code_in(said.text)
    if code is None:
        return None
    title = ctx.known_codes.get(code)
    text = ctx.say("verify.ours", code=code, title=title) if title else ctx.say("verify.unknown", code=code)
    choices = (Choice("offer", ctx.say("offer.label")), Choice("menu", ctx.say("menu.label")))
    return Turn(state, (Reply(text, choices),))


FLOW = Flow("genuine", overhears=_check)
