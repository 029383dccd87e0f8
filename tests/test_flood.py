"""Who floods is slowed down; who does not is not, however often the machinery has to run a turn; on both engines."""

import pytest

from bot.assistant import FLOOD, Assistant
from bot.messages import Inbound, Kind
from bot.person import Address
from bot.storage.line import Query

ANA = Address("telegram", "100200300")
CODE = "verificar 7K2M9Q"


class Busy:
    """The news of a program in which another process keeps writing the same conversation: four times of five."""

    def __init__(self) -> None:
        self.asked = 0

    async def known(self, work, code):
        self.asked += 1
        if self.asked % 5:
            await work.line.rows(Query("UPDATE conversation SET version = version + 1"))
        return {}

    async def sent_to(self, work, person):
        return ()


@pytest.fixture
def busy():
    return Busy()


@pytest.fixture
def assistant(storage, clock, mind, busy):
    return Assistant(
        storage=storage,
        reader=lambda: mind.reader,
        library=lambda: mind.library,
        wording=mind.wording,
        gate=lambda: mind.gate,
        clock=clock,
        news=busy,
        gather={},
    )


async def heard(assistant, clock, number, text=CODE):
    said = Inbound(event=str(number), sender=ANA, at=clock(), kind=Kind.TEXT, text=text)
    return [reply.text for reply in await assistant.receive(said)]


async def test_a_turn_that_is_run_again_counts_as_one_message(assistant, clock, busy):
    answers = [await heard(assistant, clock, number) for number in range(FLOOD)]

    assert busy.asked == 5 * FLOOD
    assert all(len(answer) == 1 and "momento" not in answer[0].lower() for answer in answers)


async def test_after_twenty_in_a_minute_there_is_one_last_word_and_then_silence_until_it_is_over(assistant, clock):
    answers = []
    for number in range(FLOOD + 5):
        answers.append(await heard(assistant, clock, number, f"hola {number}"))
        clock.advance(1)
    clock.advance(61)
    later = await heard(assistant, clock, "later", "hola")

    assert all(answers[:FLOOD])
    assert ["momento" in answer[0].lower() for answer in answers[FLOOD:] if answer] == [True]
    assert answers[FLOOD + 1 :] == [[]] * 4
    assert len(later) == 1


async def test_the_same_message_again_and_again_is_no_flood(assistant, clock):
    for _ in range(2 * FLOOD):
        await heard(assistant, clock, "the same", "hola")

    assert len(await heard(assistant, clock, "another", "hola")) == 1
