"""WhatsApp over Twilio: signed forms in, form posts out. Facts: www.twilio.com/docs/messaging and /docs/whatsapp.

An answer of 201 only means that Twilio took the message: what became of it comes in the status callbacks. Nothing is
repeated here (Twilio has no idempotency key), and a message is one bubble wherever the limits allow it, because each
bubble is billed.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import orjson
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships no types

from bot.channels import formatting, wire
from bot.channels.base import LONGEST_INBOUND, Limits, Pace
from bot.channels.direct import Answer
from bot.channels.twilio_codes import API, LEFT, basic, refusal
from bot.errors import Malformed, NeedsTemplate, NotGenuine, OutcomeUnknown
from bot.messages import Choice, DeliveryStatus, Inbound, Kind, Outgoing, Payload, Place, Receipt, Received, Template
from bot.person import Address

log = logging.getLogger(__name__)

PREFIX = "whatsapp:"
SIGNATURE_HEADER = "x-twilio-signature"
STATUS_PATH = "/webhooks/twilio/status"

LIMITS = Limits(text=1600, buttons=3, button_title=20, choice_id_bytes=200, rows=10)
"""Twilio's Body; quick replies in session without approval; their titles and ids; items of a list picker."""
INTERACTIVE_TEXT = 1024
ROW_TITLE = 24
THUMB = re.compile("[👍👎][🏻🏼🏽🏾🏿]?\ufe0f?")
"""All of a message that is one: a reaction to a bubble arrives so."""

STATUSES: Mapping[str, DeliveryStatus] = {
    "accepted": DeliveryStatus.QUEUED,
    "scheduled": DeliveryStatus.QUEUED,
    "queued": DeliveryStatus.QUEUED,
    "sending": DeliveryStatus.QUEUED,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
    "undelivered": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}

MEDIA: Sequence[tuple[str, Kind]] = (
    # how a media type begins; the first that fits counts
    ("image/webp", Kind.STICKER),
    ("image/", Kind.PHOTO),
    ("audio/", Kind.VOICE),
    ("video/", Kind.OTHER),
    ("text/vcard", Kind.OTHER),
    ("text/x-vcard", Kind.OTHER),
    ("", Kind.DOCUMENT),
)


@dataclass(frozen=True, slots=True)
class Contents:
    """Content SIDs that exist at Twilio. What is missing here is sent as numbered text, or not at all.

    `session` is keyed by (kind, number of choices, language) with kind `quick-reply` or `list-picker`;
    `templates` by (name, language).
    """

    session: Mapping[tuple[str, int, str], str] = field(default_factory=dict)
    templates: Mapping[tuple[str, str], str] = field(default_factory=dict)
    categories: Mapping[tuple[str, str], str] = field(default_factory=dict)  # of the templates, as Meta decided


