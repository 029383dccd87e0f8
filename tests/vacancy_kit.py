"""What the tests of vacancies share: the reader with the real word lists, and vacancies with defaults."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from bot.alerts.postings import Reader
from bot.alerts.trust import TrustGate
from bot.alerts.vacancy import Vacancy

CONTENT = Path(__file__).resolve().parent.parent / "content"
MINIMUM_WAGE = 1130.0


@cache
def reader() -> Reader:
    words, places = ((CONTENT / name).read_text("utf-8") for name in ("vacantes.yaml", "lugares-peru.yaml"))
    return Reader.of(words, places, MINIMUM_WAGE, "America/Lima")


@cache
def gate() -> TrustGate:
    return TrustGate.from_rules((CONTENT / "ofertas.yaml").read_text("utf-8"))


def vacancy(**given) -> Vacancy:
    return Vacancy(
        **({"partner": "bolsa", "identifier": "a1", "id": "1", "title": "Mozo", "employer": "Bar Norte"} | given)
    )


def folded(text):
    """Texts are compared without regard to case, accents and blanks."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
