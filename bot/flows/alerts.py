"""Vacancy alerts by conversation: at most four taps, changed and paused in words, ended with one word."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.choosing import fold, is_number, is_one_of
from bot.conversation import Context, Flow, State, Subscribe, Turn, fallback
from bot.flows import my_alerts, vacancies
from bot.flows.fair_words import fairs_in, is_told
from bot.flows.fairs import region_name
from bot.flows.privacy import describe
from bot.flows.rhythm_words import rhythm_in
from bot.flows.wish_around import nothing_else
from bot.flows.wish_words import ALREADY, RHYTHM, Asked, asked, told
from bot.messages import Choice, Inbound, Reply
from bot.person import Wish

NAME = "alerts"
MOST_WORDS = 4
"""Up to here words like `solo los lunes` are a wish even when an article knows them too."""
REGIONS = ("15", "07", "04", "13", "20", "14")
SECTORS = ("comercio", "gastronomia-hoteleria", "limpieza", "hogar-cuidados", "construccion", "transporte-reparto")
STEPS = {"region": "r", "sector": "s", "rhythm": "f", "consent": ""}
"""The questions in their order, and under which name the answer is kept."""

_FIELDS = {
    "r": "regions",
    "s": "sectors",
    "m": "modes",
    "f": "frequency",
    "d": "weekday",
    "p": "min_pay",
    "l": "languages",
}
_A_QUESTION = re.compile(
    r"(?:y )?(?:cuant[oa]s?|como|donde (?!sea)|que|cual(?:es)?|quien|por que|puedo|se puede|hay|how|what|where|which|who|can|do|is) "
)
_A_COMMAND = re.compile(r"(?:porfa |por favor )?(?:pausa|pausar|reanuda|reanudar|agrega|quita|pause|resume)\b")


def _open(state: State, ctx: Context) -> Turn:
    if ctx.person.wish is not None:
        return my_alerts.mine(state, ctx)
    return _ask(replace(state, flow=NAME, step="region", data={}), ctx)


def _subscribe(state: State, ctx: Context) -> Turn:
    """Vacancies are asked for: who has only the fairs begins with the questions."""
    if ctx.heard.control_scope == "fairs" and (turn := my_alerts.fairs(state, "yes", (), ctx)):
        return turn
    wish = ctx.person.wish
    return _open(state, ctx) if wish is None or wish.alerts else _manage(state, ("new",), ctx)


def begin(state: State, ctx: Context, regions: Sequence[str], sectors: Sequence[str], text: str = "") -> Turn:
    """Start a subscription with what was already said of it; who has one gets it changed, or shown."""
    said: dict[str, Any] = {**told(text, ctx.library.country), "r": list(regions), "s": list(sectors)}
    said = {name: value for name, value in said.items() if value not in ([], ())}
    wish = ctx.person.wish
    if wish is None or not wish.alerts:
        return _next(replace(state, flow=NAME, step="region", data={}), ctx, said)
    changed = replace(wish, **_fields(said))
    return my_alerts.mine(state, ctx) if changed == wish else my_alerts.changed(state, changed, ctx)


def _ask(state: State, ctx: Context, opening: str = "", days: tuple[int, ...] = ()) -> Turn:
    """The question of the present step."""
    step = state.step if state.step in STEPS else "region"
    if step == "region":
        choices = [Choice(f"w/r/{code}", region_name(code, ctx)) for code in REGIONS]
        choices.append(Choice("w/r/all", ctx.say("alerts.everywhere")))
    elif step == "sector":
        choices = [Choice(f"w/s/{name}", ctx.say(f"sector.{name}")) for name in SECTORS]
        choices.append(Choice("w/s/all", ctx.say("alerts.any_sector")))
    elif step == "rhythm":
        choices = list(my_alerts.rhythms("w/f", days, ctx))
    else:
        choices = _consent_choices(state, ctx)
    text = ctx.say(f"alerts.ask.{step}", wish=describe(_wish(state.data, ctx), ctx))
    text = f"{opening}\n\n{text}" if opening else text
    return Turn(replace(state, flow=NAME, step=step), (Reply(text, tuple(choices)),))


def _consent_choices(state: State, ctx: Context) -> list[Choice]:
    choices = [Choice("w/ok", ctx.say("alerts.accept")), Choice("w/again", ctx.say("alerts.again"))]
    return (
        choices
        if state.data.get("n")
        else [choices[0], Choice("w/nofairs", ctx.say("alerts.accept_no_fairs")), choices[1]]
    )


def _wish(data: Mapping[str, Any], ctx: Context) -> Wish:
    usual = Wish(languages=("es",) if ctx.language == "es" else ("es", "en"), fairs=not data.get("n"))
    return replace(usual, **_fields(data))


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a wish under short names, under the names of the wish."""
    named = {field: data[name] for name, field in _FIELDS.items() if name in data}
    return {field: tuple(value) if isinstance(value, list | tuple) else value for field, value in named.items()}


