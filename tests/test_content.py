"""The real content, walked from the menu by digits alone, as both channels would show it."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.channels.base import Channel, Pace
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.conversation import Context, State, follow
from bot.flows import ALL
from bot.messages import LONGEST_LABEL, LONGEST_REPLY, Choice, Outgoing, Reply
from bot.mind import Mind
from bot.person import Address, Language, Person, PersonId
from tests.conftest import Clock

LANGUAGES = ("es", "en")


def context(mind: Mind, language: str) -> Context:
    person = Person(PersonId(1), Address("telegram", "1"), Language(language))
    return Context(person, Clock()(), mind.library, mind.wording, demo=True, public_url="https://rumbo.example")


@pytest.fixture
async def channels() -> AsyncIterator[tuple[Channel, ...]]:
    async with httpx.AsyncClient() as client:
        yield (
            Telegram(token="1:a", secret="s", api_url="http://t", client=client, pace=Pace(1, 1)),
            WhatsApp(account_sid="AC", auth_tokens=("t",), sender="whatsapp:+1", client=client, pace=Pace(1, 1)),
        )


def walked(mind: Mind, language: str) -> dict[str, Reply]:
    """Every bubble that digits lead to from the menu: its route and the bubble."""
    ctx = context(mind, language)
    seen: dict[str, Reply] = {}
    waiting = deque([(State(), Choice("menu", ""))])
    while waiting:
        state, choice = waiting.popleft()
        if choice.id in seen or choice.id in {"resume", "back", "forget/yes"}:
            continue
        turn = follow(state, choice.id, ctx, ALL)
        assert turn is not None, f"{choice.id} leads nowhere"
        assert turn.replies, f"{choice.id} is answered with silence"
        seen[choice.id] = turn.replies[-1]
        waiting += [(turn.state, each) for each in turn.replies[-1].choices]
    return seen


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_article_section_and_step_is_reached_by_digits_alone(mind: Mind, language: str) -> None:
    seen = walked(mind, language)

    for article in mind.library.each(language):
        assert f"a/{article.id}" in seen
        for section in article.sections:
            assert f"s/{article.id}/{section.key}" in seen
    for (_, name), flow in mind.library.flows.items():
        assert f"g/{name}" in seen
        for item in flow.items:
            assert f"k/{name}/{item.id}" in seen
        for step in flow.steps:
            assert step == flow.start or f"g/{name}/{step}" in seen


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_fits_both_channels(mind: Mind, channels: tuple[Channel, ...], language: str) -> None:
    for route, reply in walked(mind, language).items():
        assert len(reply.text) <= LONGEST_REPLY, route
        assert len(reply.choices) <= 10, route
        assert all(0 < len(choice.title) <= LONGEST_LABEL for choice in reply.choices), route
        assert len({choice.title for choice in reply.choices}) == len(reply.choices), (route, reply.choices)
        for channel in channels:
            message = Outgoing(Address(channel.name, "1"), reply, "1-1", language=language)
            (payload, *more) = channel.render(message)
            assert payload
            assert len(more) <= 1, route  # a pin or a file may come beside the bubble


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_article_and_section_says_who_says_so_and_how_fresh_it_is(mind: Mind, language: str) -> None:
    word = {"es": "Fuente: ", "en": "Source: "}[language]

    for route, reply in walked(mind, language).items():
        if route.startswith(("a/", "s/")):
            last = reply.text.rsplit("\n", 1)[-1]
            assert last.startswith(word), route
            assert any(letter.isdigit() for letter in last), route
