"""A person instead of the assistant: who to write to and when, and a sign to the team when somebody reads along."""

from __future__ import annotations

from bot.conversation import CallHuman, Context, Flow, State, Turn
from bot.messages import Choice, Reply


def call(state: State, ctx: Context, opening: str = "") -> Turn:
    """Offers what is known of the team; tells the team when there is one on the line."""
    team = ctx.library.team
    lines = [opening] if opening else []
    if ctx.staffed:
        lines.append(ctx.say("human.told"))
    if team.contact:
        lines.append(ctx.say("human.contact", contact=team.contact))
    if team.hours(ctx.language):
        lines.append(ctx.say("human.hours", hours=team.hours(ctx.language)))
    if not ctx.staffed and not team.contact:
        lines.append(ctx.say("human.nobody"))
    lines.append(ctx.say("human.meanwhile"))
    choices = (
        Choice("places", ctx.say("places.label")),
        Choice("a/proteccion/asesoria-legal", ctx.say("human.legal")),
        Choice("menu", ctx.say("menu.label")),
    )
    effects = (CallHuman(state.topic),) if ctx.staffed else ()
    return Turn(state, (Reply("\n".join(lines), choices),), effects)


FLOW = Flow("person", routes={"human": lambda state, _way, ctx: call(state, ctx)}, controls={"human": call})
