"""What each platform's requests mean to us: one labelled row for each payload file."""

from __future__ import annotations

import pytest

from bot.errors import Malformed
from bot.messages import DeliveryStatus, Inbound, Kind, Receipt
from bot.person import Address
from tests.channel_kit import NOW, PAYLOADS, PUBLIC, genuine, payload, telegram, whatsapp

ANA = Address("telegram", "987654321")
TELEGRAM: list[tuple[str, dict[str, object] | None]] = [
    ("text", {"text": "hola, ¿cómo saco mi carné? 🙏", "hint": "es", "sender": ANA, "at": NOW, "edited": False}),
    ("text_regional_language", {"text": "hi", "hint": "pt-br"}),
    ("text_no_language", {"text": "1", "hint": ""}),
    ("text_extra_fields", {"text": "hola"}),
    ("text_quoted", {"text": "esto"}),
    ("text_blank", {"kind": Kind.TEXT, "text": "   "}),
    ("text_oversize", {"text": "a" * 4096}),
    ("start", {"kind": Kind.START, "text": ""}),
    ("start_payload", {"kind": Kind.START, "text": "feria-2026-12-03_callao"}),
    ("start_addressed", {"kind": Kind.START, "text": "qr7"}),
    ("command", {"kind": Kind.TEXT, "text": "/menu"}),
    ("command_addressed", {"kind": Kind.TEXT, "text": "/menu"}),
    ("edited", {"text": "hola, quise decir carné", "edited": True}),
    ("callback", {"kind": Kind.CHOICE, "choice": "topic:empleo", "tap": "4241898776512345678", "sender": ANA}),
    ("callback_inaccessible", {"kind": Kind.CHOICE, "choice": "topic:salud", "sender": ANA}),
    ("callback_no_message", {"kind": Kind.CHOICE, "choice": "menu", "sender": ANA}),
    ("callback_game", None),
    ("callback_group", None),
    ("blocked", {"kind": Kind.LEFT, "sender": ANA}),
    ("unblocked", {"kind": Kind.CAME_BACK, "sender": ANA}),
    ("added_to_group", None),
    ("photo", {"kind": Kind.PHOTO, "text": ""}),
    ("photo_caption", {"kind": Kind.PHOTO, "text": "mi pasaporte está vencido"}),
    ("voice", {"kind": Kind.VOICE}),
    ("audio", {"kind": Kind.VOICE}),
    ("video_note", {"kind": Kind.VOICE}),
    ("video", {"kind": Kind.OTHER}),
    ("animation", {"kind": Kind.DOCUMENT}),
    ("sticker", {"kind": Kind.STICKER}),
    ("location", {"kind": Kind.LOCATION, "latitude": -12.046374, "longitude": -77.042793}),
    ("venue", {"kind": Kind.LOCATION, "latitude": -12.0589}),
    ("live_location_moves", None),
    ("document", {"kind": Kind.DOCUMENT}),
    ("contact", {"kind": Kind.OTHER}),
    ("poll", {"kind": Kind.OTHER}),
    ("unheard_of_content", {"kind": Kind.OTHER}),
    ("pinned", None),
    ("timer_changed", None),
    ("from_a_bot", None),
    ("group", None),
    ("group_migrated", None),
    ("channel_post", None),
    ("reaction", {"kind": Kind.REACTION, "text": "👍", "choice": "1", "sender": Address("telegram", "987654321")}),
    ("unheard_of_update", None),
]
NUMBER, BSUID = Address("whatsapp", "+51987654321"), Address("whatsapp", "PE.1A2b3C4d5E6f7G8h")
WHATSAPP: list[tuple[str, dict[str, object] | None]] = [
    ("text", {"text": "hola, ¿cómo saco mi carné? 🙏", "sender": NUMBER, "aliases": (), "hint": "", "at": NOW}),
    ("text_digit", {"kind": Kind.TEXT, "text": "2"}),
    ("text_blank_fields", {"kind": Kind.TEXT, "text": "hola"}),
    ("text_extra_fields", {"text": "hola"}),
    ("text_oversize", {"text": "a" * 4096}),
    ("text_bsuid", {"sender": BSUID, "aliases": ()}),
    ("text_bsuid_with_number", {"sender": BSUID, "aliases": (NUMBER,)}),
    ("text_number_with_bsuid", {"sender": NUMBER, "aliases": (BSUID,)}),
    ("quoted", {"kind": Kind.TEXT, "text": "esto"}),
    ("ad_referral", {"kind": Kind.TEXT, "text": "Quiero información"}),
    ("stop_with_messaging_service", {"kind": Kind.TEXT, "text": "STOP"}),
    ("button_in_session", {"kind": Kind.CHOICE, "choice": "topic:empleo", "text": "Trabajo"}),
    ("button_of_template", {"kind": Kind.CHOICE, "choice": "fair:yes"}),
    ("list", {"kind": Kind.CHOICE, "choice": "topic:salud", "text": "Salud"}),
    ("photo", {"kind": Kind.PHOTO}),
    ("photo_caption", {"kind": Kind.PHOTO, "text": "mi pasaporte"}),
    ("voice", {"kind": Kind.VOICE}),
    ("sticker", {"kind": Kind.STICKER}),
    ("video", {"kind": Kind.OTHER}),
    ("document", {"kind": Kind.DOCUMENT}),
    ("contact", {"kind": Kind.OTHER}),
    ("location", {"kind": Kind.LOCATION, "latitude": -12.046374, "longitude": -77.042793}),
    ("location_broken", {"kind": Kind.OTHER, "latitude": None}),
    ("unheard_of_content", {"kind": Kind.OTHER}),
    ("sms", None),
]
STATUSES = {
    "status_accepted": (DeliveryStatus.QUEUED, "", False),
    "status_scheduled": (DeliveryStatus.QUEUED, "", False),
    "status_queued": (DeliveryStatus.QUEUED, "", False),
    "status_sending": (DeliveryStatus.QUEUED, "", False),
    "status_sent": (DeliveryStatus.SENT, "", False),
    "status_delivered": (DeliveryStatus.DELIVERED, "", False),
    "status_read": (DeliveryStatus.READ, "", False),
    "status_left_with_event": (DeliveryStatus.READ, "", False),
    "status_failed": (DeliveryStatus.FAILED, "", False),
    "status_undelivered": (DeliveryStatus.FAILED, "", False),
    "status_canceled": (DeliveryStatus.FAILED, "", False),
    "status_unheard_of": (DeliveryStatus.UNKNOWN, "", False),
    "status_error_63016": (DeliveryStatus.FAILED, "63016", False),
    "status_error_63049": (DeliveryStatus.FAILED, "63049", False),
    "status_error_63032": (DeliveryStatus.FAILED, "63032", False),
    "status_error_63024": (DeliveryStatus.FAILED, "63024", False),
    "status_error_63018": (DeliveryStatus.FAILED, "63018", False),
    "status_error_63013": (DeliveryStatus.FAILED, "63013", False),
    "status_error_30008": (DeliveryStatus.FAILED, "30008", False),
    "status_error_63014": (DeliveryStatus.FAILED, "63014", True),
    "status_error_21610": (DeliveryStatus.FAILED, "21610", True),
}
BROKEN = [("telegram", path.stem) for path in sorted((PAYLOADS / "telegram").glob("bad_*.json"))] + [
    ("whatsapp", path.stem) for path in sorted((PAYLOADS / "whatsapp").glob("bad_*.form"))
]


