"""Plans and progress in words, for the terminal and the chat of the team. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.wording import MAIN, Wording


def plan_text(plan: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """A plan: how many get it, who not and why, how long, how much; then the message as it will look."""
    say = wording.text
    excluded = [f"{say('news.why.' + each['reason'], language)}: {each['count']}" for each in plan["excluded"]]
    finish = datetime.fromisoformat(plan["finish"])
    lines = [
        say(
            "news.plan.text",
            language,
            id=plan["id"],
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
    shown = next((t["text"] for t in plan["texts"] if t["channel"] in plan["channels"] and t["language"] == MAIN), "")
    return "\n".join([*lines, "———", shown])


def show_text(shown: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """The progress, and why some did not get it."""
    lines = [wording.text("news.show.text", language, **{**shown, "state": state_text(shown, wording, language)})]
    stopped = f"news.stopped.{shown.get('why')}"
    lines += [wording.text(stopped, language)] if wording.has(stopped, language) else []
    return "\n".join([*lines, *(f"- {reason_text(each, wording, language)}" for each in shown.get("reasons", ()))])


def reason_text(each: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """Why some did not get it, and how many."""
    kind, _, code = str(each["reason"]).partition(":")
    kind = "blocked" if (each["state"], kind) == ("failed", "left") else kind
    key = f"news.why.{kind}"
    words = wording.text(key, language) if wording.has(key, language) else kind
    return f"{words} ({code}): {each['count']}" if code else f"{words}: {each['count']}"


def state_text(shown: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """The state in a word."""
    return wording.text(f"news.state.{shown['state']}", language)


def cost_text(cost: Mapping[str, Any], wording: Wording, language: str = MAIN) -> str:
    """What it may cost, honestly."""
    if not cost["billable"]:
        return wording.text("news.cost.free", language)
    if cost["low"] is None or cost["high"] is None:
        return wording.text("news.cost.unknown", language, n=cost["billable"])
    low, high = f"{cost['low']:,.2f}", f"{cost['high']:,.2f}"
    return wording.text(
        "news.cost.range", language, low=low, high=high, currency=cost["currency"], date=cost["as_of"] or "?"
    )
