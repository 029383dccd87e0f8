"""Danger: the help line in the first line, then what to do, then a person. Nothing of the text is kept."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation import Context, State, Turn
from bot.messages import Choice, Reply

SHORT_OF = 0.75
"""A practical question beside the danger is offered when the search is at least this sure of it."""


def help_first(state: State, ctx: Context) -> Turn:
    """The line to call before anything else; a practical question beside it is one tap away."""
    danger = ctx.heard.danger
    assert danger is not None
    kind = danger.article.split("/")[-1]
    text = ctx.say(f"urgent.{kind}") + "\n\n" + ctx.say("urgent.person")
    choices = [Choice(f"a/{danger.article}", ctx.say("urgent.more"))]
    beside = _practical(ctx, {danger.article, *danger.also})
    if beside is not None:
        choices.append(beside)
    choices += [Choice("human", ctx.say("menu.human")), Choice("menu", ctx.say("menu.label"))]
    if state.flow:
        choices.insert(-1, Choice("resume", ctx.say("resume.label")))
    return Turn(replace(state, topic=danger.article), (Reply(text, tuple(choices), danger.article),))


def _practical(ctx: Context, dangers: set[str]) -> Choice | None:
    for hit in ctx.heard.ranking.hits[:2]:
        article = ctx.library.article(hit.article, ctx.language)
        if article is not None and hit.probability >= SHORT_OF and hit.article not in dangers:
            return Choice(f"a/{article.id}", article.label)
    return None
