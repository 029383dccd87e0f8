"""The menu: the way in for those who would rather choose than ask, and the courtesies around it."""

from __future__ import annotations

from dataclasses import replace

from bot.choosing import is_one_of
from bot.conversation import Context, Flow, Parked, State, Turn
from bot.flows import person, privacy
from bot.messages import Choice, Inbound, Reply

MOST = 10
"""Choices of one bubble: what a list of WhatsApp holds."""
PAGE = 7
"""Articles on one page of a topic: with the ways on they still fit a list of ten."""


def main(state: State, ctx: Context, opening: str = "menu.text") -> Turn:
    """Every topic, the alerts and a person, numbered."""
    topics = [Choice(f"t/{topic}", ctx.say(f"topic.{topic}")) for topic in ctx.library.topics]
    extra = [Choice("alerts", ctx.say("menu.alerts")), Choice("human", ctx.say("menu.human"))]
    parked = (Parked(state.flow, state.step, state.data),) if state.step else state.parked
    first = [Choice("resume", ctx.say("resume.label"))] if parked else []
    shown = (*first, *topics[: MOST - len(first) - len(extra)], *extra)
    return Turn(replace(state.without_flow(), topic="", parked=parked), (Reply(ctx.say(opening), shown),))


def welcome(state: State, ctx: Context) -> Turn:
    """The first words, or the menu for those who know us."""
    if state.greeted:
        return main(state, ctx)
    return main(state, ctx, "welcome.text")


def _topic(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    topic = way[0] if way else ""
    if topic not in ctx.library.topics:
        return main(state, ctx)
    page = int(way[1]) if len(way) > 1 and way[1].isdigit() else 0
    articles = ctx.library.in_topic(topic, ctx.language)
    shown = articles[page * PAGE : (page + 1) * PAGE]
    choices = [Choice(f"a/{article.id}", article.label) for article in shown]
    if page == 0:
        choices = [*_guides(topic, ctx), *choices]
    if len(articles) > (page + 1) * PAGE:
        choices.append(Choice(f"t/{topic}/{page + 1}", ctx.say("more.label")))
    choices.append(Choice("menu", ctx.say("menu.label")))
    text = ctx.say("topic.text", topic=ctx.say(f"topic.{topic}"))
    return Turn(state.without_flow(), (Reply(text, tuple(choices)),))


def _guides(topic: str, ctx: Context) -> list[Choice]:
    """The guided flows of a topic that hang on no article."""
    names = dict.fromkeys(name for _, name in ctx.library.flows)
    flows = [flow for name in names if (flow := ctx.library.flow(name, ctx.language)) and flow.topic == topic]
    return [Choice(f"g/{flow.id}", flow.label) for flow in flows if ctx.library.article(flow.id) is None]


def _menu(state: State, ctx: Context) -> Turn:
    return main(state, ctx)


def _help(state: State, ctx: Context) -> Turn:
    choices = (Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human")))
    return Turn(state, (Reply(ctx.say("help.text"), choices),))


def _thanks(state: State, ctx: Context) -> Turn:
    choices = _onward(ctx)
    return Turn(state, (Reply(ctx.say("thanks.text"), choices),))


def _greeting(state: State, ctx: Context) -> Turn:
    if not state.greeted:
        return main(state, ctx, "welcome.text")
    if state.flow:
        return Turn(
            state, (Reply(ctx.say("greeting.busy"), (Choice("resume", ctx.say("resume.label")), *_onward(ctx))),)
        )
    return main(state, ctx, "greeting.text")


def _onward(ctx: Context) -> tuple[Choice, ...]:
    return (Choice("menu", ctx.say("menu.label")),)


def _cancel(state: State, ctx: Context) -> Turn:
    if state.flow == privacy.NAME:
        return Turn(state.without_flow(), (Reply(ctx.say("forget.kept"), _onward(ctx)),))
    if ctx.handed:
        return person.leave(state, ctx)
    key = "cancel.flow" if state.flow or state.parked else "cancel.nothing"
    return Turn(replace(state.without_flow(), parked=()), (Reply(ctx.say(key), _onward(ctx)),))


def _keep(state: State, ctx: Context) -> Turn:
    """Whatever it is that should go on ("no pares"), it does."""
    return Turn(state, (Reply(ctx.say("keep.text"), (Choice("alerts", ctx.say("menu.alerts")), *_onward(ctx))),))


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    if is_one_of(said.text, ctx.say("menu.words")):
        return main(state, ctx)
    if is_one_of(said.text, ctx.say("lines.words")):
        return Turn(state, (Reply(ctx.say("lines.text"), (Choice("human", ctx.say("menu.human")), *_onward(ctx))),))
    if is_one_of(said.text, ctx.say("unread.words")):
        return main(state, ctx, "unread.text")
    return None


FLOW = Flow(
    "menu",
    routes={"menu": lambda state, _way, ctx: main(state, ctx), "t": _topic},
    overhears=_overhear,
    controls={
        "menu": _menu,
        "help": _help,
        "thanks": _thanks,
        "greeting": _greeting,
        "cancel": _cancel,
        "keep": _keep,
    },
)
