"""What a failure means for a message: when it is tried again, and when no more."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.channels.twilio_codes import CODES, HOUR, MINUTE, meaning
from bot.delivery.verdict import LATEST, MOST_TRIES, verdict
from bot.errors import SendFailed, Unreachable
from bot.person import Address, Language, PersonId
from bot.storage.outbox import Again, Claimed, Ref
from bot.storage.tables import State

MADE = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def crowd(attempts: int = 0) -> Claimed:
    return Claimed(Ref(7, PersonId(1)), Address("whatsapp", "x"), None, Language.SPANISH, False, attempts, MADE)


def moments(failure: SendFailed) -> list[timedelta]:
    """When a message is tried, from its making, while this is what each try gets."""
    now, tried = MADE, [timedelta(0)]
    for attempts in range(100):
        result = verdict(failure, crowd(attempts), now)
        if not isinstance(result, Again):
            assert result.state is State.FAILED
            return tried
        assert result.tried
        now = result.at
        tried.append(now - MADE)
    raise AssertionError


@pytest.mark.parametrize("code", [code for code, (fault, _) in CODES.items() if fault is Unreachable])
def test_no_code_of_twilio_is_tried_again_sooner_than_its_table_says(code):
    tried = moments(meaning(code))
    waits = [later - sooner for sooner, later in pairwise(tried)]

    assert waits
    assert all(wait >= timedelta(seconds=CODES[code][1]) for wait in waits)
    assert tried[-1] < LATEST
    assert len(tried) <= MOST_TRIES


def test_what_whatsapp_keeps_back_is_tried_again_after_growing_hours_and_three_days_at_most():
    hours = [moment / timedelta(hours=1) for moment in moments(meaning(63049))]

    assert hours == [0, 6, 18, 42]
    assert CODES[63032][1] == 24 * HOUR
    assert [moment / timedelta(hours=1) for moment in moments(meaning(63032))] == [0, 24]


def test_a_fault_of_the_channel_is_tried_every_minute_or_two():
    assert max(moments(meaning(63005))) <= timedelta(seconds=10 * MINUTE)


def test_without_a_network_it_is_tried_soon_and_then_less_often():
    seconds = [moment.total_seconds() for moment in moments(Unreachable("no connection"))]

    assert seconds == [0, 2, 4, 8, 16, 32, 64, 128]
