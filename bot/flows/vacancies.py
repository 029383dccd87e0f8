"""The vacancies that this person was sent: the list, and one of them with everything that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.conversation import Context, Flow, State, Turn
from bot.flows.fairs import region_name
from bot.library.render import shortened
from bot.messages import Choice, Reply

LONGEST = 560
"""Characters of a vacancy's own words: with the facts and the choices it still fits a bubble."""


def sent(state: State, ctx: Context) -> Turn:
    """What was sent lately, newest first."""
    choices = [Choice(f"v/{one['id']}", shortened(str(one["title"]), 20)) for one in ctx.alerts[:9]]
    choices.append(Choice("menu", ctx.say("menu.label")))
    return Turn(
        state.without_flow(), (Reply(ctx.say("vacancy.list" if ctx.alerts else "vacancy.none"), _apart(choices)),)
    )


def _apart(choices: list[Choice]) -> tuple[Choice, ...]:
    """No two titles the same: the second of a name gets a number."""
    seen: dict[str, int] = {}
    out = []
    for choice in choices:
        seen[choice.title] = seen.get(choice.title, 0) + 1
        number = seen[choice.title]
        out.append(choice if number == 1 else Choice(choice.id, f"{choice.title[:17]} {number}"))
    return tuple(out)


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
    places = [str(p.get("district") or region_name(str(p["region"]), ctx)) for p in found.get("places") or ()]
    if found.get("remote"):
        places.append(ctx.say("digest.remote"))
    if places:
        lines.append(ctx.say("vacancy.places", places=", ".join(places[:6])))
    if pay := _pay(found, ctx):
        lines.append(ctx.say("vacancy.pay", pay=pay))
    if found.get("valid_through"):
        lines.append(ctx.say("vacancy.until", date=ctx.day_of(datetime.fromisoformat(str(found["valid_through"])))))
    if found.get("url"):
        lines.append(ctx.say("vacancy.link", link=found["url"]))
    room = LONGEST - len(str(found.get("url") or ""))
    return "\n".join(
        [*lines, "", shortened(str(found.get("description") or ""), max(room, 80)), "", ctx.say("vacancy.careful")]
    )


def _pay(found: Mapping[str, Any], ctx: Context) -> str:
    amounts = [found[name] for name in ("pay_min", "pay_max") if found.get(name)]
    return " - ".join(dict.fromkeys(ctx.wording.money(round(one), ctx.language) for one in amounts))


FLOW = Flow("vacancies", routes={"v": _one})
