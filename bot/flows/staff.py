"""`/anuncio`: the team announces a fair or a text from Telegram, sees the plan first and confirms.

Only for people of the team; for anybody else these words mean nothing. The plan, its approval and the sending are made
by the scheduler, which answers in the same chat: here is only the asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation import Context, DecideNews, Effect, Flow, PrepareNews, State, Turn
from bot.flows.fairs import region_name
from bot.flows.menu import welcome
from bot.flows.places import FIRST
from bot.library.country import Country
from bot.messages import Choice, Inbound, Reply

NAME = "staff"
COMMAND = "/anuncio"
ACTS = ("plan", "approve", "pause", "resume", "test", "show", "see", "list", "remind", "correct")
SURE = "yes"
"""The last part of a way whose question was answered: what cannot be undone is asked twice."""

_FAIRS = 5


def _is_staff(ctx: Context) -> bool:
    return ctx.person.staff and ctx.person.address.channel == "telegram"


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    word = said.text.strip().split(maxsplit=1)[:1]
    if not word or word[0].partition("@")[0].lower() != COMMAND or not _is_staff(ctx):
        return None
    return _what(state, ctx)


def _what(state: State, ctx: Context) -> Turn:
    fairs = [fair for fair in ctx.library.upcoming(ctx.now, language=ctx.language) if ctx.demo or not fair.example]
    choices = [Choice(f"news/f/{fair.id}", fair.label) for fair in fairs[:_FAIRS]]
    choices += [
        Choice("news/t", ctx.say("staff.write")),
        Choice("news/0/list", ctx.say("staff.list")),
        Choice("menu", ctx.say("menu.label")),
    ]
    return Turn(state.without_flow(), (Reply(ctx.say("staff.what"), tuple(choices)),))


def _route(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if not _is_staff(ctx):
        return welcome(state.without_flow(), ctx)
    match way:
        case ("f", fair) if ctx.library.fair(fair, ctx.language):
            return _wait(state.without_flow(), ctx, PrepareNews(fair=fair))
        case ("t",):
            return _ask_text(state, ctx)
        case ("r", code) if state.flow == NAME and state.data.get("text"):
            return _prepare(state, () if code == "all" else (code,), ctx)
        case (number, "cancel") if number.isdecimal():
            return _sure(state, number, ctx)
        case (number, act, *rest) if number.isdecimal() and (decided := _decided(int(number), act, rest)):
            return _wait(state.without_flow(), ctx, decided)
    return _what(state, ctx)


def _decided(number: int, act: str, rest: Sequence[str]) -> DecideNews | None:
    """What a button asks for. `rest`: the mark of the plan that it stood under, and that they are sure."""
    sure, mark = rest[-1:] == [SURE], next((part for part in rest if part != SURE), "")
    if act == "send":
        return DecideNews(number, "send" if sure else "ask", mark)
    return DecideNews(number, act, mark) if act in ACTS or (act == "cancel" and sure) else None


def _ask_text(state: State, ctx: Context) -> Turn:
    reply = Reply(ctx.say("staff.text"), (Choice("menu", ctx.say("menu.label")),))
    return Turn(replace(state, flow=NAME, step="text", data={}), (reply,))


def _ask_regions(state: State, text: str, ctx: Context) -> Turn:
    regions = [Choice(f"news/r/{code}", region_name(code, ctx)) for code in FIRST]
    choices = (Choice("news/r/all", ctx.say("alerts.everywhere")), *regions)
    state = replace(state, flow=NAME, step="regions", data={"text": text})
    return Turn(state, (Reply(ctx.say("staff.regions"), choices),))


def _prepare(state: State, regions: tuple[str, ...], ctx: Context) -> Turn:
    return _wait(state.without_flow(), ctx, PrepareNews(text=str(state.data["text"]), regions=regions))


def _sure(state: State, number: str, ctx: Context) -> Turn:
    choices = (
        Choice(f"news/{number}/cancel/{SURE}", ctx.say("staff.yes.cancel")),
        Choice(f"news/{number}/show", ctx.say("staff.no")),
    )
    return Turn(state.without_flow(), (Reply(ctx.say("staff.sure.cancel", id=number), choices),))


def _wait(state: State, ctx: Context, effect: Effect) -> Turn:
    return Turn(state, (Reply(ctx.say("staff.wait")),), (effect,))


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    if not _is_staff(ctx):
        return None
    if state.step == "text" and said.text.strip():
        return _ask_regions(state, said.text.strip(), ctx)
    if state.step == "regions" and (regions := _regions(said.text, ctx.library.country)):
        return _prepare(state, regions, ctx)
    return None


def _regions(text: str, country: Country) -> tuple[str, ...]:
    """The regions that a list names; nothing unless every part of it is one."""
    parts = [part for part in text.replace(" y ", ",").split(",") if part.strip()]
    found = [country.find_region(part) for part in parts]
    return tuple(dict.fromkeys(region.code for region in found if region)) if all(found) else ()


def _again(state: State, ctx: Context) -> Turn:
    text = str(state.data.get("text", ""))
    return _ask_regions(state, text, ctx) if state.step == "regions" and text else _ask_text(state, ctx)


FLOW = Flow(NAME, routes={"news": _route}, hears=_hear, overhears=_overhear, resume=_again)
