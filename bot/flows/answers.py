"""A question in the person's own words: an article, a question back, or an honest "I do not know"."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation import Context, Flow, Missed, State, Turn
from bot.flows import article, person
from bot.messages import Choice, Inbound, Reply

SURE = 0.9
"""From here on a new question wins over a follow-up about the article in hand."""


def answer(state: State, said: Inbound, ctx: Context) -> Turn:
    """Serve a reviewed article, ask which of three was meant, or say that we do not know."""
    heard = ctx.heard
    if heard.follow_up and state.topic and not _other_subject(state, ctx):
        turn = article.section(state, state.topic, heard.follow_up, ctx)
        if turn is not None:
            return replace(turn, state=replace(turn.state, misses=0))
    if heard.correction and (state.topic or state.offered):
        return _not_that(state, ctx)
    if heard.language == "other":
        return _foreign(state, ctx)
    ranking = heard.ranking
    if ranking.outcome == "answer":
        turn = article.show(state, ranking.hits[0].article, ctx)
        if turn is not None:
            return _beside(replace(turn, state=_answered(turn.state, f"a/{turn.state.topic}")), ctx)
    if ranking.outcome == "choices":
        return _which(state, ctx)
    return miss(state, said, ctx)


def _answered(state: State, route: str) -> State:
    return replace(state, misses=0, last_miss="", trail=(*state.trail, route)[-6:])


def _other_subject(state: State, ctx: Context) -> bool:
    hits = ctx.heard.ranking.hits
    return (
        bool(hits)
        and ctx.heard.ranking.outcome == "answer"
        and hits[0].probability >= SURE
        and hits[0].article != state.topic
    )


def _beside(turn: Turn, ctx: Context) -> Turn:
    """A second question in the same message is one tap away."""
    second = ctx.heard.second
    other = ctx.library.article(second, ctx.language) if second else None
    if other is None or other.id == turn.state.topic:
        return turn
    *before, last = turn.replies
    extra = Choice(f"a/{other.id}", other.label)
    return replace(turn, replies=(*before, replace(last, choices=(extra, *last.choices[:8]))))


def _options(ctx: Context, leave_out: str = "") -> list[Choice]:
    found = [ctx.library.article(hit.article, ctx.language) for hit in ctx.heard.ranking.hits]
    return [Choice(f"a/{one.id}", one.label) for one in found if one is not None and one.id != leave_out][:3]


def _which(state: State, ctx: Context) -> Turn:
    choices = (*_options(ctx), Choice("none", ctx.say("which.none")))
    return Turn(replace(state, misses=0), (Reply(ctx.say("which.text"), choices),))


def _not_that(state: State, ctx: Context) -> Turn:
    near = ctx.library.article(state.topic, ctx.language)
    others = [ctx.library.article(name, ctx.language) for name in (near.related if near else ())]
    choices = [Choice(f"a/{one.id}", one.label) for one in others if one is not None][:3]
    choices += [Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human"))]
    return Turn(replace(state, topic=""), (Reply(ctx.say("which.not_that"), tuple(choices)),))


def _foreign(state: State, ctx: Context) -> Turn:
    choices = (Choice("lang/es", "Español"), Choice("lang/en", "English"), Choice("menu", ctx.say("menu.label")))
    return Turn(state, (Reply(ctx.say("language.other"), choices),))


def miss(state: State, said: Inbound, ctx: Context) -> Turn:
    """We have no reviewed answer: say so, offer ways on, and from the third time a person first."""
    number = state.misses + 1
    key = ("miss.first", "miss.second", "miss.third")[min(number, 3) - 1]
    if key == state.last_miss:
        key = "miss.again"
    state = replace(state, misses=number, last_miss=key)
    missed = Missed(said.text)
    if number >= 3:
        turn = person.call(state, ctx, ctx.say(key))
        return turn.adding(missed)
    near = _options(ctx)[:2] if ctx.heard.ranking.hits and ctx.heard.ranking.hits[0].probability >= 0.15 else []
    ways = [Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human"))]
    return Turn(state, (Reply(ctx.say(key), (*near, *ways)),), (missed,))


def none_of_these(state: State, ctx: Context) -> Turn:
    """The person meant none of the offered articles."""
    choices = (Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human")))
    return Turn(replace(state, misses=state.misses + 1), (Reply(ctx.say("which.sorry"), choices),))


FLOW = Flow("answers", routes={"none": lambda state, _way, ctx: none_of_these(state, ctx)})