class WhatsApp:
    """One sender. `contents` may be replaced while running, when `whatsapp_content` has learned of new ones."""

    name = "whatsapp"
    limits = LIMITS

    def __init__(
        self,
        *,
        account_sid: str,
        auth_tokens: Sequence[str],
        sender: str,
        client: httpx.AsyncClient,
        pace: Pace,
        api_url: str = "",
        public_url: str = "",
        contents: Contents | None = None,
    ) -> None:
        self.pace = pace
        self.contents = contents or Contents()
        self.ignored: Counter[str] = Counter()
        self._validators = tuple(RequestValidator(token) for token in auth_tokens)
        self._sender = sender if sender.startswith(PREFIX) else PREFIX + sender
        self._client = client
        self._url = f"{api_url or API}/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._headers = {
            "authorization": basic(account_sid, auth_tokens[0] if auth_tokens else ""),
            "content-type": "application/x-www-form-urlencoded",
        }
        self._status_url = public_url + STATUS_PATH if public_url else ""

    def verify(self, got: Received) -> None:
        """Twilio's signature over the public URL and every field, by any of our tokens; raises NotGenuine."""
        signature = got.headers.get(SIGNATURE_HEADER, "")
        try:
            form = _Form(got.body)
            proved = bool(signature) and any(known.validate(got.url, form, signature) for known in self._validators)
        except ValueError as error:
            raise NotGenuine("whatsapp: the body is not a form, or the URL not a URL") from error
        if not proved:
            raise NotGenuine("whatsapp: the signature is missing or wrong")

    def read(self, got: Received) -> Sequence[Inbound | Receipt]:
        """A message or the status of one of ours; other kinds give nothing; raises Malformed."""
        try:
            form = _Form(got.body).first
        except ValueError as error:
            raise Malformed("whatsapp: the body is no form", (("body", "encoding"),)) from error
        sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid")
        if not sid:
            raise Malformed("whatsapp: not a message", (("MessageSid", "missing"),))
        if form.get("MessageStatus") and "Body" not in form:
            return (self._receipt(sid, form, got.url),)
        if not form.get("From"):
            raise Malformed("whatsapp: nobody wrote this", (("From", "missing"),))
        if not form["From"].startswith(PREFIX):
            self.ignored["not WhatsApp"] += 1
            return ()
        return (_message(sid, form, got),)

    def render(self, message: Outgoing) -> Sequence[Payload]:
        """The bubble, with buttons where content for them exists, then the pin.

        Raises NeedsTemplate when the window is closed and no approved template stands ready.
        """
        envelope = {"To": PREFIX + message.to.value, "From": self._sender} | self._callback(message.reference)
        if not message.window_open:
            return (envelope | self._template(message.reply.template),)
        text = _text(message)
        choices = message.reply.choices
        buttons = self._buttons(text, choices, message.language)
        calls = [envelope | buttons] if buttons else [envelope | {"Body": body} for body in _bodies(text, choices)]
        calls += [envelope | _pin(message.reply.place)] if message.reply.place else []
        return calls

    async def send(self, payload: Payload) -> str:
        """Post the form; gives the message's SID."""
        answer = await wire.post(self._client, self._url, self._headers, urlencode(payload).encode())
        if answer.status_code in {200, 201}:
            return _sid(answer)
        raise refusal(answer)

    async def acknowledge(self, said: Inbound) -> None:
        """WhatsApp shows no spinner."""

    def _receipt(self, sid: str, form: Mapping[str, str], url: str) -> Receipt:
        told = form["MessageStatus"]
        status = STATUSES.get(told.lower(), DeliveryStatus.UNKNOWN)
        if status is DeliveryStatus.UNKNOWN and not self.ignored[f"status {told[:20]}"]:
            log.warning("whatsapp_unknown_status", extra={"status": told[:20]})
            self.ignored[f"status {told[:20]}"] += 1
        error = form.get("ErrorCode", "")
        reference = dict(parse_qsl(urlsplit(url).query)).get("ref", "")
        return Receipt(sid, status, error=error, left=error in LEFT, reference=reference)

    def _callback(self, reference: str) -> dict[str, str]:
        return {"StatusCallback": f"{self._status_url}?ref={quote(reference, safe='')}"} if self._status_url else {}

    def _template(self, template: Template | None) -> dict[str, str]:
        sid = self.contents.templates.get((template.name, template.language)) if template else None
        if template is None or sid is None:
            raise NeedsTemplate("the 24-hour window is closed and there is no approved template", "63016")
        variables = {key: variable(value) for key, value in template.variables.items()}
        return {"ContentSid": sid} | ({"ContentVariables": _json(variables)} if variables else {})

    def _buttons(self, text: str, choices: Sequence[Choice], language: str) -> dict[str, str]:
        """Quick replies or a list, for a bubble of one line: a variable may hold no line break (error 21656)."""
        kind, longest = (
            ("quick-reply", LIMITS.button_title) if len(choices) <= LIMITS.buttons else ("list-picker", ROW_TITLE)
        )
        sid = self.contents.session.get((kind, len(choices), language))
        whole = len(text) + 2 + sum(len(choice.title) + 5 for choice in choices)  # the content numbers them itself
        if sid is None or not text.strip() or "\n" in text or "    " in text or whole > INTERACTIVE_TEXT:
            return {}
        if not all(0 < len(formatting.one_line(c.title)) <= longest and _fits(c.id) for c in choices):
            return {}
        variables = {"1": formatting.one_line(text)}
        for number, choice in enumerate(choices):
            variables |= {str(2 * number + 2): formatting.one_line(choice.title), str(2 * number + 3): choice.id}
        return {"ContentSid": sid, "ContentVariables": _json(variables)}


