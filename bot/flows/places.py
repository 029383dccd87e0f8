"""Who to turn to in each region: offices that the facts name, with hours and the fact's date."""

from __future__ import annotations

from dataclasses import replace

from bot.choosing import fold
from bot.conversation import Context, Flow, State, Turn
from bot.flows.fairs import region_name
from bot.messages import Choice, Inbound, Reply

NAME = "places"
_SHORT = 10  # words: more of them ask for something else than an address
FIRST = ("15", "07", "04", "13", "20", "14", "24", "23")
"""Where most of the people live, and the borders: offered as buttons; any other region is typed."""


def _ask(state: State, ctx: Context) -> Turn:
    choices = [Choice(f"places/{code}", region_name(code, ctx)) for code in FIRST]
    choices.append(Choice("menu", ctx.say("menu.label")))
    state = replace(state, flow=NAME, step="region", data={})
    return Turn(state, (Reply(ctx.say("places.ask"), tuple(choices)),))


def _show(state: State, code: str, ctx: Context) -> Turn:
    name = region_name(code, ctx)
    offices = ctx.library.offices(code)
    lines = [ctx.say("places.title", region=name) if offices else ctx.say("places.none", region=name), ""]
    for office in offices:
        line = f"- **{office.name}**: {office.address}"
        hours = office.hours(ctx.language)
        details = ". ".join(part for part in (hours, office.phone) if part)
        date = ctx.say("places.date", date=ctx.wording.as_of(office.as_of, ctx.language), source=office.source)
        line = f"{line}. {details} ({date})" if details else f"{line} ({date})"
        if sum(map(len, lines)) + len(line) > 780:
            break
        lines.append(line)
    lines += ["", ctx.say("places.national")]
    choices = (
        Choice("places", ctx.say("places.other")),
        Choice("human", ctx.say("menu.human")),
        Choice("menu", ctx.say("menu.label")),
    )
    return Turn(state.without_flow(), (Reply("\n".join(lines), choices),))


def _route(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    known = {region.code for region in ctx.library.country.regions}
    return _show(state, way[0], ctx) if way and way[0] in known else _ask(state, ctx)


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    found = ctx.library.country.find_region(said.text) if _has_letters(said.text) else None
    return _show(state, found.code, ctx) if found else None


def _has_letters(text: str) -> bool:
    """A region has a number too, but nobody means it: a number is a choice."""
    return any(letter.isalpha() for letter in text)


def named(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """The offices of a place when the message says nothing but where the person is: `estoy en Trujillo`."""
    openings = sorted(map(fold, ctx.say("places.words").split("|")), key=len, reverse=True)
    place = fold(said.text)
    place = next((place.removeprefix(words) for words in openings if place.startswith(f"{words} ")), place)
    found = ctx.library.country.region_called(place) if _has_letters(place) else None
    if found is None and len(said.text.split()) <= _SHORT and _offices(said.text, ctx):
        found = ctx.library.country.find_region(said.text)
    return _show(state, found.code, ctx) if found else None


def _offices(text: str, ctx: Context) -> bool:
    """Whether a text speaks of an office that helps: `¿dónde queda Migraciones en Tacna?`."""
    line = f" {fold(text)} "
    return any(f" {fold(word)} " in line for word in ctx.say("places.offices").split("|"))


FLOW = Flow(NAME, routes={"places": _route}, hears=_hear, resume=_ask)
