"""A thumb on a bubble: whether the article of that bubble helped. Counted once a person and article; never answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.conversation import Rated
from bot.effects import once_each
from bot.messages import Inbound
from bot.storage.work import Work

SHOWN_KEPT = 8
"""Bubbles with an article of which we remember which article it was; inside the sealed state of the conversation."""
_VERDICTS = {"👍": True, "👎": False}
_TONES = str.maketrans("", "", "🏻🏼🏽🏾🏿\ufe0f")


def verdict(emoji: str) -> bool | None:
    """Whether it says that something helped; None when it says neither."""
    return _VERDICTS.get(emoji.strip().translate(_TONES))


def kept(remembered: Mapping[str, Any], shown: Sequence[tuple[int, str]], rated: Sequence[str]) -> dict[str, Any]:
    """What is remembered beside the conversation: which bubble showed which article, and which were rated."""
    bubbles = [*remembered.get("shown", ()), *(list(one) for one in shown)][-SHOWN_KEPT:]
    found = {"shown": bubbles, "rated": list(rated)}
    return {name: value for name, value in found.items() if value}


async def count(work: Work, said: Inbound, now: datetime) -> bool:
    """Count a thumb for the article of the bubble that it stands on; False when it stands on none that we know.

    `said.choice` is the provider's id of the bubble; without one it is the last article shown.
    """
    helped = verdict(said.text)
    if helped is None or await work.people.look(said.sender) is None:
        return False
    recalled = await work.people.recall(said.sender, said.aliases, said.hint, said.at)
    bubble = await work.feedback.bubble(recalled.person.id, said.choice) if said.choice else None
    shown = [(int(number), str(article)) for number, article in recalled.state.get("shown", ())]
    articles = [article for number, article in shown if not said.choice or number == bubble]
    if not articles:
        return False
    new, rated = once_each((Rated(articles[-1], helped),), recalled.state)
    if new:
        await work.feedback.count("helped" if helped else "not_helped", articles[-1], now.date())
        await work.people.remember(recalled.person.id, {**recalled.state, "rated": rated}, recalled.version)
    return True
