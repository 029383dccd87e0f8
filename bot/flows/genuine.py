"""`verificar CODE`: whether a message that somebody received is really ours.

A code of ours is six letters without vowels. Somebody who was really written to must never be told that it was not us
because of the way they ask: so the code is found in any wording, and by itself.
"""

from __future__ import annotations

import re

from bot.choosing import fold, is_one_of
from bot.conversation import Context, Flow, State, Turn
from bot.messages import Choice, Inbound, Reply

_OURS = re.compile(r"\b[BCDFGHJKLMNPQRSTVWXZ]{6}\b", re.IGNORECASE)
_VERB = re.compile(r"\b(?:verificar|verifica|verificame|verifique|verifiquen|verificacion|comprobar|verify)\b")
_CODE = re.compile(r"\b(?:codigo|code)\b")
_LIKE_A_CODE = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{4,10}\b")
_NAMED_A_CODE = re.compile(r"\b(?:[Cc][oó]digo|[Cc]ode)\W+([A-Z]{4,10})\b")
_SHORT = 60
_FEW = 3  # words: `código ABC123`
_LETTERS = 3  # different ones: `mmmmmm` and `xdxdxd` are no codes


def code_in(text: str) -> str | None:
    """The code that a message asks about, in capitals: one of ours, or what somebody takes for one."""
    said = fold(text)
    found = next((code.upper() for code in _OURS.findall(text) if len(set(code.upper())) >= _LETTERS), None)
    verb = _VERB.search(said)
    if found and (verb or _CODE.search(said) or said == found.lower()):
        return str(found)
    if len(text) > _SHORT or not (verb or (_CODE.match(said) and len(said.split()) <= _FEW)):
        return None
    other = _LIKE_A_CODE.search(text) or _NAMED_A_CODE.search(text)
    return other[other.lastindex or 0].upper() if other else None


def _check(state: State, said: Inbound, ctx: Context) -> Turn | None:
    code = code_in(said.text)
    choices = (Choice("offer", ctx.say("offer.label")), Choice("menu", ctx.say("menu.label")))
    if code is None:
        how = is_one_of(said.text, ctx.say("verify.words"))
        return Turn(state, (Reply(ctx.say("verify.how"), choices),)) if how else None
    title = ctx.known_codes.get(code)
    text = ctx.say("verify.ours", code=code, title=title) if title else ctx.say("verify.unknown", code=code)
    return Turn(state, (Reply(text, choices),))


FLOW = Flow("genuine", overhears=_check)
