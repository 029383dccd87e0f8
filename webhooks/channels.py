"""`POST /webhooks/telegram`, `/webhooks/twilio`, `/webhooks/twilio/status`: verify, read, hand over, acknowledge.

A request is acknowledged after the commit and before the send. One that cannot be stored now gets 503 and comes again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from bot.app import App
from bot.errors import Malformed, NotGenuine, StorageGone, Unreadable
from webhooks.doors import TooLarge, received, refusal

log = logging.getLogger(__name__)

Door = Callable[[Request], Awaitable[Response]]
EMPTY_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def door(app: App, channel: str, *, twiml: bool = False) -> Door:
    """The way in for one channel."""
    thanks = (EMPTY_TWIML, "application/xml", 200) if twiml else (b"", "text/plain", 200)

    async def enter(request: Request) -> Response:
        try:
            got = await received(request, app)
            app.channels[channel].verify(got)
            await app.take(got, channel)
        except Unreadable as error:
            app.counts.refused(channel, type(error).__name__)  # taken all the same: it would come again for a day
            log.warning("unreadable", extra={"channel": channel, "kind": ", ".join(what for what, _ in error.errors)})
        except (NotGenuine, Malformed, TooLarge, StorageGone) as error:
            app.counts.refused(channel, type(error).__name__)
            return refusal(error)
        return Response(thanks[0], thanks[2], media_type=thanks[1])

    return enter
