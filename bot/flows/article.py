"""An article: its summary, its sections on demand, who says so, what is near it, and whether it helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.choosing import fold
from bot.conversation import Context, Flow, Rated, State, Turn, fallback
from bot.flows import menu
from bot.library import render
from bot.library.article import Article
from bot.messages import Choice, Inbound, Reply

ACTIONS = {
    "empleo/alertas": ("alerts", "menu.alerts"),
    "empleo/buscar-trabajo": ("alerts", "menu.alerts"),
    "empleo/estafas-laborales": ("offer", "offer.check"),
    "ferias/proximas-ferias": ("fairs", "fairs.label"),
    "asistente/hablar-persona": ("human", "menu.human"),
    "asistente/privacidad": ("data", "data.label"),
    "proteccion/asesoria-legal": ("places", "places.label"),
    "proteccion/ayuda-humanitaria": ("places", "places.label"),
}
"""Articles about something that Rumbo does itself: the way to it stands first."""


def show(state: State, article_id: str, ctx: Context, opening: str = "") -> Turn | None:
    """The summary with everything that can be asked about it; None when there is no such article."""
    article = ctx.library.article(article_id, ctx.language)
    if article is None:
        return None
    text = render.bubble(article, ctx.today, ctx.wording, language=ctx.language)
    if opening and len(opening) + len(text) + 2 <= 1024:
        text = f"{opening}\n\n{text}"
    if render.freshness(article, ctx.today) is render.Freshness.WITHDRAWN:
        return Turn(replace(state, topic=article.id), (Reply(text, _ways_out(ctx), article.id),))
    return Turn(replace(state, topic=article.id), (Reply(text, _details(article, ctx), article.id),))


def asked(state: State, article_id: str, keys: Sequence[str], ctx: Context) -> Turn | None:
    """The sections that a question asks for, the others and the summary as ways on; without them the summary."""
    article = ctx.library.article(article_id, ctx.language)
    if article is None:
        return None
    found = [key for key in keys if article.section(key) is not None]
    if not found or render.freshness(article, ctx.today) is render.Freshness.WITHDRAWN:
        return show(state, article_id, ctx)
    text = render.asked_bubble(article, found, ctx.today, ctx.wording, language=ctx.language)
    summary = Choice(f"a/{article.id}", ctx.say("section.summary"))
    choices = (summary, *_other_details(article, ctx, found))[:9]
    return Turn(replace(state, topic=article.id), (Reply(text, choices, article.id),))


def section(state: State, article_id: str, key: str, ctx: Context) -> Turn | None:
    """One section of an article; when it has none of that name, the summary says what there is."""
    article = ctx.library.article(article_id, ctx.language)
    if article is None:
        return None
    if article.section(key) is None or render.freshness(article, ctx.today) is render.Freshness.WITHDRAWN:
        named = ctx.wording.has(f"section.{key}")  # an invented button may name anything
        opening = ctx.say("section.none", section=ctx.say(f"section.{key}")) if named else ""
        return show(state, article_id, ctx, opening)
    text = render.section_bubble(article, key, ctx.today, ctx.wording, language=ctx.language)
    rate = (Choice(f"h/{article.id}/1", ctx.say("helped.yes")), Choice(f"h/{article.id}/0", ctx.say("helped.no")))
    choices = (*_other_details(article, ctx, (key,))[:7], *rate)
    return Turn(replace(state, topic=article.id), (Reply(text, choices, article.id),))


def way(article: Article, keys: Sequence[str]) -> str:
    """The route to what a question asks for of this article."""
    found = next((key for key in keys if article.section(key) is not None), "")
    return f"s/{article.id}/{found}" if found else f"a/{article.id}"


def _other_details(article: Article, ctx: Context, shown: Sequence[str]) -> tuple[Choice, ...]:
    ids = {f"s/{article.id}/{key}" for key in shown}
    return tuple(choice for choice in _details(article, ctx) if choice.id not in ids)


def _details(article: Article, ctx: Context) -> tuple[Choice, ...]:
    choices = [Choice(f"s/{article.id}/{part.key}", ctx.say(f"section.{part.key}")) for part in article.sections]
    if action := ACTIONS.get(article.id):
        choices.insert(0, Choice(action[0], ctx.say(action[1])))
    flow = ctx.library.flow(article.id, ctx.language)
    if flow is not None:
        choices.insert(0, Choice(f"g/{article.id}", flow.label))
    if article.related:
        choices.append(Choice(f"r/{article.id}", ctx.say("related.label")))
    choices.append(Choice("menu", ctx.say("menu.label")))
    return tuple(choices[:9])


def _ways_out(ctx: Context) -> tuple[Choice, ...]:
    return (Choice("human", ctx.say("menu.human")), Choice("menu", ctx.say("menu.label")))


def _open(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    return show(state, "/".join(way), ctx) or menu.main(state, ctx)


def _section(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    return section(state, "/".join(way[:-1]), way[-1] if way else "", ctx) or menu.main(state, ctx)


def _related(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    article = ctx.library.article("/".join(way), ctx.language)
    if article is None:
        return menu.main(state, ctx)
    near = [ctx.library.article(name, ctx.language) for name in article.related]
    choices = [Choice(f"a/{other.id}", other.label) for other in near if other is not None]
    choices += [
        Choice(f"h/{article.id}/1", ctx.say("helped.yes")),
        Choice(f"h/{article.id}/0", ctx.say("helped.no")),
        Choice("menu", ctx.say("menu.label")),
    ]
    return Turn(
        replace(state, topic=article.id), (Reply(ctx.say("related.text", title=article.title), tuple(choices)),)
    )


def _rated(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    helped = way[-1:] == ("1",)
    choices = (Choice("menu", ctx.say("menu.label")),) if helped else _ways_out(ctx)
    reply = Reply(ctx.say("helped.thanks" if helped else "helped.sorry"), choices)
    return Turn(state, (reply,), (Rated("/".join(way[:-1]), helped),))


def _source(state: State, ctx: Context) -> Turn:
    article = ctx.library.article(state.topic, ctx.language) if state.topic else None
    if article is None:
        state, words = fallback(state, "source.nothing", ctx)
        return Turn(state, (Reply(words, (Choice("menu", ctx.say("menu.label")),)),))
    text = render.sources_bubble(article, ctx.today, ctx.wording, ctx.language)
    return Turn(state, (Reply(text, _details(article, ctx), article.id),))


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """Whether the article in hand helped, in the words of the buttons."""
    if not state.topic:
        return None
    words = {fold(ctx.say("helped.yes")): "1", fold(ctx.say("helped.no")): "0"}
    helped = words.get(fold(said.text))
    return _rated(state, (*state.topic.split("/"), helped), ctx) if helped else None


FLOW = Flow(
    "article",
    routes={"a": _open, "s": _section, "r": _related, "h": _rated},
    overhears=_overhear,
    controls={"source": _source},
)
