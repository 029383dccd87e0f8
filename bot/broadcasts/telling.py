"""Plans and progress in words, for the terminal and the chat of the team. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.broadcasts.states import NotPossible
from bot.wording import MAIN, Wording

NOWHERE: Mapping[str, str] = {}


def plan_text(
    plan: Mapping[str, Any], wording: Wording, language: str = MAIN, places: Mapping[str, str] = NOWHERE
) -> str:
    """A plan: whom it is for, how many get it, who not and why, how long, how much; then the message as it will look.

    Before all this it warns when what is announced is an invented example. `places`: the regions by code.
    """
    say = wording.text
    excluded = [f"{say('news.why.' + each['reason'], language)}: {each['count']}" for each in plan["excluded"]]
    finish = datetime.fromisoformat(plan["finish"])
    lines = [say("news.plan.example", language)] if plan.get("example") else []
    lines += [
        say(
            "news.plan.text",
            language,
            id=plan["id"],
            kind=kind_text(plan, wording, language),
            whom=whom_text(plan, wording, language, places),
            title=plan["title"],
            code=plan["code"],
            eligible=plan["eligible"],
            channels=", ".join(f"{channel} {n}" for channel, n in plan["channels"].items()),
            excluded="; ".join(excluded) or say("news.plan.nobody_out", language),
            minutes=-(-int(plan["seconds"]) // 60),
            finish=f"{wording.date(finish, language)}, {wording.hour(finish, language)}",
            cost=cost_text(plan["cost"], wording, language),
        )
    ]
    lines += [say("news.plan.deferred", language, n=each["count"]) for each in plan["deferred"]]
    lines += _beside(plan, wording, language)
    return "\n".join([*lines, *_renderings(plan, wording, language)])


def _beside(plan: Mapping[str, Any], wording: Wording, language: str) -> list[str]:
    """When it leaves, if not at once, and whether the free messages of the month come to their end."""
    lines = []
    if plan.get("at"):
        at = datetime.fromisoformat(plan["at"])
        lines.append(wording.text("news.plan.leaves", language, at=moment_text(at, wording, language)))
    spend = plan.get("spend") or {}
    if spend.get("alarm"):
        lines.append(wording.text("news.plan.spend", language, **spend))
    return lines


def _renderings(plan: Mapping[str, Any], wording: Wording, language: str) -> list[str]:
    """The message as it will look, and the template that some get in its place."""
    channels, templates = plan["channels"], plan.get("templates", 0)
    free = [channel for channel, n in channels.items() if channel != "whatsapp" or n > templates]
    bubbles = (t for t in plan["texts"] if t["channel"] in free and t["language"] == MAIN and not t.get("template"))
    first = next(bubbles, None)
    lines = ["———", first["text"]] if first else []
    shown = [each["text"] for each in plan["texts"] if each.get("template")]
    return [*lines, "———", wording.text("news.plan.template", language, n=templates), *shown] if shown else lines


def show_text(
    shown: Mapping[str, Any], wording: Wording, language: str = MAIN, places: Mapping[str, str] = NOWHERE
) -> str:
    """The progress, when it goes out, and why some did not get it. `places`: the regions by code."""
    facts = {
        "state": state_text(shown, wording, language),
        "kind": kind_text(shown, wording, language),
        "whom": whom_text(shown, wording, language, places),
    }
    lines = [wording.text("news.show.text", language, **{**shown, **facts})]
    stopped = f"news.stopped.{shown.get('why')}"
    lines += [wording.text(stopped, language)] if wording.has(stopped, language) else []
    return "\n".join([*lines, *(f"- {reason_text(each, wording, language)}" for each in shown.get("reasons", ()))])


def excluded_text(plan: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """Why people of the audience do not get it, and how many."""
    reasons = [f"{wording.text('news.why.' + each['reason'], language)}: {each['count']}" for each in plan["excluded"]]
    return ", ".join(reasons) or wording.text("news.why.nobody_there", language)


def reason_text(each: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """Why some did not get it, and how many."""
    kind, _, code = str(each["reason"]).partition(":")
    kind = "blocked" if (each["state"], kind) == ("failed", "left") else kind
    key = f"news.why.{kind}"
    words = wording.text(key, language) if wording.has(key, language) else kind
    return f"{words} ({code}): {each['count']}" if code else f"{words}: {each['count']}"


def state_text(shown: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """The state in a word; of one that waits for its time, with that time and until when it may go out."""
    word, at, latest = wording.text(f"news.state.{shown['state']}", language), shown.get("at"), shown.get("latest")
    if shown["state"] != "scheduled" or not at:
        return word
    word = wording.text("news.when", language, state=word, at=moment_text(at, wording, language))
    return (
        wording.text("news.until", language, state=word, at=moment_text(latest, wording, language)) if latest else word
    )


def refusal_text(error: NotPossible, wording: Wording, language: str = MAIN) -> str:
    """Why something cannot be done."""
    values = {
        name: moment_text(value, wording, language) if isinstance(value, datetime) else value
        for name, value in error.values.items()
    }
    for name in ("state", "act", "what"):
        key = f"news.{name}.{values.get(name)}"
        if wording.has(key, language):
            values[name] = wording.text(key, language)
    if values.get("by") == "":
        values["by"] = wording.text("news.somebody", language)
    return wording.text(f"news.no.{error.code}", language, **values)


def moment_text(at: datetime | str, wording: Wording, language: str = MAIN) -> str:
    """Day and hour, where people live."""
    when = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{wording.date(when, language)}, {wording.hour(when, language)}"


def kind_text(one: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """What it is: an announcement, a reminder, a correction; they may have the same title."""
    return wording.text(f"news.kind.{one.get('kind') or 'text'}", language)


def whom_text(
    one: Mapping[str, Any], wording: Wording, language: str = MAIN, places: Mapping[str, str] = NOWHERE
) -> str:
    """Whom it is for: regions, sectors, languages, channels. `places`: the regions by code."""
    say, audience, circle = wording.text, one.get("audience") or {}, f"news.whom.{one.get('kind')}"
    follows = wording.has(circle, language)  # on an announcement: it is for the people of that one
    regions = ", ".join(places.get(code, code) for code in audience.get("regions", ()))
    parts = [say(circle, language), regions] if follows else [regions or say("news.whom.all", language)]
    parts += [", ".join(say(f"sector.{name}", language) for name in audience.get("sectors", ()))]
    parts += [", ".join(say(f"language.{name}", language) for name in audience.get("languages", ()))]
    parts += [", ".join(say(f"channel.{name}", language) for name in audience.get("channels", ()))]
    fair = "" if follows else audience.get("fair")
    parts += [say("news.whom.registered", language, fair=fair)] if fair else []
    return " · ".join(part for part in parts if part)


def cost_text(cost: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """What it may cost; says so when no source names a price."""
    if not cost["billable"]:
        return wording.text("news.cost.free", language)
    if cost["low"] is None or cost["high"] is None:
        return wording.text("news.cost.unknown", language, n=cost["billable"])
    low, high = f"{cost['low']:,.2f}", f"{cost['high']:,.2f}"
    return wording.text(
        "news.cost.range", language, low=low, high=high, currency=cost["currency"], date=cost["as_of"] or "?"
    )
