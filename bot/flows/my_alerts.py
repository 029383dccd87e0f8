"""What somebody is subscribed to: shown, explained, changed, its fairs switched on and off, ended with one word.

Every change says what holds afterwards. News of fairs are begun with one tap, and only with that tap.
"""

from __future__ import annotations

from dataclasses import replace

from bot.alerts.digest import MORE
from bot.choosing import fold
from bot.conversation import Context, State, Subscribe, Turn, Unsubscribe
from bot.flows.privacy import describe
from bot.flows.wish_words import RHYTHM, Asked
from bot.messages import Choice, Reply
from bot.person import Wish


def mine(state: State, ctx: Context, opening: str = "") -> Turn:
    """What the person is subscribed to, and everything that can be done about it."""
    wish = ctx.person.wish
    assert wish is not None
    text = ctx.say("alerts.mine", wish=describe(wish, ctx))
    paused = wish.paused_until is not None and wish.paused_until > ctx.now
    choices = [
        Choice("alerts/new", ctx.say("alerts.change" if wish.alerts else "menu.alerts")),
        Choice("alerts/resume", ctx.say("alerts.resume"))
        if paused
        else Choice("alerts/pause", ctx.say("alerts.pause")),
        Choice("why", ctx.say("alerts.why")),
        Choice("alerts/stop", ctx.say("alerts.stop")),
        Choice("menu", ctx.say("menu.label")),
    ]
    shown = tuple(choices if wish.alerts else (choices[0], *choices[3:]))
    return Turn(state.without_flow(), (Reply(f"{opening}\n\n{text}" if opening else text, shown),))


def changed(state: State, wish: Wish, ctx: Context, note: str = "") -> Turn:
    """The wish is another one from now on; `note` is the key of what is to be said besides."""
    words = ctx.say("alerts.consent" if wish.alerts else "alerts.consent.fairs", wish=describe(wish, ctx))
    text = ctx.say("alerts.changed", wish=describe(wish, ctx))
    reply = Reply(f"{text}\n\n{ctx.say(note)}" if note else text, (Choice("alerts", ctx.say("alerts.see")),))
    return Turn(state, (with_open(reply, ctx),), (Subscribe(wish, words),))


def with_open(reply: Reply, ctx: Context) -> Reply:
    """The confirmation, and below it how many jobs are open now, with the way to see them."""
    if not ctx.open_now:
        return reply
    text = f"{reply.text}\n\n{ctx.wording.many('alerts.open_now', ctx.open_now, ctx.language)}"
    return replace(reply, text=text, choices=(Choice(MORE, ctx.say("digest.open")), *reply.choices))


def apply(state: State, found: Asked, ctx: Context) -> Turn:
    """Do what words ask of the wish, or say why not; a step to be asked is not for here."""
    if found.wish is not None:
        if found.wish != ctx.person.wish:
            return changed(state, found.wish, ctx, found.note)
        return mine(state, ctx, ctx.say("alerts.note.same"))
    if found.note == RHYTHM:
        ways = (*rhythms("alerts/f", found.days, ctx), Choice("alerts", ctx.say("alerts.see")))
        return Turn(state, (Reply(ctx.say(RHYTHM), ways),))
    return mine(state, ctx, ctx.say(found.note))


def rhythms(way: str, days: tuple[int, ...], ctx: Context) -> tuple[Choice, ...]:
    """The rhythms that we have; of the days those that were named."""
    each = [Choice(f"{way}/{day}", ctx.say("alerts.on_day", day=ctx.say(f"weekday.{day}"))) for day in days[:7]]
    usual = ("now", "daily") if each else ("now", "daily", "weekly")
    return (*each, *(Choice(f"{way}/{name}", ctx.say(f"alerts.{name}")) for name in usual))[:9]


def rhythm(wish: Wish, name: str) -> Wish | None:
    """The wish with the rhythm of such a choice; None for a choice that is none of ours."""
    if name in {"now", "daily"}:
        return replace(wish, frequency=name, weekday=None)
    day = "0" if name == "weekly" else name
    return replace(wish, frequency="weekly", weekday=int(day)) if day in set("0123456") else None


