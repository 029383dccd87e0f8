"""The contract of receiving that every channel keeps: proof first, one id per event, no bytes that break it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram import SECRET_HEADER
from bot.errors import Malformed, NotGenuine
from bot.messages import Inbound, Received
from tests.channel_kit import MAKERS, NOW, genuine, payload, telegram, whatsapp
from tests.fake_twilio import AUTH_TOKEN, signature

CHANNELS = ["telegram", "whatsapp"]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "header",
    [None, "", "wrong", "\udcff", "ñ"],
    ids=["missing", "empty", "wrong", "bytes that are no text", "not ASCII"],
)
def test_a_request_without_proof_is_refused(channel: str, header: str | None):
    got = genuine(channel, payload(channel, "text"))
    (name,) = got.headers

    with pytest.raises(NotGenuine):
        MAKERS[channel]().verify(replace(got, headers={} if header is None else {name: header}))


def test_without_a_secret_nobody_is_telegram():
    channel = telegram(secret="")

    with pytest.raises(NotGenuine):
        channel.verify(Received(b"{}", {SECRET_HEADER: ""}, "", NOW))


@pytest.mark.parametrize(
    "tokens", [("other", AUTH_TOKEN), (AUTH_TOKEN, "other")], ids=["old one second", "old one first"]
)
def test_while_a_token_is_rotated_both_are_good(tokens: tuple[str, ...]):
    whatsapp(tokens=tokens).verify(genuine("whatsapp", payload("whatsapp", "text")))


def test_a_signature_covers_the_query_and_blank_fields():
    url = "https://rumbo.example/webhooks/twilio/status?ref=12"
    got = genuine("whatsapp", payload("whatsapp", "text_blank_fields"), url)

    whatsapp().verify(got)
    with pytest.raises(NotGenuine):
        whatsapp().verify(replace(got, url=url.replace("12", "13")))
    with pytest.raises(NotGenuine):
        whatsapp().verify(replace(got, body=got.body.replace(b"&Label=", b"")))


@given(at=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=255), url=st.booleans())
def test_any_changed_byte_breaks_a_signature(at: int, byte: int, url: bool):
    got = genuine("whatsapp", payload("whatsapp", "location"))
    raw = bytearray(got.url.encode() if url else got.body)
    before = bytes(raw)
    raw[at % len(raw)] = byte
    changed = replace(got, url=raw.decode("latin-1")) if url else replace(got, body=bytes(raw))
    if same_address(before, bytes(raw)) if url else same_form(before, bytes(raw)):
        return

    with pytest.raises(NotGenuine):
        whatsapp().verify(changed)


def same_address(a: bytes, b: bytes) -> bool:
    """`https:` and `HTTPS:` are one scheme written twice."""
    (scheme, rest), (other, others) = (raw.split(b":", 1) if b":" in raw else (raw, b"") for raw in (a, b))
    return (scheme.lower(), rest) == (other.lower(), others)


def same_form(a: bytes, b: bytes) -> bool:
    """`%3A` and `%3a`, `+` and `%20` are one form written twice."""
    forms = [sorted(parse_qsl(raw.decode("latin-1"), keep_blank_values=True)) for raw in (a, b)]
    return forms[0] == forms[1]


@given(st.binary(max_size=300))
@pytest.mark.parametrize("channel", CHANNELS)
def test_whatever_bytes_come_they_are_read_or_refused(channel: str, body: bytes):
    reader = MAKERS[channel]()

    try:
        told = reader.read(Received(body, {}, "https://rumbo.example/webhooks/twilio", NOW))
    except Malformed:
        return
    assert len(told) <= 1


@given(
    st.dictionaries(
        st.sampled_from(
            ["From", "To", "Body", "MessageSid", "MessageStatus", "ErrorCode", "WaId", "Latitude", "Longitude"]
        )
        | st.sampled_from(["MediaContentType0", "ButtonPayload", "ListId", "ExternalUserId", "NumMedia"]),
        st.text(max_size=30) | st.sampled_from(["whatsapp:+51987654321", "whatsapp:PE.1", "-12.5", "٣", "image/png"]),
    )
)
def test_whatever_fields_a_form_has_it_is_read_or_refused(form: dict[str, str]):
    body = httpx.Request("POST", "http://x", data={k: v.encode("utf-8", "replace").decode() for k, v in form.items()})

    try:
        told = whatsapp().read(Received(body.read(), {}, "https://rumbo.example/webhooks/twilio", NOW))
    except Malformed:
        return
    assert len(told) <= 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_empty_body_is_refused_even_with_proof(channel: str):
    got = genuine(channel, b"")

    MAKERS[channel]().verify(got)
    with pytest.raises(Malformed):
        MAKERS[channel]().read(got)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_replay_is_the_same_event(channel: str):
    got = genuine(channel, payload(channel, "text"))

    events = {said.event for _ in range(3) for said in MAKERS[channel]().read(got) if isinstance(said, Inbound)}

    assert len(events) == 1


def test_our_signature_is_twilios():
    """The known answer of Twilio's own documentation."""
    form = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309"}
    form |= {"To": "+18005551212"}

    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature(url, form, "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
