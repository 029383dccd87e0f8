"""Danger: the help line in the first line, then what to do, then a person. Nothing of the text is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation import Context, State, Turn
from bot.flows import article
from bot.library import render
from bot.library.article import Article
from bot.messages import LONGEST_REPLY, Choice, Reply

SHORT_OF = 0.75
"""A practical question that is no part of its own is offered when the search is at least this sure of it."""


def help_first(state: State, ctx: Context) -> Turn:
    """The line to call before anything else; below it, short, what else was asked, or one tap away."""
    danger = ctx.heard.danger
    assert danger is not None
    kind = danger.article.split("/")[-1]
    text = ctx.say(f"urgent.{kind}") + "\n\n" + ctx.say("urgent.person")
    choices = [Choice(f"a/{danger.article}", ctx.say("urgent.more"))]
    choices += _other_dangers(ctx, danger.also)
    asked = ctx.heard.second_asked
    beside = _practical(ctx, {danger.article, *danger.also})
    if beside is not None:
        short = _short_of(beside, asked, ctx, LONGEST_REPLY - len(text)) if beside.id == ctx.heard.second else ""
        way = article.way(beside, asked)
        told = short and not way.startswith("a/") and "…" not in short  # all of the section: the summary says more
        choices.append(Choice(f"a/{beside.id}" if told else way, beside.label))
        text += short
    choices += [Choice("human", ctx.say("menu.human")), Choice("menu", ctx.say("menu.label"))]
    if state.flow:
        choices.insert(-1, Choice("resume", ctx.say("resume.label")))
    return Turn(replace(state, topic=danger.article), (Reply(text, tuple(choices), danger.article),))


def _short_of(beside: Article, asked: Sequence[str], ctx: Context, room: int) -> str:
    """What the article says of what was asked, in the room that the help has left; empty when there is too little."""
    opening = f"\n\n{ctx.say('urgent.beside')}\n"
    short = render.brief(beside, asked, ctx.today, ctx.wording, room - len(opening), ctx.language)
    return f"{opening}{short}" if short else ""


def _other_dangers(ctx: Context, also: Sequence[str]) -> list[Choice]:
    """Dangers border on each other: the next likely one is a tap away, so that nobody is left with the wrong line."""
    found = (ctx.library.article(name, ctx.language) for name in also[:1])
    return [Choice(f"a/{one.id}", one.label) for one in found if one is not None]


def _practical(ctx: Context, dangers: set[str]) -> Article | None:
    likely = (hit.article for hit in ctx.heard.ranking.hits[:2] if hit.probability >= SHORT_OF)
    for name in (ctx.heard.second, *likely):
        found = ctx.library.article(name, ctx.language) if name and name not in dangers else None
        if found is not None:
            return found
    return None
