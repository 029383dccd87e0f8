"""A person instead of the assistant: who to write to and when, and a conversation with the team when it reads along."""

from __future__ import annotations

from dataclasses import replace

from bot.choosing import is_one_of
from bot.conversation import CallHuman, Context, Flow, LeaveHuman, Relay, State, Turn
from bot.messages import Choice, Inbound, Reply

NAME = "person"


def call(state: State, ctx: Context) -> Turn:
    """What is known of the team; when it reads along it is told, and from now on reads what the person writes."""
    if not ctx.staffed:
        return offer(state, ctx)
    if ctx.handed:
        return Turn(_talking(state), (Reply(ctx.say("human.waiting")),), (CallHuman(state.topic),))
    text = "\n".join([ctx.say("human.told"), *_hours(ctx)])
    return Turn(_talking(state), (Reply(text, (_menu(ctx),)),), (CallHuman(state.topic),))


def reachable(ctx: Context) -> bool:
    """Whether somebody of the team can be written to at all."""
    return ctx.staffed or bool(ctx.library.team.contact)


def offer(state: State, ctx: Context, opening: str = "") -> Turn:
    """The ways to a person; nobody is called by it."""
    team = ctx.library.team
    lines = [opening] if opening else []
    if team.contact:
        lines.append(ctx.say("human.contact", contact=team.contact))
    lines += _hours(ctx)
    if not reachable(ctx):
        lines.append(ctx.say("human.nobody"))
    lines.append(ctx.say("human.meanwhile"))
    choices = (
        *((Choice("human", ctx.say("menu.human")),) if ctx.staffed else ()),
        Choice("places", ctx.say("places.label")),
        Choice("a/proteccion/asesoria-legal", ctx.say("human.legal")),
        _menu(ctx),
    )
    return Turn(state, (Reply("\n".join(lines), choices),))


def relay(state: State, said: Inbound, ctx: Context) -> Turn:
    """Pass it on; said once, so that nobody is told the same after each line. `terminar` ends it."""
    if is_one_of(said.text, ctx.say("human.end.words")):
        return leave(state, ctx)
    passed = () if state.flow == NAME else (Reply(ctx.say("human.passed")),)
    return Turn(_talking(state), passed, (Relay(said.text),))


def leave(state: State, ctx: Context) -> Turn:
    """The person has nothing more to say to the team."""
    return Turn(state.without_flow(), (Reply(ctx.say("human.ended"), (_menu(ctx),)),), (LeaveHuman(),))


def _talking(state: State) -> State:
    return replace(state, flow=NAME, step="", data={})


def _resume(state: State, ctx: Context) -> Turn:
    """Back to the team, or to the ways to it when that conversation has ended."""
    return Turn(_talking(state), (Reply(ctx.say("human.waiting")),)) if ctx.handed else offer(state.without_flow(), ctx)


def _hours(ctx: Context) -> list[str]:
    hours = ctx.library.team.hours(ctx.language)
    return [ctx.say("human.hours", hours=hours)] if hours else []


def _menu(ctx: Context) -> Choice:
    return Choice("menu", ctx.say("menu.label"))


FLOW = Flow(NAME, routes={"human": lambda state, _way, ctx: call(state, ctx)}, controls={"human": call}, resume=_resume)
