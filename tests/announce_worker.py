"""A worker that writes an announcement down chunk by chunk and says so, to be killed from outside."""

import asyncio
import itertools
import sys

from bot.storage.work import Storage
from tests.conftest import KEY, Clock
from tests.news_kit import Office


async def main(url: str, number: int) -> None:
    clock = Clock()
    office = Office(await Storage.open(url, [KEY], clock, itertools.count(2**52).__next__), clock)
    while (await office.desk.show(number))["state"] == "sending":
        await office.desk.advance(clock())
        print("chunk", flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
