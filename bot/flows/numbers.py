"""A number that is none of the choices: the person is told which numbers there are, and sees the choices again."""

from __future__ import annotations

from dataclasses import replace

from bot.choosing import numbers_in
from bot.conversation import Context, Flow, State, Turn
from bot.messages import Choice, Inbound, Reply

KEY = "number.out"


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    numbers = numbers_in(said.text)
    if not numbers or not state.offered:
        return None
    most = len(state.offered)
    shown = state.offered
    if len(numbers) > 1 and all(0 < number <= most for number in numbers):
        shown = tuple(state.offered[number - 1] for number in dict.fromkeys(numbers))
        if len(shown) > 1:
            if len(shown) < most and all(choice.id != "menu" for choice in shown):
                shown = (*shown, Choice("menu", ctx.say("menu.label")))
            return Turn(state, (Reply(ctx.say("number.several"), shown),))
    if most == 1:
        shown = (shown[0], Choice("human", ctx.say("menu.human"))) if shown[0].id != "human" else shown
    key = f"{KEY}.again" if state.last_miss == KEY else KEY
    text = ctx.say(key, most=len(shown))
    return Turn(replace(state, last_miss=key), (Reply(text, shown),))


FLOW = Flow("numbers", overhears=_hear)
