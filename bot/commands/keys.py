"""`rumbo keys`: a new key, and everything sealed anew under the newest one so that the older can go."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.fernet import Fernet

from bot.settings import Settings
from bot.storage.rekey import reseal, second_addresses
from bot.storage.work import Storage

Opener = Callable[[Settings], Awaitable[Storage]]

_ROUNDS = 3
"""So often it is looked whether all is done: whoever still seals with an older key has not been started again."""


def add_to(commands: Any, run: Callable[[Any], Any]) -> None:
    """Add the command; `run` makes an asynchronous one of the command line's kind."""
    keys = commands.add_parser("keys", help="make a new secret key; seal everything anew under the newest")
    keys.add_argument("what", choices=("new", "rotate"))
    keys.add_argument("--json", action="store_true")
    keys.set_defaults(act=run(act))


async def act(given: argparse.Namespace, chosen: Settings, opener: Opener) -> int:
    """Exit code 1: not everything could be sealed under the newest key, so the older ones must stay."""
    if given.what == "new":
        print(Fernet.generate_key().decode("ascii"))
        return 0
    storage = await opener(chosen)
    try:
        found: dict[str, int] = {}
        changed: dict[str, int] = {}
        rounds, done = 0, False
        while not done and rounds < _ROUNDS:
            round_ = await reseal(storage)
            rounds, done = rounds + 1, not any(table.changed for table in round_)
            found = {table.name: table.found for table in round_}
            changed = {table.name: changed.get(table.name, 0) + table.changed for table in round_}
        aliases = await second_addresses(storage)
    finally:
        await storage.close()
    if given.json:
        print(json.dumps({"done": done, "found": found, "sealed_anew": changed, "second_addresses": aliases}))
        return 0 if done else 1
    for name, number in found.items():
        print(f"{name}: {number} looked at, {changed[name]} sealed anew")
    if not done:
        print(
            "something still seals with an older key: start every process with the new key first, then run this again"
        )
        return 1
    print("everything opens with the newest key alone: the older ones can be taken out of RUMBO_SECRET_KEYS")
    if aliases:
        print(
            f"{aliases} second addresses (WhatsApp user names) are known by a hash alone, which is made anew when their"
            " owner writes: the longer an older key stays, the fewer of them are forgotten with it"
        )
    return 0
