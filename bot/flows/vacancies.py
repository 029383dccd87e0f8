"""The vacancies that this person was sent: the list, and one of them with everything that is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from bot.alerts.digest import MORE, copies_of, count_lines, page
from bot.alerts.vacancy import Vacancy
from bot.choosing import fold, is_one_of
from bot.conversation import Context, Flow, State, Turn
from bot.flows.fairs import region_name
from bot.library.render import shortened
from bot.messages import Choice, Inbound, Reply

MOST_PLACES = 12
LONGEST = 560
"""Characters of a vacancy's own words: with the facts and the choices it still fits a bubble."""


def sent(state: State, ctx: Context, start: int = 0) -> Turn:
    """What was sent lately, newest first, from this line on: so the rest of a digest is seen as well."""
    messages = _messages(ctx)
    region = partial(region_name, ctx=ctx)
    made = page(messages, start, ctx.wording, ctx.language, region)
    if made is None:
        ways = (Choice("alerts", ctx.say("alerts.see")), Choice("menu", ctx.say("menu.label")))
        key = "vacancy.no_more" if start else "vacancy.gone_all" if messages else "vacancy.none"
        return Turn(state.without_flow(), (Reply(ctx.say(key), ways),))
    choices = (*made.reply.choices, Choice("menu", ctx.say("menu.label")))
    return Turn(state.without_flow(), (Reply(made.reply.text, choices),))


def _messages(ctx: Context) -> list[list[Vacancy]]:
    """The vacancies of each message, the newest message first."""
    messages: dict[Any, list[Vacancy]] = {}
    for one in ctx.alerts:
        if one.get("past"):
            continue
        messages.setdefault(one.get("at"), []).append(Vacancy.from_json(one))
    return list(messages.values())


def _one(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    found = next((one for one in ctx.alerts if way[:1] == (str(one["id"]),)), None)
    ways = (
        Choice("alerts/more", ctx.say("digest.rest")),
        Choice("why", ctx.say("alerts.why")),
        Choice("menu", ctx.say("menu.label")),
    )
    if found is None or found.get("state") != "open":
        return Turn(state, (Reply(ctx.say("vacancy.gone"), ways),))
    report = Choice(f"report/{found['id']}", ctx.say("offer.report"))
    return Turn(state, (Reply(_text(found, ctx), (report, *ways)),))


def _text(found: Mapping[str, Any], ctx: Context) -> str:
    lines = [f"**{shortened(str(found['title']), 120)}**"]
    if found.get("employer"):
        lines.append(ctx.say("vacancy.employer", employer=shortened(str(found["employer"]), 80)))
    if places := _places(found, ctx):
        lines.append(ctx.say("vacancy.places", places=places))
    if pay := _pay(found, ctx):
        lines.append(ctx.say("vacancy.pay", pay=pay))
    if found.get("valid_through"):
        lines.append(ctx.say("vacancy.until", date=ctx.day_of(datetime.fromisoformat(str(found["valid_through"])))))
    if found.get("url"):
        lines.append(ctx.say("vacancy.link", link=found["url"]))
    room = LONGEST - len(str(found.get("url") or "")) - max(0, len(places) - 100)
    return "\n".join(
        [*lines, "", shortened(str(found.get("description") or ""), max(room, 80)), "", ctx.say("vacancy.careful")]
    )


def _places(found: Mapping[str, Any], ctx: Context) -> str:
    """Where it is: also where its copies are, which the digest told in the same line."""
    everything = [Vacancy.from_json(one) for one in ctx.alerts if not one.get("past")]
    copies = copies_of(everything, str(found["id"])) or (Vacancy.from_json(found),)
    spots = dict.fromkeys(place for copy in copies for place in copy.places)
    named = list(dict.fromkeys(place.district or region_name(place.region, ctx) for place in spots))
    if found.get("remote"):
        named.append(ctx.say("digest.remote"))
    more = len(named) - MOST_PLACES
    told = ", ".join(named[:MOST_PLACES])
    return ctx.say("vacancy.places_more", places=told, count=more) if more > 0 else told


def _pay(found: Mapping[str, Any], ctx: Context) -> str:
    amounts = [found[name] for name in ("pay_min", "pay_max") if found.get(name)]
    return " - ".join(dict.fromkeys(ctx.wording.money(round(one), ctx.language) for one in amounts))


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """The rest of a digest asked for in words ("y 12 más"), or all that was sent."""
    words = fold(said.text)
    rest = _REST.fullmatch(words)
    if not ctx.alerts or not (rest or is_one_of(said.text, ctx.say("vacancy.sent.words"))):
        return None
    offered = next((choice.id for choice in state.offered if choice.id.startswith(f"{MORE}/")), "")
    if offered and (rest or _OTHERS.search(words)):
        return sent(state, ctx, int(offered.rpartition("/")[2]))
    return sent(state, ctx, max(0, count_lines(_messages(ctx)[0]) - int(rest[1])) if rest else 0)


_REST = re.compile(r"(?:y |and |los |las |the )?(?:otros |otras |other )?(\d{1,3}) (?:mas|more)")

_OTHERS = re.compile(r"\b(?:demas|resto|mas|others|rest|more)\b")

FLOW = Flow("vacancies", routes={"v": _one}, overhears=_overhear)
