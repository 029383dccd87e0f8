"""What Twilio's refusals mean for us: one table of its codes, the same for REST answers and status callbacks.

Twilio has no idempotency key: whatever does not say for sure that nothing was sent is OutcomeUnknown.

Where the waits of hours come from: www.twilio.com/docs/api/errors/63049 asks not to send again at once but "later with
progressively larger delays", which `bot.delivery.verdict` makes of them; how long the first is, it leaves to us: a
quarter of a day tries once more on the same day, outside of the hour in which the person was told too much. For 63032
(WhatsApp's own experiment or limit, which it names no end of) a day, as 63018 names for the daily tier.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Mapping

import orjson

from bot.channels.direct import Answer
from bot.errors import NeedsTemplate, OutcomeUnknown, PersonLeft, Refused, SendFailed, Throttled, Unreachable

log = logging.getLogger(__name__)

API = "https://api.twilio.com"
CONTENT_API = "https://content.twilio.com"

MINUTE, HOUR = 60.0, 3600.0
CODES: Mapping[int, tuple[type[SendFailed], float]] = {
    # Twilio's code: what it means for us, seconds to wait (www.twilio.com/docs/api/errors/<code>)
    20429: (Throttled, 1.0),  # never processed, always safe to repeat
    63017: (Throttled, 1.0),  # the account's rate
    63018: (Throttled, MINUTE),  # the sender's rate or its daily tier
    63016: (NeedsTemplate, 0),  # free text outside the window
    63014: (PersonLeft, 0),  # blocked us or opted out on the channel
    21610: (PersonLeft, 0),  # opted out at Twilio
    63049: (Unreachable, 6 * HOUR),  # Meta held a marketing template back; 6 h: see above
    63032: (Unreachable, 24 * HOUR),  # cannot be reached now; 24 h: see above
    63005: (Unreachable, MINUTE),
    63012: (Unreachable, MINUTE),
    63023: (Unreachable, MINUTE),
    30008: (Unreachable, MINUTE),
    20500: (OutcomeUnknown, 0),
    63024: (Refused, 0),  # not on WhatsApp, terms not accepted
    63013: (Refused, 0),  # the template's content or policy
    63021: (Refused, 0),
    63007: (Refused, 0),  # our sender is unknown
    21211: (Refused, 0),
    21603: (Refused, 0),
    21617: (Refused, 0),
    21619: (Refused, 0),
    21656: (Refused, 0),
}
LEFT = frozenset(str(code) for code, (fault, _) in CODES.items() if fault is PersonLeft)
OURS_TO_MEND = frozenset({401, 403, 404})


def meaning(code: int, status: int = 400, after: float = 0) -> SendFailed:
    """The failure behind a code of Twilio, from a REST answer or from a status callback's ErrorCode."""
    default: tuple[type[SendFailed], float] = (Refused, 0) if 400 <= status < 500 else (OutcomeUnknown, 0)
    fault, wait = CODES.get(code) or ((Throttled, 1.0) if status == 429 else default)
    text, mark = f"twilio: error {code or status}", str(code or status)
    if fault is Throttled:
        return Throttled(text, after or wait, mark, whole=True)
    if fault is Unreachable:
        return Unreachable(text, mark, wait)
    return fault(text, mark)


def refusal(answer: Answer) -> SendFailed:
    """What an answer that is not a success means. Twilio's own words stay out: they may repeat an address."""
    try:
        code = int(orjson.loads(answer.content).get("code") or 0)
    except (ValueError, TypeError, AttributeError):
        code = 0
    if answer.status_code in OURS_TO_MEND:
        log.error("twilio_refuses_our_account", extra={"status": answer.status_code, "code": code})
    told = answer.headers.get("retry-after", "")
    return meaning(code, answer.status_code, float(told) if told.isdecimal() else 0)


def basic(account_sid: str, token: str) -> str:
    """The value of the Authorization header."""
    return "Basic " + b64encode(f"{account_sid}:{token}".encode()).decode()
