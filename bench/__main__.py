"""`python -m bench [NAME...] [--json FILE]`: run the parts, print tables and aims; exit code 0 whatever they say."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import broadcast, crowd, question, road
from bench.report import Report, say

Part = Callable[[argparse.Namespace], Awaitable[Report]]


async def _road(given: argparse.Namespace) -> Report:
    return await road.run(messages=given.messages, rounds=given.rounds, seconds=given.seconds)


async def _question(given: argparse.Namespace) -> Report:
    del given
    return await question.run()


async def _crowd(given: argparse.Namespace) -> Report:
    return await crowd.run(given.people)


async def _broadcast(given: argparse.Namespace) -> Report:
    rates, engines = tuple(given.rates), tuple(given.engines)
    return await broadcast.run(
        broadcast.Size(given.recipients, rates, engines, given.kills, given.idle, audience=given.audience)
    )


PARTS: dict[str, Part] = {"road": _road, "question": _question, "crowd": _crowd, "broadcast": _broadcast}


def main() -> int:
    """Run what is named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}; none: all")
    parser.add_argument("--messages", type=int, default=2_000, help="of one round of the road")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="at 50 messages a second, each round")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument(
        "--recipients",
        type=int,
        default=3_000,
        help="of one announcement; a short run: --recipients 300 --rates 1000 --engines sqlite --kills 1 --idle 5 --audience 0",
    )
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[30.0, 1_000.0], help="what the provider allows a second"
    )
    parser.add_argument("--engines", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    parser.add_argument("--kills", type=int, default=4, help="how often every process is killed -9 in one announcement")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds of people writing before the announcement")
    parser.add_argument("--audience", type=int, default=300_000, help="of the very large announcement; 0: leave it out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there too")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in PARTS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(PARTS)}")
    reports = [_run(name, given) for name in given.names or PARTS]
    if given.json:
        given.json.write_text(
            json.dumps([r.to_json() for r in reports], ensure_ascii=False, indent=1), encoding="utf-8"
        )
    missed = [aim.what for report in reports for aim in report.aims if not aim.met]
    print(f"\n{sum(len(r.aims) for r in reports) - len(missed)} aims met, {len(missed)} missed")
    return 0


def _run(name: str, given: argparse.Namespace) -> Report:
    say(f"{name}: begins")
    report = asyncio.run(PARTS[name](given))
    report.show()
    sys.stdout.flush()
    return report


if __name__ == "__main__":
    sys.exit(main())
