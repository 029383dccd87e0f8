"""Telling a waiting lane that there is something to send, so that nobody has to look every few milliseconds.

A wake-up that is lost costs at most one look later (a second), never a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class Wake(Protocol):
    """Who waits for what. One waiter a topic and process."""

    def notify(self, topic: str) -> None:
        """Wake whoever waits for the topic, in every process."""

    def nudge(self, topic: str) -> None:
        """Wake whoever waits for the topic in this process."""

    async def wait(self, topic: str, seconds: float) -> None:
        """Return when the topic was called since the last return, or after so many seconds."""


class LocalWake:
    """For one process."""

    def __init__(self) -> None:
        self._called: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def notify(self, topic: str) -> None:
        """See `Wake`."""
        self._called[topic].set()

    nudge = notify

    async def wait(self, topic: str, seconds: float) -> None:
        """See `Wake`."""
        called = self._called[topic]
        if not called.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await called.wait()
            except TimeoutError:
                return
        called.clear()


class RedisWake:
    """For all processes on one Redis. `run` must be running for calls to come in and go out."""

    _CHANNEL = "rumbo:wake"

    def __init__(self, redis: Redis, me: str) -> None:
        self._redis = redis
        self._me = me
        self._local = LocalWake()
        self._unsent: set[str] = set()
        self._has_unsent = asyncio.Event()

    def notify(self, topic: str) -> None:
        """See `Wake`. Calls of one moment go out together."""
        self._local.notify(topic)
        self._unsent.add(topic)
        self._has_unsent.set()

    def nudge(self, topic: str) -> None:
        """See `Wake`."""
        self._local.notify(topic)

    async def wait(self, topic: str, seconds: float) -> None:
        """See `Wake`."""
        await self._local.wait(topic, seconds)

    async def run(self) -> None:
        """Carry calls both ways until cancelled; a lost connection is made again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever(self._hear))
            group.create_task(self._forever(self._call))

    async def _forever(self, carry: Any) -> None:
        while True:
            try:
                await carry()
            except (RedisError, OSError) as error:
                log.warning("wake_lost", extra={"error": type(error).__name__})
                await asyncio.sleep(1)

    async def _hear(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._CHANNEL)
            while True:
                message = await pubsub.get_message(timeout=30)
                if message is None:
                    continue
                sender, *topics = message["data"].decode().split(" ")
                for topic in topics if sender != self._me else ():
                    self._local.notify(topic)

    async def _call(self) -> None:
        while True:
            await self._has_unsent.wait()
            self._has_unsent.clear()
            topics, self._unsent = self._unsent, set()
            if topics:
                await self._redis.publish(self._CHANNEL, " ".join((self._me, *sorted(topics))))
