"""The console script `rumbo`: reads the command line, hands over to one of `bot.commands`, gives an exit code."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from bot.errors import BadContent, BadSettings, BotError

SUBJECTS = ("serve", "talk", "content", "news", "feeds", "operate")
QUICK = {"check": "content", "verify": "content", "fairs": "content", "ask": "talk", "offer": "talk"}
"""Commands that are typed often: only their own subject is imported, which is most of their time."""


def parser(subjects: Sequence[str] = SUBJECTS) -> argparse.ArgumentParser:
    """The commands of these subjects with their help; without any, all of them."""
    top = argparse.ArgumentParser(prog="rumbo", description="Rumbo: answers migrants on Telegram and WhatsApp.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for subject in subjects:
        importlib.import_module(f"bot.commands.{subject}").add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; mistakes of the caller are one line on standard error and exit code 2."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    quick = QUICK.get(words[0]) if words else None
    given = parser((quick,) if quick else SUBJECTS).parse_args(words)
    try:
        return int(given.act(given) or 0)
    except (BadSettings, BadContent) as error:
        print(f"rumbo: {error}", file=sys.stderr)
        return 2
    except BotError as error:
        print(f"rumbo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
