"""What we keep of a person: shown in one step, erased in one step after one question."""

from __future__ import annotations

from dataclasses import replace

from bot.choosing import is_one_of
from bot.conversation import Context, Flow, Forget, State, Turn
from bot.flows.fairs import region_name
from bot.messages import Choice, Inbound, Reply
from bot.person import Wish

NAME = "privacy"


def _my_data(state: State, ctx: Context) -> Turn:
    person = ctx.person
    lines = [
        ctx.say("data.intro"),
        "",
        ctx.say("data.channel", channel=person.address.channel.rpartition("-")[2].capitalize()),
        ctx.say("data.language", language=ctx.say(f"language.{person.language}")),
    ]
    if person.staff_name:
        lines.append(ctx.say("data.staff", name=person.staff_name))
    if person.since is not None:
        lines.append(ctx.say("data.since", date=ctx.day_of(person.since)))
    lines.append(ctx.say("data.wish", wish=describe(person.wish, ctx)) if person.wish else ctx.say("data.no_wish"))
    lines += [
        ctx.say(
            "data.consent.given" if consent.given else "data.consent.ended",
            topic=ctx.say(f"consent.{consent.topic}"),
            date=ctx.day_of(consent.at),
        )
        for consent in {consent.topic: consent for consent in person.consents}.values()
    ]
    lines += _asked_for(ctx)
    if ctx.alerts:
        lines.append(ctx.say("data.shown", count=len(ctx.alerts)))
    if state.kept:
        lines.append(ctx.say("data.kept", count=len(state.kept)))
    lines += ["", ctx.say("data.outro")]
    choices = (
        Choice("forget", ctx.say("forget.label")),
        Choice("a/asistente/privacidad", ctx.say("data.more")),
        Choice("menu", ctx.say("menu.label")),
    )
    return Turn(state, (Reply("\n".join(lines), choices),))


def _asked_for(ctx: Context) -> list[str]:
    """Fairs to be reminded of, and offers reported."""
    extras = ctx.person.extras
    found = {name: ctx.library.fair(name, ctx.language) for name in extras.get("reminders", ())}
    lines = [
        ctx.say("data.reminder_off" if name in extras.get("reminders_off", ()) else "data.reminder", title=fair.title)
        for name, fair in found.items()
        if fair is not None
    ]
    if reports := extras.get("reports"):
        lines.append(ctx.say("data.reports", count=reports))
    return lines


def describe(wish: Wish, ctx: Context) -> str:
    """A wish in one line of plain words."""
    regions = ", ".join(region_name(code, ctx) for code in wish.regions) or ctx.say("wish.anywhere")
    sectors = ", ".join(ctx.say(f"sector.{name}") for name in wish.sectors) or ctx.say("wish.any_sector")
    parts = [regions, sectors]
    if wish.modes:
        parts.append(", ".join(ctx.say(f"mode.{mode}") for mode in wish.modes))
    if wish.min_pay:
        parts.append(ctx.say("wish.min_pay", amount=ctx.wording.money(wish.min_pay, ctx.language)))
    if wish.alerts and ("en" in wish.languages) != (ctx.language == "en"):
        parts.append(ctx.say("wish.with_english" if "en" in wish.languages else "wish.no_english"))
    parts.append(_rhythm(wish, ctx))
    if not wish.alerts:
        parts = [regions]
    parts.append(ctx.say("wish.fairs" if wish.fairs else "wish.no_fairs"))
    if wish.paused_until is not None and wish.paused_until > ctx.now:
        parts.append(ctx.say("wish.paused", date=ctx.day_of(wish.paused_until)))
    return " · ".join(parts)


def _rhythm(wish: Wish, ctx: Context) -> str:
    if wish.frequency == "weekly" and wish.weekday is not None:
        return ctx.say("wish.weekly_on", day=ctx.say(f"weekday.{wish.weekday}"))
    return ctx.say(f"wish.{wish.frequency}")


def _ask(state: State, ctx: Context) -> Turn:
    """Until it is answered the question stays open: whatever comes between does not count as a yes."""
    return _asking(state, ctx, ctx.say("forget.ask"))


def _asking(state: State, ctx: Context, text: str) -> Turn:
    choices = (Choice("forget/yes", ctx.say("forget.yes")), Choice("forget/no", ctx.say("forget.no")))
    return Turn(replace(state, flow=NAME, step="forget", data={}), (Reply(text, choices),))


def _again(state: State, ctx: Context) -> Turn:
    return _asking(state, ctx, ctx.say("forget.pending"))


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """A yes that comes after something else is asked for once more; a no is a no."""
    if is_one_of(said.text, ctx.say("no.words")):
        return _forget(state, ("no",), ctx)
    return _again(state, ctx) if is_one_of(said.text, ctx.say("yes.words")) else None


def _forget(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if way == ("yes",):
        return Turn(State(), (Reply(ctx.say("forget.done")),), (Forget(),))
    if way == ("no",):
        return Turn(state.without_flow(), (Reply(ctx.say("forget.kept"), (Choice("menu", ctx.say("menu.label")),)),))
    return _ask(state, ctx)


FLOW = Flow(
    NAME,
    routes={"forget": _forget, "data": lambda state, _way, ctx: _my_data(state, ctx)},
    controls={"my_data": _my_data, "delete_data": _ask},
    hears=_hear,
    resume=_again,
)
