"""Job fairs: the next ones, one fair in one bubble, its calendar file, its place, what to bring."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from bot.choosing import is_one_of
from bot.conversation import Context, Flow, RegisterFair, State, Turn
from bot.library.fairs import Fair, calendar
from bot.messages import Choice, Document, Inbound, Place, Reply

NAMES = re.compile(r"\b(?:ferias?|(?:job |work )?fairs?)\b", re.IGNORECASE)
OFF = ("cancelled", "postponed")
"""The states in which nobody should go there on that day."""
MOST_WORDS = 7
"""Words in which somebody asks for the fairs of a place, and no more than that."""
NAMED = re.compile(r"(?:feria|fair) (\d{4}-\d\d-\d\d-[\w-]+)")


def upcoming(state: State, ctx: Context, opening: str = "", regions: tuple[str, ...] = ()) -> Turn:
    """The fairs to come, nearest first; says so honestly when there is none. Those that fell through come before."""
    fairs = known(ctx, regions)
    if not fairs and regions:
        fairs = known(ctx, ())
    choices = [Choice(f"f/{fair.id}", fair.label) for fair in fairs[:6]]
    choices += [Choice("a/ferias/prepararme", ctx.say("fairs.prepare")), Choice("menu", ctx.say("menu.label"))]
    if not fairs:
        text = "\n".join([*_fallen_through(ctx), ctx.say("fairs.none")])
        choices.insert(0, Choice("alerts/fairs", ctx.say("fairs.tell_me")))
    else:
        lines = [f"- **{_day(fair, ctx)}** · {fair.label}, {region_name(fair.region, ctx)}" for fair in fairs[:6]]
        text = "\n".join([*_fallen_through(ctx), ctx.say("fairs.next"), "", *lines])
    return Turn(state.without_flow(), (Reply(f"{opening}\n\n{text}" if opening else text, tuple(choices)),))


def _fallen_through(ctx: Context) -> list[str]:
    """Fairs whose day is not over and that were cancelled or put off: somebody may have been told of them."""
    slugs = {slug for _, slug in ctx.library.fairs}
    found = [fair for slug in slugs if (fair := ctx.library.fair(slug, ctx.language)) and fair.status in OFF]
    near = sorted((fair for fair in found if fair.end > ctx.now and (ctx.demo or not fair.example)), key=_when)[:3]
    lines = [
        ctx.say(f"fairs.off.{one.status}", day=_day(one, ctx), label=one.label, region=region_name(one.region, ctx))
        for one in near
    ]
    return [*lines, ""] if lines else []


def _when(fair: Fair) -> tuple[datetime, str]:
    return fair.start, fair.id


def known(ctx: Context, regions: tuple[str, ...] = ()) -> list[Fair]:
    """The fairs to come that this person may be told of."""
    found = ctx.library.upcoming(ctx.now, language=ctx.language)
    return [fair for fair in found if (ctx.demo or not fair.example) and (not regions or fair.region in regions)]


def region_name(code: str, ctx: Context) -> str:
    """The name of a region, its code when the country file does not know it."""
    region = ctx.library.country.region(code)
    return region.name if region else code


def _day(fair: Fair, ctx: Context) -> str:
    return ctx.day_of(fair.start)


def bubble(fair: Fair, ctx: Context) -> str:
    """One fair in one bubble: what, when, where, how to register, who organises and how we know."""
    lines = [f"**{fair.title}**"]
    if fair.status in {"postponed", "closed"}:
        lines = [
            ctx.say(f"news.correction.{fair.status}", title=fair.title, day=ctx.wording.day(fair.start, ctx.language))
        ]
    if fair.example:
        lines.append(ctx.say("fairs.example"))
    lines += [
        "",
        ctx.say(
            "fairs.when",
            date=ctx.wording.day(fair.start, ctx.language),
            start=ctx.wording.hour(fair.start, ctx.language),
            end=ctx.wording.hour(fair.end, ctx.language),
        ),
        ctx.say("fairs.where", place=fair.place, address=fair.address, district=fair.district),
    ]
    if fair.register:
        lines.append(ctx.say("fairs.register", link=fair.register))
    lines.append(ctx.say("fairs.organiser", organiser=fair.organiser))
    if fair.text:
        lines += ["", fair.text]
    lines += [
        "",
        ctx.say("fairs.source", name=fair.sources[0].name, date=ctx.wording.as_of(fair.sources[0].as_of, ctx.language)),
    ]
    return "\n".join(lines)


def _one(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    fair = ctx.library.fair("/".join(way[:1]), ctx.language) if way else None
    if fair is None or (fair.example and not ctx.demo):
        return upcoming(state, ctx, ctx.say("fairs.unknown"))
    if fair.status == "cancelled":
        return upcoming(state, ctx, ctx.say("fairs.cancelled", title=fair.title))
    if fair.end < ctx.now:
        return upcoming(state, ctx, ctx.say("fairs.past", title=fair.title, date=_day(fair, ctx)))
    act = {"ics": _calendar, "map": _map, "list": _bring, "remind": _remind}.get(way[1]) if len(way) > 1 else None
    if act is not None:
        return act(state, fair, ctx)
    return Turn(state.without_flow(), (Reply(bubble(fair, ctx), _ways(fair, ctx)),))


def _ways(fair: Fair, ctx: Context) -> tuple[Choice, ...]:
    return (
        Choice(f"f/{fair.id}/remind", ctx.say("fairs.remind")),
        Choice(f"f/{fair.id}/map", ctx.say("fairs.map")),
        Choice(f"f/{fair.id}/list", ctx.say("fairs.bring")),
        Choice(f"f/{fair.id}/ics", ctx.say("fairs.ics")),
        Choice("fairs", ctx.say("fairs.others")),
        Choice("menu", ctx.say("menu.label")),
    )


def _calendar(state: State, fair: Fair, ctx: Context) -> Turn:
    link = f"{ctx.public_url}/ferias/{fair.id}.ics" if ctx.public_url else ""
    document = Document(f"{fair.id}.ics", "text/calendar", calendar(fair, ctx.now), link)
    reply = Reply(ctx.say("fairs.ics.text", title=fair.title), _ways(fair, ctx), document=document)
    return Turn(state, (reply,))


def _map(state: State, fair: Fair, ctx: Context) -> Turn:
    where = f"{fair.place}, {fair.address}, {fair.district}"
    query = f"{fair.lat},{fair.lon}" if fair.lat is not None and fair.lon is not None else where
    link = f"https://www.google.com/maps/search/?api=1&query={quote(query)}"
    place = None
    if fair.lat is not None and fair.lon is not None:
        place = Place(fair.lat, fair.lon, fair.place, f"{fair.address}, {fair.district}")
    return Turn(state, (Reply(ctx.say("fairs.map.text", where=where, link=link), _ways(fair, ctx), place=place),))


def _bring(state: State, fair: Fair, ctx: Context) -> Turn:
    lines = "\n".join(f"- {thing}" for thing in fair.bring) or ctx.say("fairs.bring.nothing")
    return Turn(state, (Reply(ctx.say("fairs.bring.text", title=fair.title, things=lines), _ways(fair, ctx)),))


def _remind(state: State, fair: Fair, ctx: Context) -> Turn:
    text = ctx.say("fairs.reminded", title=fair.title)
    return Turn(state, (Reply(text, _ways(fair, ctx)),), (RegisterFair(fair.id),))


def _list(state: State, _way: tuple[str, ...], ctx: Context) -> Turn:
    regions = ctx.person.wish.regions if ctx.person.wish else ()
    return upcoming(state, ctx, regions=regions)


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """`feria 2027-02-18-lima`, as posters write it, and the plain question which fairs there are."""
    found = NAMED.match(said.text.strip().lower())
    if found is not None:
        return _one(state, (found[1],), ctx)
    if is_one_of(said.text, ctx.say("fairs.words")):
        return _list(state, (), ctx)
    offered = [choice.id.split("/") for choice in state.offered if choice.id.startswith("f/")]
    if (offered or NAMES.search(said.text)) and len(said.text.split()) <= MOST_WORDS:
        place = ctx.library.country.find_region(said.text)
        if place is not None and (known(ctx) or _fallen_through(ctx)):
            there = known(ctx, (place.code,))
            return upcoming(state, ctx, "" if there else ctx.say("fairs.none_in", region=place.name), (place.code,))
    return _about(state, offered, said, ctx) if offered else None


def _about(state: State, offered: list[list[str]], said: Inbound, ctx: Context) -> Turn | None:
    """Words about the fair just shown, or the only one listed: where it is, what to bring, `me inscribo`, `recuérdamelo`."""
    fair = offered[0][1]
    one = all(way[1] == fair for way in offered)
    if is_one_of(said.text, ctx.say("fairs.join.words")):
        return _one(state, (fair,), ctx) if one else upcoming(state, ctx, ctx.say("fairs.which"))
    if is_one_of(said.text, ctx.say("fairs.remind.words")):
        return _one(state, (fair, "remind"), ctx) if one else upcoming(state, ctx, ctx.say("fairs.which.one"))
    asked = "tiempo" if is_one_of(said.text, ctx.say("fairs.when.words")) else ctx.heard.follow_up
    if not one:
        return upcoming(state, ctx, ctx.say("fairs.which.one")) if asked in {"tiempo", "donde"} else None
    part = {"donde": ("map",), "requisitos": ("list",), "tiempo": (), "costo": (), "pasos": ()}.get(asked)
    return _one(state, (fair, *part), ctx) if part is not None else None


FLOW = Flow("fairs", routes={"fairs": _list, "f": _one}, overhears=_overhear)
