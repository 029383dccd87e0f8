"""Our small Markdown on each platform: looks right, and never breaks, whatever somebody typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import formatting
from tests.telegram_rules import parsed

HOSTILE = st.text(alphabet=st.sampled_from("ab <>&*_[]()`~\"'\n-1.:/hé🙂\ud800\x00"), max_size=400) | st.text(
    max_size=200
)
WELL_KNOWN = "**Costo:** S/ 49.90\n- pasaporte\n- [cita](https://citas.example/a?b=1&c=2)\n1. paso"

CASES = [
    ("bold and lists", "**a** b\n- c\n* d\n1. e", "<b>a</b> b\n• c\n• d\n1. e", "*a* b\n• c\n• d\n1. e"),
    ("a link", "[cita](https://x.pe/a?b&c)", '<a href="https://x.pe/a?b&amp;c">cita</a>', "cita: https://x.pe/a?b&c"),
    (
        "a link that is its own label",
        "[https://x.pe](https://x.pe)",
        '<a href="https://x.pe">https://x.pe</a>',
        "https://x.pe",
    ),
    ("a link in bold", "**[a](https://x.pe)**", '<b><a href="https://x.pe">a</a></b>', "*a: https://x.pe*"),
    ("bold in a link", "[**a**](https://x.pe)", '<a href="https://x.pe"><b>a</b></a>', "*a*: https://x.pe"),
    ("a telephone", "[llama al 100](tel:100)", "llama al 100", "llama al 100"),
    ("a script", "[x](javascript:alert(1))", "[x](javascript:alert(1))", "[x](javascript:alert(1))"),
    ("tags", "<b>&**__", "&lt;b&gt;&amp;**__", "<b>&**__"),
    ("crossed", "**a [b**c](https://x.pe)", "<b>a [b</b>c](https://x.pe)", "*a [b*c](https://x.pe)"),
    ("stars in a sum", "2 ** 3 ** 4", "2 ** 3 ** 4", "2 ** 3 ** 4"),
]


@pytest.mark.parametrize(("label", "text", "html", "whatsapp"), CASES, ids=[case[0] for case in CASES])
def test_our_markdown_is_dressed_for_each_platform(label: str, text: str, html: str, whatsapp: str):
    assert formatting.to_html(text) == html
    assert formatting.to_whatsapp(text) == whatsapp


@given(HOSTILE)
def test_telegram_never_refuses_our_html(text: str):
    shown = parsed(formatting.to_html(text), "HTML", 100_000)

    assert shown == formatting.shown_on_telegram(text)


@given(HOSTILE, st.integers(min_value=5, max_value=60))
def test_a_cut_text_loses_no_word_and_no_piece_is_too_long(text: str, limit: int):
    text = formatting.clean(text)

    pieces = formatting.split(text, limit)

    assert all(len(piece) <= limit for piece in pieces)
    whole = "".join(formatting.to_plain("".join(pieces)).replace("*", "").split())
    if not set("[]()*") & set(text):
        assert whole == "".join(text.split())


@given(HOSTILE, st.integers(min_value=5, max_value=60))
def test_a_cut_text_fits_telegram_as_it_counts(text: str, limit: int):
    def measure(piece: str) -> int:
        return formatting.utf16(formatting.shown_on_telegram(piece))

    assert all(measure(piece) <= limit for piece in formatting.split(formatting.clean(text), limit, measure))


def test_a_text_is_cut_between_paragraphs_first_then_lines_then_words():
    text = "uno dos\n\ntres cuatro\ncinco\n\nseis siete ocho nueve"

    assert formatting.split(text, 18) == ["uno dos", "tres cuatro\ncinco", "seis siete ocho", " nueve"]


def test_short_text_is_left_alone():
    assert formatting.split(WELL_KNOWN, 1024) == [WELL_KNOWN]
    assert formatting.shorten("Requisitos", 10) == "Requisitos"
    assert formatting.shorten("Requisitos y más", 10) == "Requisito…"
