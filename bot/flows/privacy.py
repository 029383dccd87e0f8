"""What we keep of a person: shown in one step, erased in one step after one question."""

from __future__ import annotations

from bot.conversation import Context, Flow, Forget, State, Turn
from bot.flows.fairs import region_name
from bot.messages import Choice, Reply
from bot.person import Wish


def _my_data(state: State, ctx: Context) -> Turn:
    person = ctx.person
    lines = [
        ctx.say("data.intro"),
        "",
        ctx.say("data.channel", channel=person.address.channel.rpartition("-")[2].capitalize()),
        ctx.say("data.language", language=ctx.say(f"language.{person.language}")),
    ]
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
    fairs = [ctx.library.fair(name, ctx.language) for name in person.extras.get("reminders", ())]
    lines += [ctx.say("data.reminder", title=fair.title) for fair in fairs if fair is not None]
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


def describe(wish: Wish, ctx: Context) -> str:
    """A wish in one line of plain words."""
    regions = ", ".join(region_name(code, ctx) for code in wish.regions) or ctx.say("wish.anywhere")
    sectors = ", ".join(ctx.say(f"sector.{name}") for name in wish.sectors) or ctx.say("wish.any_sector")
    parts = [regions, sectors]
    if wish.modes:
        parts.append(", ".join(ctx.say(f"mode.{mode}") for mode in wish.modes))
    if wish.min_pay:
        parts.append(ctx.say("wish.min_pay", amount=ctx.wording.money(wish.min_pay, ctx.language)))
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
    choices = (Choice("forget/yes", ctx.say("forget.yes")), Choice("forget/no", ctx.say("forget.no")))
    return Turn(state, (Reply(ctx.say("forget.ask"), choices),))


def _forget(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if way == ("yes",):
        return Turn(State(), (Reply(ctx.say("forget.done")),), (Forget(),))
    if way == ("no",):
        return Turn(state, (Reply(ctx.say("forget.kept"), (Choice("menu", ctx.say("menu.label")),)),))
    return _ask(state, ctx)


FLOW = Flow(
    "privacy",
    routes={"forget": _forget, "data": lambda state, _way, ctx: _my_data(state, ctx)},
    controls={"my_data": _my_data, "delete_data": _ask},
)
