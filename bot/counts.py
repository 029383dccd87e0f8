"""What operators watch: counts of what came in and went out, in Prometheus' text format. Never a name or a text."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

SPEND: Mapping[str, str] = {
    "used": "those that count against the free ones",
    "free": "that cost nothing",
    "forecast": "how many it will be if it goes on like this",
    "templates": "digests by template, which are never free",
}
"""What is watched of the messages that are billed."""


class Counts:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._received = Counter("rumbo_received_total", "Messages taken in", ["channel"], registry=self.registry)
        self._refused = Counter("rumbo_refused_total", "Requests not taken", ["door", "why"], registry=self.registry)
        self._open = Gauge(
            "rumbo_outbox_open", "Deliveries that wait or fly", ["lane", "state"], registry=self.registry
        )
        self._age = Gauge("rumbo_outbox_age_seconds", "How long the oldest reply waits", registry=self.registry)
        self._people = Gauge("rumbo_people", "People known", ["channel"], registry=self.registry)
        self._spend = {
            name: Gauge(f"rumbo_spend_{name}", f"WhatsApp messages of this month: {told}", registry=self.registry)
            for name, told in SPEND.items()
        }
        self._problems = Gauge("rumbo_content_problems", "Mistakes in content files", registry=self.registry)

    def received(self, channel: str) -> None:
        """One more message came in."""
        self._received.labels(channel).inc()

    def refused(self, door: str, why: str) -> None:
        """One more request was not taken."""
        self._refused.labels(door, why).inc()

    def show(
        self,
        open_: Mapping[tuple[str, str], int],
        age: float,
        people: Mapping[str, int],
        problems: int,
        spend: Mapping[str, int],
    ) -> bytes:
        """The whole page, with the gauges as they are now."""
        for name, number in spend.items():
            self._spend[name].set(number)
        self._open.clear()
        for (lane, state), number in open_.items():
            self._open.labels(lane, state).set(number)
        self._age.set(age)
        for channel, number in people.items():
            self._people.labels(channel).set(number)
        self._problems.set(problems)
        return generate_latest(self.registry)