def _short(wish: Wish, before: Wish) -> dict[str, Any]:
    """What differs between two wishes, under the short names."""
    found: dict[str, Any] = {}
    for name, field in _FIELDS.items():
        value = getattr(wish, field)
        if value != getattr(before, field):
            found[name] = list(value) if isinstance(value, tuple) else value
    return found


def _next(state: State, ctx: Context, found: Mapping[str, Any], opening: str = "") -> Turn:
    wish = ctx.person.wish
    if state.data.get("edit") and wish is not None and found:
        changed = replace(wish, **_fields(found))
        left = state.without_flow()
        return (
            my_alerts.mine(left, ctx, ctx.say("alerts.note.same"))
            if changed == wish
            else my_alerts.changed(left, changed, ctx)
        )
    data = {**state.data, **found}
    step = next((step for step, name in STEPS.items() if name not in data), "consent")
    return _ask(replace(state, flow=NAME, step=step, data=data, misses=0), ctx, opening)


def _follow(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if state.flow != NAME:
        state = replace(state, flow=NAME, step="region", data={})
    match way:
        case ("r" | "s" as key, value) if value == "all" or _known(key, value, ctx):
            return _next(state, ctx, {key: [] if value == "all" else [value]})
        case ("f", value) if (wish := my_alerts.rhythm(Wish(), value)) is not None:
            return _next(state, ctx, {"f": wish.frequency, "d": wish.weekday})
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
    wish = _wish(state.data, ctx)
    wish = replace(wish, fairs=wish.fairs and fairs)
    words = ctx.say("alerts.consent", wish=describe(wish, ctx))
    ways = (Choice("alerts", ctx.say("alerts.see")), Choice("menu", ctx.say("menu.label")))
    reply = my_alerts.with_open(Reply(ctx.say("alerts.saved", wish=describe(wish, ctx)), ways), ctx)
    return Turn(state.without_flow(), (reply,), (Subscribe(wish, words),))


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """An answer to the present question in words; or to an earlier one, or a change of what was said before."""
    line = fold(said.text)
    if "?" in said.text or is_number(said.text) or _A_QUESTION.match(line):
        return None
    if is_one_of(said.text, ctx.say("no.words")):
        return _not_now(state, ctx)
    if turn := _changes(state, said.text, ctx):
        return turn
    rhythm = rhythm_in(line, alone=state.step == "rhythm")
    if rhythm is not None and not rhythm.possible:
        return _ask(replace(state, step="rhythm", misses=0), ctx, ctx.say(RHYTHM), rhythm.days)
    found = told(said.text, ctx.library.country, alone=state.step == "rhythm")
    if found and (STEPS.get(state.step) in found or nothing_else(said.text, ctx.library.country)):
        return _noted(state, ctx, found)
    if state.step != "consent" and is_one_of(said.text, ctx.say("alerts.any.words")):
        return _next(state, ctx, {"f": "daily", "d": None} if state.step == "rhythm" else {STEPS[state.step]: []})
    if is_one_of(said.text, ctx.say("yes.words")):
        return _ask(state, ctx, "" if state.step == "consent" else ctx.say("alerts.pick"))
    return None


def _noted(state: State, ctx: Context, found: Mapping[str, Any]) -> Turn:
    """What answers another question than the present one is kept, and said to be."""
    answers = state.step == "consent" or STEPS.get(state.step) in found
    return _next(state, ctx, found, "" if answers else ctx.say("alerts.noted"))


def _changes(state: State, text: str, ctx: Context) -> Turn | None:
    """`agrega Cusco`, `sin ferias`, `cambia de región` while the questions are still being asked."""
    draft = ctx.person.wish if state.data.get("edit") else None
    draft = draft or _wish(state.data, ctx)
    found = asked(text, draft, ctx.library.country, ctx.now)
    if found is None or (found.fairs and state.data.get("edit")):
        return None
    if found.fairs == "no":
        return _next(state, ctx, {"n": True})
    if found.step and (found.note or state.data):
        return _ask(replace(state, step=found.step), ctx, ctx.say(found.note) if found.note else "")
    if found.note == ALREADY and state.step == "consent":
        return _ask(state, ctx, ctx.say(ALREADY))
    if found.wish is None:
        return None
    if found.wish.paused_until != draft.paused_until:
        return _ask(state, ctx, ctx.say("alerts.pick"))
    short = _short(found.wish, draft)
    return _next(state, ctx, {**told(text, ctx.library.country), **short}) if short else None


def _not_now(state: State, ctx: Context) -> Turn:
    """No to the question is no to the alerts: nothing is subscribed, and that is said."""
    if ctx.person.wish is not None:
        return my_alerts.mine(state, ctx, ctx.say("alerts.note.unchanged"))
    ways = (Choice("alerts", ctx.say("menu.alerts")), Choice("menu", ctx.say("menu.label")))
    return Turn(state.without_flow(), (Reply(ctx.say("alerts.not_now"), ways),))


def _missed(state: State, _said: Inbound, ctx: Context) -> Turn:
    """What is no answer to the question, nor to be found: the question again, in other words each time."""
    state, words = fallback(state, "alerts.missed", ctx)
    return _ask(state, ctx, words)


def _overhear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    if is_one_of(said.text, ctx.say("alerts.words")):
        return _open(state, ctx)
    if my_alerts.asks_why(said.text, ctx):
        return my_alerts.why(state, ctx)
    if turn := _fairs(state, said, ctx):
        return turn
    clear = len(said.text.split()) <= MOST_WORDS or _A_COMMAND.match(fold(said.text))
    if "?" in said.text or (not clear and ctx.heard.ranking.outcome == "answer"):
        return None  # "¿es legal que me paguen semanal?" changes nothing
    wish, country = ctx.person.wish, ctx.library.country
    found = asked(said.text, wish or Wish(), country, ctx.now)
    if found is None:
        return None
    if wish is None or not (wish.alerts or found.wish):
        return _nothing_yet(state, said, found, ctx)
    if found.step:
        return _edit(state, found, ctx)
    return my_alerts.apply(state, found, ctx)


def _fairs(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """Yes or no to the news of fairs; `avísame de ferias en Lima` for those of a place."""
    line = fold(said.text)
    answer = fairs_in(line)
    if answer or "?" in said.text:
        return my_alerts.fairs(state, answer, (), ctx) if answer else None
    head, _, tail = line.rpartition(" en ")
    place = ctx.library.country.region_called(tail) if is_told(head) else None
    answer = fairs_in(head) if place else ""
    return my_alerts.fairs(state, answer, (place.code,), ctx) if place and answer else None


def _edit(state: State, found: Asked, ctx: Context) -> Turn:
    """One question anew; its answer changes the wish at once."""
    state = replace(state, flow=NAME, step=found.step, data={"edit": True})
    return _ask(state, ctx, ctx.say(found.note) if found.note else "")


def _nothing_yet(state: State, said: Inbound, found: Asked, ctx: Context) -> Turn | None:
    """Few words that would change a wish, from somebody who has none; in more words they may mean anything."""
    if len(said.text.split()) > MOST_WORDS or state.flow == NAME or found.wish is None:
        return None
    ways = (Choice("alerts/new", ctx.say("menu.alerts")), Choice("menu", ctx.say("menu.label")))
    return Turn(state, (Reply(ctx.say("alerts.not_yet"), ways),))


def _manage(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    wish = ctx.person.wish
    match way:
        case ("more", *rest):
            start = rest[0] if rest else ""
            return vacancies.sent(state, ctx, int(start) if start.isdecimal() and len(start) < 6 else 0)
        case ("new",):
            return _ask(replace(state, flow=NAME, step="region", data={}), ctx)
        case ("fairs", "ok", *regions):
            return my_alerts.begin_fairs(state, tuple(regions), ctx)
        case ("fairs",):
            return my_alerts.fairs(state, "yes", (), ctx) or _open(state, ctx)
    return _open(state, ctx) if wish is None else _manage_wish(state, way, wish, ctx)


def _manage_wish(state: State, way: tuple[str, ...], wish: Wish, ctx: Context) -> Turn:
    match way:
        case ("pause" | "resume" as act,):
            words = "pausa 2 semanas" if act == "pause" else "reanuda"
            found = asked(words, wish, ctx.library.country, ctx.now)
            return my_alerts.apply(state, found or Asked(), ctx)
        case ("f", value) if (other := my_alerts.rhythm(wish, value)) is not None:
            return my_alerts.apply(state, Asked(other), ctx)
        case ("stop",):
            return my_alerts.stop(state, ctx, "all", "baja")
        case ("stop", "alerts" | "fairs" | "all" as scope):
            return my_alerts.stop(state, ctx, scope, "baja")
    return my_alerts.mine(state, ctx)


def _stop_command(name: str) -> Any:
    def stop(state: State, ctx: Context) -> Turn:
        scope = ctx.heard.control_scope or ("alerts" if name == "unsubscribe" else "all")
        if scope == "fairs" and ctx.person.wish is None and state.flow == NAME:
            return _next(state, ctx, {"n": True})  # there is nothing to end yet
        return my_alerts.stop(state, ctx, scope, name)

    return stop


FLOW = Flow(
    NAME,
    routes={
        "alerts": _manage,
        "w": _follow,
        "why": lambda state, _way, ctx: my_alerts.why(state, ctx),
    },
    controls={
        "subscribe": _subscribe,
        "stop": _stop_command("stop"),
        "unsubscribe": _stop_command("unsubscribe"),
    },
    hears=_hear,
    missed=_missed,
    overhears=_overhear,
    resume=_ask,
)