@pytest.mark.parametrize(("label", "expected"), TELEGRAM, ids=[row[0] for row in TELEGRAM])
def test_a_telegram_update_is_understood(label: str, expected: dict[str, object] | None):
    channel = telegram()
    got = genuine("telegram", payload("telegram", label))

    channel.verify(got)
    told = channel.read(got)

    assert_told(told, expected)
    assert bool(channel.ignored) is (expected is None), "what is not answered is counted"


@pytest.mark.parametrize(("label", "expected"), WHATSAPP, ids=[row[0] for row in WHATSAPP])
def test_a_whatsapp_message_is_understood(label: str, expected: dict[str, object] | None):
    channel = whatsapp()
    got = genuine("whatsapp", payload("whatsapp", label))

    channel.verify(got)
    told = channel.read(got)

    assert_told(told, expected)


def assert_told(told: object, expected: dict[str, object] | None) -> None:
    if expected is None:
        assert told == ()
        return
    (said,) = told  # type: ignore[misc]
    assert isinstance(said, Inbound)
    assert said.event
    assert {name: getattr(said, name) for name in expected} == expected


@pytest.mark.parametrize("label", STATUSES)
def test_a_status_of_twilio_becomes_a_receipt(label: str):
    url = f"{PUBLIC}/webhooks/twilio/status?ref=9%3A4"
    got = genuine("whatsapp", payload("whatsapp", label), url)
    channel = whatsapp()

    channel.verify(got)
    (receipt,) = channel.read(got)

    status, error, left = STATUSES[label]
    assert receipt == Receipt(f"SM{0x77:032x}", status, error=error, left=left, reference="9:4")


@pytest.mark.parametrize(("channel", "label"), BROKEN)
def test_a_request_that_makes_no_sense_says_what_is_wrong(channel: str, label: str):
    with pytest.raises(Malformed) as caught:
        (telegram() if channel == "telegram" else whatsapp()).read(genuine(channel, payload(channel, label)))

    assert caught.value.errors


def test_every_payload_file_is_in_a_table():
    rows = {f"telegram/{label}" for label, _ in TELEGRAM} | {f"whatsapp/{label}" for label, _ in WHATSAPP}
    rows |= {f"whatsapp/{label}" for label in STATUSES} | {f"{channel}/{label}" for channel, label in BROKEN}

    assert rows == {f"{path.parent.name}/{path.stem}" for path in PAYLOADS.glob("*/*.*")}