def variable(value: str) -> str:
    """A value as Twilio takes it: one line, no runs of spaces, never empty."""
    return formatting.one_line(formatting.to_whatsapp(value)) or "-"


class _Form(dict[str, list[str]]):
    """Every field of a form, blank ones too: the signature covers them all."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        for name, value in parse_qsl(body.decode("utf-8"), keep_blank_values=True):
            self.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[str]:
        """How Twilio's validator asks for the values of one field."""
        return self[name]

    @property
    def first(self) -> dict[str, str]:
        return {name: values[0] for name, values in self.items()}


def _message(sid: str, form: Mapping[str, str], got: Received) -> Inbound:
    sender = Address("whatsapp", form["From"].removeprefix(PREFIX))
    choice = form.get("ButtonPayload") or form.get("ListId") or ""
    kind = Kind.CHOICE if choice else _kind(form)
    place = kind is Kind.LOCATION
    if kind is Kind.TEXT and _is_thumb(form.get("Body", "")):
        kind, choice = Kind.REACTION, form.get("OriginalRepliedMessageSid", "")  # a reaction comes as a message
    return Inbound(
        event=sid,
        sender=sender,
        at=got.at,
        kind=kind,
        text=form.get("Body", "")[:LONGEST_INBOUND],
        choice=choice,
        aliases=_aliases(sender, form),
        latitude=float(form["Latitude"]) if place else None,
        longitude=float(form["Longitude"]) if place else None,
    )


def _kind(form: Mapping[str, str]) -> Kind:
    media = form.get("MediaContentType0", "").lower()
    if media:
        return next(kind for start, kind in MEDIA if media.startswith(start))
    if _is_number(form.get("Latitude", "")) and _is_number(form.get("Longitude", "")):
        return Kind.LOCATION
    return Kind.TEXT if form.get("Body", "").strip() else Kind.OTHER


def _is_thumb(body: str) -> bool:
    return THUMB.fullmatch(body.strip()) is not None


def _is_number(text: str) -> bool:
    return text.strip().removeprefix("-").replace(".", "", 1).isdecimal()


def _aliases(sender: Address, form: Mapping[str, str]) -> tuple[Address, ...]:
    """The person's other addresses: a number beside a business-scoped id, or the reverse."""
    told = [form.get("ExternalUserId", ""), form.get("ExternalUserIdentifier", "")]
    values = [value.removeprefix(PREFIX) for value in told]
    values += ["+" + form["WaId"]] if form.get("WaId", "").isdecimal() else []
    unique = dict.fromkeys(value for value in values if value and value != sender.value)
    return tuple(Address("whatsapp", value) for value in unique)


def _text(message: Outgoing) -> str:
    """The bubble's words; a document goes as its link (calendar files are not among the media types)."""
    link = message.reply.document.link if message.reply.document else ""
    return "\n".join(part for part in (formatting.to_whatsapp(message.reply.text), formatting.clean(link)) if part)


def _bodies(text: str, choices: tuple[Choice, ...]) -> list[str]:
    whole = "\n\n".join(part for part in (text, formatting.numbered(choices)) if part.strip())
    return [body for body in formatting.split(whole, LIMITS.text) if body.strip()]


def _pin(place: Place) -> dict[str, str]:
    title = formatting.one_line(place.title) or "·"
    label = formatting.one_line(place.address or place.title).replace("|", " ")
    return {"Body": title[: LIMITS.text], "PersistentAction": f"geo:{place.latitude},{place.longitude}|{label}"}


def _fits(choice_id: str) -> bool:
    return 0 < len(choice_id) <= LIMITS.choice_id_bytes and formatting.one_line(choice_id) == choice_id


def _json(variables: Mapping[str, Any]) -> str:
    return orjson.dumps(variables).decode()


def _sid(answer: Answer) -> str:
    try:
        return str(orjson.loads(answer.content)["sid"])
    except (ValueError, KeyError, TypeError) as error:
        raise OutcomeUnknown("twilio: an answer without a SID", str(answer.status_code)) from error
