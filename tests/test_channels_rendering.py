"""What a reply looks like on each platform, and that no reply whatever breaks a platform's limits."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import telegram as telegram_module
from bot.channels import whatsapp as whatsapp_module
from bot.channels.whatsapp import Contents
from bot.errors import NeedsTemplate
from bot.messages import Choice, Document, Place, Reply, Template
from bot.person import Address
from tests.channel_kit import outgoing, telegram, whatsapp
from tests.telegram_rules import check_keyboard, parsed

SESSION = {("quick-reply", n, "es"): f"HXq{n}" for n in (1, 2, 3)} | {
    ("list-picker", n, "es"): f"HXl{n}" for n in range(4, 11)
}
CONTENTS = Contents(session=SESSION, templates={("feria_nueva", "es"): "HXt"})
ICS = Document("feria.ics", "text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", link="https://rumbo.example/f.ics")
PLAZA = Place(-12.0589, -77.0371, "Plaza San Martín", "Av. Nicolás de Piérola, Lima")
YES_NO = (Choice("yes", "Sí"), Choice("no", "No"))

ANY_TEXT = st.text(max_size=60) | st.text(alphabet="<b>&*_[]() \n\t.é🙂\ud800", max_size=3000) | st.just("x" * 5000)
ANY_CHOICE = st.builds(Choice, id=st.text(max_size=90), title=st.text(max_size=70))
ANY_REPLY = st.builds(
    Reply,
    text=ANY_TEXT,
    choices=st.lists(ANY_CHOICE, max_size=12).map(tuple),
    document=st.none() | st.just(ICS),
    place=st.none() | st.builds(Place, st.just(-12.0), st.just(-77.0), st.text(max_size=20), st.text(max_size=20)),
    template=st.none()
    | st.builds(Template, st.just("feria_nueva"), st.just("es"), st.dictionaries(st.sampled_from("123"), ANY_TEXT)),
)


@given(ANY_REPLY)
def test_no_reply_breaks_telegrams_limits(reply: Reply):
    for call in telegram().render(outgoing("telegram", reply)):
        json.dumps(dict(call)).encode()
        parsed(str(call.get("text", "")), str(call.get("parse_mode", "")), 4096)
        parsed(str(call.get("caption", "")), str(call.get("parse_mode", "")), 1024)
        check_keyboard(dict(call))
        assert call["method"] != "sendMessage" or call["text"].strip()
        assert call["method"] != "sendVenue" or (call["title"] and call["address"])


@given(ANY_REPLY, st.booleans(), st.sampled_from([CONTENTS, Contents()]))
def test_no_reply_breaks_whatsapps_limits(reply: Reply, window_open: bool, contents: Contents):
    try:
        calls = whatsapp(contents=contents).render(outgoing("whatsapp", reply, window_open=window_open))
    except NeedsTemplate:
        assert not window_open
        return
    for call in calls:
        assert 1 <= len(call.get("Body", "x")) <= 1600
        variables = json.loads(call.get("ContentVariables", "{}"))
        assert all(value and not set(value) & set("\n\t") and "     " not in value for value in variables.values())
        assert all(isinstance(value, str) and value.encode() for value in call.values())
        if call.get("ContentSid") in SESSION.values():
            titles = [variables[str(2 * n)] for n in range(1, len(variables) // 2 + 1)]
            ids = [variables[str(2 * n + 1)] for n in range(1, len(variables) // 2 + 1)]
            assert all(len(title) <= (20 if len(titles) <= 3 else 24) for title in titles)
            assert all(len(choice_id) <= 200 for choice_id in ids)


@given(ANY_REPLY)
def test_no_choice_is_lost_on_the_way(reply: Reply):
    """Each one is a button, or a numbered line."""
    if len(reply.choices) > 10 or len(reply.text) > 1000:
        return
    shown = json.dumps([dict(call) for call in telegram().render(outgoing("telegram", reply))])
    lines = "".join(call["Body"] for call in whatsapp().render(outgoing("whatsapp", reply)) if "Body" in call)

    for number, _ in enumerate(reply.choices, 1):
        assert f"{number}." in lines
        assert f"{number}." in shown or len(reply.choices) == 1


def test_telegram_shows_buttons_in_rows_that_fit_a_phone():
    choices = [
        Choice(f"c{n}", title)
        for n, title in enumerate(["Requisitos", "Costo", "Tiempo", "Dónde", "Hablar con alguien"])
    ]

    (call,) = telegram().render(outgoing("telegram", Reply("**Carné**", tuple(choices))))

    rows = [[button["text"] for button in row] for row in call["reply_markup"]["inline_keyboard"]]
    assert rows == [["1. Requisitos", "2. Costo"], ["3. Tiempo", "4. Dónde"], ["5. Hablar con alguien"]]
    assert call["text"] == "<b>Carné</b>"
    assert call["parse_mode"] == "HTML"
    assert call["link_preview_options"] == {"is_disabled": True}


def test_a_single_button_needs_no_number():
    (call,) = telegram().render(outgoing("telegram", Reply("Listo.", (Choice("menu", "Menú"),))))

    assert call["reply_markup"]["inline_keyboard"] == [[{"text": "Menú", "callback_data": "menu"}]]


def test_choices_that_telegram_would_refuse_become_digits():
    (call,) = telegram().render(outgoing("telegram", Reply("¿Cuál?", (Choice("á" * 33, "Uno"), Choice("b", "Dos")))))

    assert call["text"] == "¿Cuál?\n\n1. Uno\n2. Dos"
    assert "reply_markup" not in call


def test_a_document_carries_the_bubble_and_a_pin_follows():
    document, pin = telegram().render(outgoing("telegram", Reply("La feria", YES_NO, document=ICS, place=PLAZA)))

    assert (document["method"], document["caption"]) == ("sendDocument", "La feria")
    assert document["reply_markup"]["inline_keyboard"]
    assert (pin["method"], pin["title"]) == ("sendVenue", "Plaza San Martín")


def test_a_document_beside_a_long_bubble_goes_by_itself():
    calls = telegram().render(outgoing("telegram", Reply("palabra " * 200, YES_NO, document=ICS)))

    assert [call["method"] for call in calls] == ["sendMessage", "sendDocument"]


def test_a_very_long_text_is_cut_and_the_buttons_stand_under_the_last_piece():
    calls = telegram().render(outgoing("telegram", Reply("palabra " * 700, YES_NO)))

    assert ["reply_markup" in call for call in calls] == [False, True]


def test_whatsapp_numbers_the_choices_in_the_bubble():
    (call,) = whatsapp().render(outgoing("whatsapp", Reply("**¿Corres peligro?**\n- a", YES_NO)))

    assert call["Body"] == "*¿Corres peligro?*\n• a\n\n1. Sí\n2. No"
    assert call["To"] == "whatsapp:+51987654321"
    assert call["StatusCallback"] == "https://rumbo.example/webhooks/twilio/status?ref=77"


def test_without_a_public_url_no_status_is_asked_for():
    (call,) = whatsapp(public_url="").render(outgoing("whatsapp"))

    assert "StatusCallback" not in call


def test_a_reference_is_quoted_in_the_status_url():
    (call,) = whatsapp().render(outgoing("whatsapp", reference="b 1&x=2"))

    assert call["StatusCallback"].endswith("?ref=b%201%26x%3D2")


def test_whatsapp_shows_buttons_where_a_content_for_them_exists():
    (call,) = whatsapp(contents=CONTENTS).render(outgoing("whatsapp", Reply("¿Corres peligro?", YES_NO)))

    assert call["ContentSid"] == "HXq2"
    assert json.loads(call["ContentVariables"]) == {
        "1": "¿Corres peligro?",
        "2": "Sí",
        "3": "yes",
        "4": "No",
        "5": "no",
    }
    assert "Body" not in call


def test_whatsapp_shows_a_list_for_more_than_three():
    choices = tuple(Choice(f"c{n}", f"Opción {n}") for n in range(5))

    (call,) = whatsapp(contents=CONTENTS).render(outgoing("whatsapp", Reply("¿Cuál?", choices)))

    assert call["ContentSid"] == "HXl5"


NUMBERED = [
    ("two lines: a variable holds one", Reply("a\nb", YES_NO), "es"),
    ("longer than an interactive bubble", Reply("a " * 511, YES_NO), "es"),
    ("a title too long", Reply("¿?", (Choice("a", "x" * 21), Choice("b", "B"))), "es"),
    ("eleven choices", Reply("¿?", tuple(Choice(f"c{n}", f"{n}") for n in range(11))), "es"),
    ("no content in the language", Reply("Are you?", YES_NO), "en"),
]


@pytest.mark.parametrize(("label", "reply", "language"), NUMBERED, ids=[row[0] for row in NUMBERED])
def test_where_buttons_cannot_be_the_digits_stand(label: str, reply: Reply, language: str):
    (call,) = whatsapp(contents=CONTENTS).render(outgoing("whatsapp", reply, language=language))

    assert "ContentSid" not in call
    assert call["Body"].splitlines()[-1].startswith(f"{len(reply.choices)}. ")


def test_outside_the_window_the_template_goes_with_tidy_variables():
    template = Template("feria_nueva", "es", {"1": "Callao\n  3   dic", "2": ""})

    (call,) = whatsapp(contents=CONTENTS).render(outgoing("whatsapp", Reply("x", template=template), window_open=False))

    assert call["ContentSid"] == "HXt"
    assert json.loads(call["ContentVariables"]) == {"1": "Callao 3 dic", "2": "-"}


def test_a_template_that_is_not_approved_is_not_sent():
    template = Template("otra", "es")

    with pytest.raises(NeedsTemplate):
        whatsapp(contents=CONTENTS).render(outgoing("whatsapp", Reply("x", template=template), window_open=False))


def test_on_whatsapp_a_document_is_a_link_and_a_place_is_a_pin():
    bubble, pin = whatsapp().render(outgoing("whatsapp", Reply("La feria", document=ICS, place=PLAZA)))

    assert bubble["Body"] == "La feria\nhttps://rumbo.example/f.ics"
    assert pin["PersistentAction"] == "geo:-12.0589,-77.0371|Av. Nicolás de Piérola, Lima"
    assert pin["Body"] == "Plaza San Martín"


@pytest.mark.parametrize("module", [telegram_module, whatsapp_module])
def test_every_limit_is_told(module):
    assert all(
        getattr(module.LIMITS, name) >= 0 for name in ("text", "buttons", "button_title", "choice_id_bytes", "rows")
    )


def test_a_crowd_is_told_the_same_each_in_their_own_chat_and_language():
    channel = telegram()
    feria, fair = Reply("**Feria**", (Choice("menu", "Menú"),)), Reply("**Fair**", (Choice("menu", "Menu"),))
    told = [
        channel.render(replace(outgoing("telegram", reply), to=Address("telegram", chat), language=language))[0]
        for chat, reply, language in (("1", feria, "es"), ("2", fair, "en"), ("3", feria, "es"), ("4", fair, "es"))
    ]

    assert [call["chat_id"] for call in told] == [1, 2, 3, 4]
    assert [call["text"] for call in told] == ["<b>Feria</b>", "<b>Fair</b>", "<b>Feria</b>", "<b>Fair</b>"]
    assert told[1]["reply_markup"] != told[2]["reply_markup"]
