"""Everything that can go wrong in a way the caller must know about.

BotError
├── NotGenuine            the sender of a request could not be proved; answer 401 or 403
├── Malformed             genuine or not, the bytes make no sense; answer 400 or 422
│   └── Unreadable        the platform's own form with something in it that we do not understand; take it, count it
├── BadContent            a content file cannot be served; keep the last good version
│   └── BadWords          the same of a file of words: names line, mistake and remedy, in Spanish
├── BadSettings           the program must not start; one line names the setting
├── BackgroundEnded       something that must last as long as the program has stopped; end it, to be started again
├── StorageGone           the database cannot be reached or written; answer 503 and be asked again
├── StaleState            somebody else wrote this person's state first; run the (pure) turn again
└── SendFailed            a provider did not take a message; `retry` says whether another try can help
    ├── Throttled         wait `after` seconds, nothing was sent
    ├── Unreachable       nothing was sent, the network was at fault: try again
    ├── OutcomeUnknown    it may or may not have been sent; never repeat it blindly to a crowd
    ├── Refused           a bug or stale data; do not repeat
    ├── NeedsTemplate     WhatsApp's window is closed; only a template can be sent
    └── PersonLeft        the person blocked us or opted out; end what they subscribed to
"""

from __future__ import annotations


class BotError(Exception):
    """The root of everything Rumbo raises on purpose."""


class NotGenuine(BotError):
    """The request does not prove who sent it. Nothing was read from it."""


class Malformed(BotError):
    """The bytes cannot be understood; `errors` names every (field, reason) that is wrong."""

    def __init__(self, message: str, errors: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class Unreadable(Malformed):
    """The platform did say something, in its own form, and we cannot read it: asking for it again would not help."""


class BadContent(BotError):
    """A content file cannot be served."""


class BadWords(BadContent, ValueError):
    """A file of words says something that makes no sense; told to the office that wrote it."""

    def __init__(self, line: int, what: str, remedy: str) -> None:
        super().__init__(f"línea {line}: {what}. Remedio: {remedy}")
        self.line = line
        self.what = what
        self.remedy = remedy


class BadSettings(BotError):
    """A setting is wrong; the text is one line that names it and says how to mend it."""


class BackgroundEnded(BotError):
    """A part that must last as long as the program has ended without being told to."""


class StorageGone(BotError):
    """The database cannot be reached or written, or broke this off (a deadlock). Nothing was saved; try again later."""


class StaleState(BotError):
    """The state that this turn started from is no longer the newest one."""


class SendFailed(BotError):
    """A message was not delivered to the provider. `code` is the provider's own."""

    retry = False

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Throttled(SendFailed):
    """The provider said: too fast. Nothing was sent; wait `after` seconds. `whole` freezes the sender, else the chat."""

    retry = True

    def __init__(self, message: str, after: float, code: str = "429", *, whole: bool = True) -> None:
        super().__init__(message, code)
        self.after = after
        self.whole = whole


class Unreachable(SendFailed):
    """No connection was made, so nothing was sent; or a known passing fault. Try again later, `after` seconds."""

    retry = True

    def __init__(self, message: str, code: str = "", after: float = 2.0) -> None:
        super().__init__(message, code)
        self.after = after


class OutcomeUnknown(SendFailed):
    """5xx or a connection cut after the request left: it may have been sent."""


class Refused(SendFailed):
    """The provider will never take this message. A bug or stale data."""


class NeedsTemplate(SendFailed):
    """Free text outside WhatsApp's 24 hours."""


class PersonLeft(SendFailed):
    """The person blocked us, left or opted out."""
