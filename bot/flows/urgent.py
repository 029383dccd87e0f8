"""Danger: the help line in the first line, then what to do, then a person. Nothing of the text is kept."""

from __future__ import annotations

from collections.abc import Sequence
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
    choices += _other_dangers(ctx, danger.also)
    beside = _practical(ctx, {danger.article, *danger.also})
    if beside is not None:
        choices.append(beside)
    choices += [Choice("human", ctx.say("menu.human")), Choice("menu", ctx.say("menu.label"))]
    if state.flow:
        choices.insert(-1, Choice("resume", ctx.say("resume.label")))
    return Turn(replace(state, topic=danger.article), (Reply(text, tuple(choices), danger.article),))


def _other_dangers(ctx: Context, also: Sequence[str]) -> list[Choice]:
    """Dangers border on each other: the next likely one is a tap away, so that nobody is left with the wrong line."""
    found = (ctx.library.article(article, ctx.language) for article in also[:1])
    return [Choice(f"a/{article.id}", article.label) for article in found if article is not None]


def _practical(ctx: Context, dangers: set[str]) -> Choice | None:
    likely = (hit.article for hit in ctx.heard.ranking.hits[:2] if hit.probability >= SHORT_OF)
    for name in (ctx.heard.second, *likely):
        article = ctx.library.article(name, ctx.language) if name and name not in dangers else None
        if article is not None:
            return Choice(f"a/{article.id}", article.label)
    return None
