"""Vacancy alerts by conversation: at most four taps, changed and paused in words, ended with one word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.alerts.digest import MORE
from bot.choosing import is_one_of
from bot.conversation import Context, Flow, State, Subscribe, Turn, Unsubscribe
from bot.flows import vacancies
from bot.flows.fairs import region_name
from bot.flows.privacy import describe
from bot.flows.wish_words import change, find_regions, find_sectors
from bot.messages import Choice, Inbound, Reply
from bot.person import Wish

NAME = "alerts"
MOST_WORDS = 4
"""Up to here words like `solo los lunes` are a wish even when an article knows them too."""
REGIONS = ("15", "07", "04", "13", "20", "14")
SECTORS = ("comercio", "gastronomia-hoteleria", "limpieza", "hogar-cuidados", "construccion", "transporte-reparto")
STEPS = ("region", "sector", "rhythm", "consent")


def _open(state: State, ctx: Context) -> Turn:
    if ctx.person.wish is not None:
        return mine(state, ctx)
    return _ask(replace(state, flow=NAME, step="region", data={}), ctx)


def begin(state: State, ctx: Context, regions: Sequence[str], sectors: Sequence[str]) -> Turn:
    """Start a subscription with what was already said of it; who has one gets it changed, or shown."""
    said: dict[str, Any] = {name: list(found) for name, found in (("r", regions), ("s", sectors)) if found}
    wish = ctx.person.wish
    if wish is None or not wish.alerts:
        return _next(replace(state, flow=NAME, step="region", data={}), ctx, **said)
    changed = replace(wish, regions=tuple(regions) or wish.regions, sectors=tuple(sectors) or wish.sectors)
    return mine(state, ctx) if changed == wish else _changed(state, changed, ctx)


def _changed(state: State, changed: Wish, ctx: Context) -> Turn:
    words = ctx.say("alerts.consent", wish=describe(changed, ctx))
    reply = Reply(ctx.say("alerts.changed", wish=describe(changed, ctx)), (Choice("alerts", ctx.say("alerts.see")),))
    return Turn(state, (_with_open(reply, ctx),), (Subscribe(changed, words),))


def mine(state: State, ctx: Context, opening: str = "") -> Turn:
    """What the person is subscribed to, and everything that can be done about it."""
    assert ctx.person.wish is not None
    text = ctx.say("alerts.mine", wish=describe(ctx.person.wish, ctx))
    choices = (
        Choice("alerts/new", ctx.say("alerts.change")),
        Choice("alerts/pause", ctx.say("alerts.pause")),
        Choice("why", ctx.say("alerts.why")),
        Choice("alerts/stop", ctx.say("alerts.stop")),
        Choice("menu", ctx.say("menu.label")),
    )
    return Turn(state.without_flow(), (Reply(f"{opening}\n\n{text}" if opening else text, choices),))


def _ask(state: State, ctx: Context) -> Turn:
    """The question of the present step."""
    step = state.step if state.step in STEPS else "region"
    if step == "region":
        choices = [Choice(f"w/r/{code}", region_name(code, ctx)) for code in REGIONS]
        choices.append(Choice("w/r/all", ctx.say("alerts.everywhere")))
    elif step == "sector":
        choices = [Choice(f"w/s/{name}", ctx.say(f"sector.{name}")) for name in SECTORS]
        choices.append(Choice("w/s/all", ctx.say("alerts.any_sector")))
    elif step == "rhythm":
        choices = [Choice(f"w/f/{name}", ctx.say(f"alerts.{name}")) for name in ("now", "daily", "weekly")]
    else:
        choices = [
            Choice("w/ok", ctx.say("alerts.accept")),
            Choice("w/nofairs", ctx.say("alerts.accept_no_fairs")),
            Choice("w/again", ctx.say("alerts.again")),
        ]
    text = ctx.say(f"alerts.ask.{step}", wish=describe(_wish(state.data, ctx), ctx))
    return Turn(replace(state, flow=NAME, step=step), (Reply(text, tuple(choices)),))


def _wish(data: Mapping[str, Any], ctx: Context) -> Wish:
    return Wish(
        regions=tuple(data.get("r", ())),
        sectors=tuple(data.get("s", ())),
        frequency=str(data.get("f", "daily")),
        weekday=0 if data.get("f") == "weekly" else None,
        languages=("es",) if ctx.language == "es" else ("es", "en"),
    )


def _next(state: State, ctx: Context, **found: Any) -> Turn:
    data = {**state.data, **found}
    wanted = {"region": "r", "sector": "s", "rhythm": "f"}
    step = next((step for step in STEPS if step == "consent" or wanted[step] not in data), "consent")
    return _ask(replace(state, flow=NAME, step=step, data=data), ctx)


def _follow(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if state.flow != NAME:
        state = replace(state, flow=NAME, step="region", data={})
    match way:
        case ("r" | "s" as key, value) if value == "all" or _known(key, value, ctx):
            return _next(state, ctx, **{key: [] if value == "all" else [value]})
        case ("f", "now" | "daily" | "weekly" as value):
            return _next(state, ctx, f=value)
        case ("ok" | "nofairs" as answer,) if state.step == "consent":
            return _accept(state, answer == "ok", ctx)
        case ("again",):
            return _ask(replace(state, step="region", data={}), ctx)
    return _ask(state, ctx)


def _known(key: str, value: str, ctx: Context) -> bool:
    """Whether there is such a region or sector: an old or invented button may name any."""
    country = ctx.library.country
    return (country.region(value) if key == "r" else country.sector(value)) is not None


def _accept(state: State, fairs: bool, ctx: Context) -> Turn:
    wish = replace(_wish(state.data, ctx), fairs=fairs)
    words = ctx.say("alerts.consent", wish=describe(wish, ctx))
    ways = (Choice("alerts", ctx.say("alerts.see")), Choice("menu", ctx.say("menu.label")))
    reply = _with_open(Reply(ctx.say("alerts.saved", wish=describe(wish, ctx)), ways), ctx)
    return Turn(state.without_flow(), (reply,), (Subscribe(wish, words),))


def _with_open(reply: Reply, ctx: Context) -> Reply:
    """The confirmation, and below it how many jobs are open now, with the way to see them."""
    if not ctx.open_now:
        return reply
    text = f"{reply.text}\n\n{ctx.wording.many('alerts.open_now', ctx.open_now, ctx.language)}"
    return replace(reply, text=text, choices=(Choice(MORE, ctx.say("digest.open")), *reply.choices))


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """Several regions or sectors in words, at their step."""
    country = ctx.library.country
    if state.step == "region" and (regions := find_regions(said.text, country)):
        sectors = find_sectors(said.text, country)
        return _next(state, ctx, r=list(regions), **({"s": list(sectors)} if sectors else {}))
    if state.step == "sector" and (sectors := find_sectors(said.text, country)):
        return _next(state, ctx, s=list(sectors))
    return None


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    if is_one_of(said.text, ctx.say("alerts.words")):
        return _open(state, ctx)
    if _asks_why(said.text, ctx):
        return _why(state, ctx)
    wish = ctx.person.wish
    if "?" in said.text or (len(said.text.split()) > MOST_WORDS and ctx.heard.ranking.outcome == "answer"):
        return None  # "¿es legal que me paguen semanal?" changes nothing
    changed = change(said.text, wish or Wish(), ctx.library.country, ctx.now)
    if changed is None:
        return None
    if wish is None:
        return _nothing_yet(state, said, ctx)
    return _changed(state, changed, ctx)


def _nothing_yet(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """Few words that would change a wish, from somebody who has none; in more words they may mean anything."""
    if len(said.text.split()) > MOST_WORDS:
        return None
    ways = (Choice("alerts", ctx.say("menu.alerts")), Choice("menu", ctx.say("menu.label")))
    return Turn(state, (Reply(ctx.say("alerts.not_yet"), ways),))


def _asks_why(text: str, ctx: Context) -> bool:
    said = text.casefold().strip(" ¿?!¡.")
    return any(said.startswith(words) for words in ctx.say("why.words").split("|"))


def _why(state: State, ctx: Context) -> Turn:
    choices = (Choice("alerts", ctx.say("alerts.see")), Choice("report", ctx.say("offer.report")))
    told = [one for one in ctx.alerts if not one.get("past")][:5]
    if not told or ctx.person.wish is None:
        return Turn(state, (Reply(ctx.say("why.nothing"), choices),))
    lines = [f"- {one['title']} ({one['employer']})" for one in told]
    text = ctx.say("why.text", wish=describe(ctx.person.wish, ctx), vacancies="\n".join(lines))
    return Turn(state, (Reply(text, choices),))


def _manage(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    wish = ctx.person.wish
    if way[:1] == ("more",):
        start = way[1] if len(way) > 1 else ""
        return vacancies.sent(state, ctx, int(start) if start.isdecimal() and len(start) < 6 else 0)
    if way == ("new",):
        return _ask(replace(state, flow=NAME, step="region", data={}), ctx)
    if wish is None:
        return _open(state, ctx)
    if way == ("pause",):
        paused = change("pausa 2 semanas", wish, ctx.library.country, ctx.now)
        assert paused is not None
        reply = Reply(ctx.say("alerts.changed", wish=describe(paused, ctx)), (Choice("alerts", ctx.say("alerts.see")),))
        return Turn(state, (reply,), (Subscribe(paused, ctx.say("alerts.pause")),))
    if way in {("stop",), ("stop", "alerts"), ("stop", "fairs"), ("stop", "all")}:
        return _stop(state, ctx, way[1] if len(way) > 1 else "all", "baja")
    return mine(state, ctx)


def _stop(state: State, ctx: Context, scope: str, words: str) -> Turn:
    """Ends it at once, with one confirmation; nobody is asked whether they are sure."""
    choices = (Choice("alerts", ctx.say("alerts.resubscribe")), Choice("menu", ctx.say("menu.label")))
    reply = Reply(ctx.say(f"stop.{scope}"), choices)
    return Turn(state.without_flow(), (reply,), (Unsubscribe(scope, words),))


def _stop_command(name: str) -> Any:
    def stop(state: State, ctx: Context) -> Turn:
        scope = ctx.heard.control_scope or ("alerts" if name == "unsubscribe" else "all")
        return _stop(state, ctx, scope, name)

    return stop


FLOW = Flow(
    NAME,
    routes={
        "alerts": _manage,
        "w": _follow,
        "why": lambda state, _way, ctx: _why(state, ctx),
    },
    controls={
        "subscribe": _open,
        "stop": _stop_command("stop"),
        "unsubscribe": _stop_command("unsubscribe"),
    },
    hears=_hear,
    overhears=_overhear,
    resume=_ask,
)
