"""The console script `rumbo`: reads the command line, hands over to one of `bot.commands`, gives an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.commands import content, news, operate, serve, talk
from bot.errors import BadContent, BadSettings, BotError


def parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    top = argparse.ArgumentParser(prog="rumbo", description="Rumbo: answers migrants on Telegram and WhatsApp.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for subject in (serve, talk, content, news, operate):
        subject.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; mistakes of the caller are one line on standard error and exit code 2."""
    given = parser().parse_args(arguments)
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