def fairs(state: State, answer: str, regions: tuple[str, ...], ctx: Context) -> Turn | None:
    """Yes, no or only to the news of fairs."""
    wish = ctx.person.wish
    if answer == "no":
        return (
            None
            if wish is None or not wish.fairs
            else stop(state, ctx, "fairs" if wish.alerts else "all", "sin ferias")
        )
    if answer == "only" and wish is not None and wish.alerts:
        return _only_fairs(state, wish, ctx)
    if wish is not None and wish.fairs:
        return mine(state, ctx, ctx.say("alerts.fairs.already"))
    ways = (
        Choice("/".join(("alerts", "fairs", "ok", *regions)), ctx.say("alerts.accept")),
        Choice("fairs", ctx.say("fairs.label")),
        Choice("menu", ctx.say("menu.label")),
    )
    return Turn(state.without_flow(), (Reply(ctx.say("alerts.fairs.ask"), ways),))


def _only_fairs(state: State, wish: Wish, ctx: Context) -> Turn:
    """The vacancies end, the fairs stay or begin; who says so wants them."""
    left = replace(wish, alerts=False, fairs=True)
    turn = stop(state, ctx, "alerts", "solo ferias")
    text = ctx.say("alerts.fairs.only", wish=describe(left, ctx))
    reply = replace(turn.replies[0], text=text)
    begun = () if wish.fairs else (Subscribe(left, ctx.say("alerts.consent.fairs", wish=describe(left, ctx))),)
    return Turn(turn.state, (reply,), (*begun, *turn.effects))


def begin_fairs(state: State, regions: tuple[str, ...], ctx: Context) -> Turn:
    """The tap that consents to the news of fairs."""
    known = tuple(code for code in regions if ctx.library.country.region(code))
    wish = replace(ctx.person.wish or Wish(regions=known, alerts=False), fairs=True)
    words = ctx.say("alerts.consent.fairs", wish=describe(wish, ctx))
    ways = (
        Choice("fairs", ctx.say("fairs.label")),
        Choice("alerts", ctx.say("alerts.see")),
        Choice("menu", ctx.say("menu.label")),
    )
    reply = Reply(ctx.say("alerts.fairs.saved", wish=describe(wish, ctx)), ways)
    return Turn(state.without_flow(), (reply,), (Subscribe(wish, words),))


def asks_why(text: str, ctx: Context) -> bool:
    """Somebody asks why they got what we sent."""
    said = fold(text)
    return any(said.startswith(fold(words)) for words in ctx.say("why.words").split("|"))


def why(state: State, ctx: Context) -> Turn:
    """The wish that the last vacancies met."""
    choices = (Choice("alerts", ctx.say("alerts.see")), Choice("report", ctx.say("offer.report")))
    told = [one for one in ctx.alerts if not one.get("past")][:5]
    if not told or ctx.person.wish is None:
        return Turn(state, (Reply(ctx.say("why.nothing"), choices),))
    lines = [f"- {one['title']} ({one['employer']})" for one in told]
    text = ctx.say("why.text", wish=describe(ctx.person.wish, ctx), vacancies="\n".join(lines))
    return Turn(state, (Reply(text, choices),))


def stop(state: State, ctx: Context, scope: str, words: str) -> Turn:
    """Ends it at once, with one confirmation; nobody is asked whether they are sure."""
    wish = ctx.person.wish
    key = f"stop.{scope}"
    if scope == "fairs" and not (wish and wish.alerts):
        key = "stop.only_fairs"
    elif scope == "alerts" and wish and not wish.fairs:
        key = "stop.all"
    again = Choice("alerts/fairs" if scope == "fairs" else "alerts/new", ctx.say("alerts.resubscribe"))
    reply = Reply(ctx.say(key), (again, Choice("menu", ctx.say("menu.label"))))
    return Turn(state.without_flow(), (reply,), (Unsubscribe(scope, words),))
