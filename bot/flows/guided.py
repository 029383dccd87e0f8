"""Guided flows and checklists that the office writes as content: questions with options that end at an article.

A checklist is kept only when the person marks something on it; it can be taken up again after months.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.choosing import is_one_of
from bot.conversation import Context, Flow, State, Turn
from bot.flows import article, menu
from bot.library.guided import Flow as Guide
from bot.messages import Choice, Inbound, Reply

NAME = "guided"
CHECKLIST = "checklist"


def _go(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    """`g/<topic>/<slug>` opens it, `g/<topic>/<slug>/<step>` is one step of it."""
    flow = ctx.library.flow("/".join(way[:2]), ctx.language)
    if flow is None:
        return menu.main(state, ctx)
    if flow.kind == CHECKLIST:
        return _checklist(state, flow, ctx)
    step = way[2] if len(way) > 2 else flow.start
    return _step(state, flow, step, ctx) if step in flow.steps else _step(state, flow, flow.start, ctx)


def _step(state: State, flow: Guide, name: str, ctx: Context) -> Turn:
    step = flow.steps[name]
    text = "\n\n".join(part for part in (step.say, step.ask) if part)
    ways = [option.next for option in step.options]  # two may lead to the same step; a list takes no id twice
    if not ways:
        return _end(state, step.article, text, ctx)
    choices = tuple(
        Choice(f"g/{flow.id}/{option.next}" + (f"/{place}" if option.next in ways[:place] else ""), option.label)
        for place, option in enumerate(step.options)
    )
    if step.article and (found := ctx.library.article(step.article, ctx.language)):
        choices = (*choices, Choice(f"a/{found.id}", found.label))
    state = replace(state, flow=NAME, step=name, data={"id": flow.id})
    return Turn(state, (Reply(text, choices),))


def _end(state: State, article_id: str, text: str, ctx: Context) -> Turn:
    """The end of a guide: what follows from the answers, and the article with its source."""
    state = state.without_flow()
    shown = article.show(state, article_id, ctx, text) if article_id else None
    if shown is None:
        return Turn(
            state, (Reply(text, (Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human")))),)
        )
    if text and not shown.replies[0].text.startswith(text):
        found = ctx.library.article(article_id, ctx.language)
        label = found.label if found else ctx.say("more.label")
        return Turn(state, (Reply(text, (Choice(f"a/{article_id}", label), Choice("menu", ctx.say("menu.label")))),))
    return shown


def _resume(state: State, ctx: Context) -> Turn:
    return _go(state, (*str(state.data.get("id", "")).split("/"), state.step), ctx)


def _done(state: State, flow: Guide) -> Mapping[str, Any]:
    found = state.kept.get(flow.id)
    return found if isinstance(found, Mapping) else {}


def _checklist(state: State, flow: Guide, ctx: Context, opening: str = "") -> Turn:
    done = _done(state, flow)
    lines = [opening or flow.intro, ""]
    lines += [f"{'✅' if item.id in done else '▫️'} {item.label}" for item in flow.items]
    if done:
        lines += ["", ctx.say("checklist.kept", done=len(done), all=len(flow.items))]
    choices = [Choice(f"k/{flow.id}/{item.id}", item.label) for item in flow.items][:9]
    choices.append(Choice("menu", ctx.say("menu.label")))
    return Turn(state.without_flow(), (Reply("\n".join(lines), tuple(choices)),))


def _item(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    """`k/<topic>/<slug>/<item>` shows one point of a checklist; with `/1` it is marked, with `/0` unmarked."""
    flow = ctx.library.flow("/".join(way[:2]), ctx.language)
    if flow is None or flow.kind != CHECKLIST:
        return menu.main(state, ctx)
    item = next((one for one in flow.items if way[2:3] == (one.id,)), None)
    if item is None:
        return _checklist(state, flow, ctx)
    if len(way) > 3:
        return _mark(state, flow, item.id, way[3] == "1", ctx)
    done = item.id in _done(state, flow)
    choices = [
        Choice(f"k/{flow.id}/{item.id}/{0 if done else 1}", ctx.say("checklist.undo" if done else "checklist.do"))
    ]
    if item.article and (found := ctx.library.article(item.article, ctx.language)):
        choices.append(Choice(f"a/{found.id}", found.label))
    choices += [Choice(f"g/{flow.id}", ctx.say("checklist.back")), Choice("menu", ctx.say("menu.label"))]
    return Turn(state, (Reply(f"**{item.label}**\n\n{item.text}", tuple(choices)),))


def _mark(state: State, flow: Guide, item: str, done: bool, ctx: Context) -> Turn:
    marks = {name: day for name, day in _done(state, flow).items() if name != item}
    if done:
        marks[item] = ctx.now.date().isoformat()
    kept = {name: value for name, value in state.kept.items() if name != flow.id}
    if marks:
        kept[flow.id] = marks
    return _checklist(replace(state, kept=kept), flow, ctx, ctx.say("checklist.saved"))


def _my_list(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """`mi lista` brings a kept checklist back."""
    if not is_one_of(said.text, ctx.say("checklist.words")):
        return None
    kept = [flow for name in state.kept if (flow := ctx.library.flow(name, ctx.language)) and flow.kind == CHECKLIST]
    if len(kept) == 1:
        return _checklist(state, kept[0], ctx)
    names = dict.fromkeys(name for _, name in ctx.library.flows)
    every = (ctx.library.flow(name, ctx.language) for name in names)
    all_lists = kept or [flow for flow in every if flow and flow.kind == CHECKLIST]
    choices = [Choice(f"g/{flow.id}", flow.label) for flow in all_lists][:9]
    choices.append(Choice("menu", ctx.say("menu.label")))
    return Turn(state, (Reply(ctx.say("checklist.which"), tuple(choices)),))


FLOW = Flow(NAME, routes={"g": _go, "k": _item}, overhears=_my_list, resume=_resume)
