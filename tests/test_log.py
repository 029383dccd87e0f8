"""What the log tells when something breaks: where and what kind of error, never what somebody wrote."""

import io
import json
import logging
import subprocess
import sys

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.errors import StorageGone
from bot.log import JsonLines

SECRET = "mi marido me pega"


class Partner(BaseModel):
    pay: int


def logged(error, **extra):
    """What stands in the log after this error was caught and logged."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("test")  # noqa: LOG001 - of its own, so that nothing of it stays
    logger.addHandler(handler)
    logger.error("broke", exc_info=error, extra=extra)
    return stream.getvalue()


def caught(*, cause=None, context=None, told=SECRET):
    """An error whose words hold the secret, with others behind it."""
    try:
        try:
            raise context or cause or ValueError(told)
        except (KeyError, StorageGone, ExceptionGroup) as found:
            if cause is None:
                raise ValueError(told)  # noqa: B904 - this is the context
            raise ValueError(told) from found
    except ValueError as error:
        return error


def refused():
    try:
        Partner(pay=SECRET)
    except ValidationError as error:
        return error
    raise AssertionError


async def refused_by_the_database(storage):
    try:
        async with storage.work() as work:
            await work.line.run(text("INSERT INTO nowhere VALUES (:word)"), {"word": SECRET})
    except (DBAPIError, StorageGone) as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "error",
    [
        caught(),
        caught(told=f"first line\n[parameters: ('{SECRET}')]\nlast line"),
        caught(cause=KeyError(SECRET)),
        caught(context=KeyError(SECRET)),
        caught(cause=ExceptionGroup(SECRET, [KeyError(SECRET), caught(cause=refused())])),
        refused(),
    ],
)
def test_nothing_that_somebody_wrote_is_in_the_trace_of_an_error(error):
    assert SECRET not in logged(error)


async def test_nothing_of_a_statement_is_in_the_trace_of_a_database_error(storage):
    error = await refused_by_the_database(storage)

    assert SECRET not in logged(error)
    assert SECRET not in str(error), "who shows its words shows no parameters"


def test_the_trace_names_the_errors_and_where_they_came_from():
    trace = json.loads(logged(caught(cause=StorageGone(SECRET))))

    assert (trace["event"], trace["error"]) == ("broke", "ValueError")
    assert trace["trace"][0] == "builtins.ValueError"
    assert trace["trace"][1].endswith(" caught")
    assert "tests/test_log.py:" in trace["trace"][1]
    assert trace["trace"][2] == "from bot.errors.StorageGone"
    after = json.loads(logged(caught(context=KeyError(SECRET))))["trace"]
    assert "after builtins.KeyError" in after


def test_a_chain_that_leads_back_to_itself_is_told_once():
    first, second = caught(), caught()
    first.__cause__, second.__cause__ = second, first

    assert len(json.loads(logged(first))["trace"]) < 50


def test_an_error_among_the_facts_is_named_and_not_quoted():
    assert json.loads(logged(None, why=KeyError(SECRET)))["why"] == "KeyError"


def test_what_ends_the_program_and_what_asyncio_finds_say_no_words_either():
    program = f"""
import asyncio
from bot import log
log.start()
async def main():
    asyncio.create_task(asyncio.sleep(0)).cancel()
    async def breaks():
        raise ValueError({SECRET!r})
    task = asyncio.create_task(breaks())
    await asyncio.wait([task])
asyncio.run(main())
raise RuntimeError({SECRET!r})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert SECRET not in done.stderr
    assert done.returncode == 1
    assert [one["event"] for one in events] == ["Task exception was never retrieved", "ended_by_an_error"]
    assert [one["error"] for one in events] == ["ValueError", "RuntimeError"]
