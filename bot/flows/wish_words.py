"""Reads changes to a wish from plain words: "pausa 2 semanas", "cambia a Arequipa", "solo los lunes", "mínimo 1500".

Pure. It knows no region or sector by itself: the country file does.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot.choosing import fold
from bot.library.country import Country
from bot.person import Wish

_DAYS = {
    "lunes": 0, "martes": 1, "miercoles": 2, "jueves": 3, "viernes": 4, "sabado": 5, "sabados": 5, "domingo": 6, "domingos": 6,
    "monday": 0, "mondays": 0, "tuesday": 1, "tuesdays": 1, "wednesday": 2, "wednesdays": 2, "thursday": 3, "thursdays": 3,
    "friday": 4, "fridays": 4, "saturday": 5, "saturdays": 5, "sunday": 6, "sundays": 6,
}  # fmt: skip
_NUMBERS = {"un": 1, "una": 1, "a": 1, "one": 1, "dos": 2, "two": 2, "tres": 3, "three": 3, "cuatro": 4, "four": 4}
_SPAN = re.compile(
    r"(\d{1,2}|un|una|a|one|dos|two|tres|three|cuatro|four) (dia|dias|semana|semanas|mes|meses|day|days|week|weeks|month|months)"
)
_LONGEST_PAUSE = timedelta(days=180)
_PAUSE = re.compile(r"\b(?:pausa|pausar|pausame|pausalo|pausalas|pause|suspende|descansa)\b")
_RESUME = re.compile(r"\b(?:reanuda|reanudar|reactiva|reactivar|quita la pausa|resume|unpause|vuelve a mandarme)\b")
_MIN = re.compile(
    r"\b(?:minimo|desde|mas de|por lo menos|al menos|minimum|at least|from)\s+(?:s |soles )?(\d[\d ]{2,6})\b"
)
_CHANGE = re.compile(
    r"\b(?:cambia|cambiar|cambiame|cambialo|mueve|mudame|ahora (?:vivo|estoy) en|me mude a|change|switch|i moved to)\b"
)

_WISHING = r"(?:(?:ahora |mejor )?(?:quiero |busco |cambia a |cambiar a |me sirve |i want |change to )?(?:en )?)"
_ANY_WORK = re.compile(
    _WISHING
    + r"(?:cualquier (?:trabajo|sector|rubro|oficio|chamba)|todos los (?:trabajos|sectores|rubros)|todo tipo de trabajos?|any (?:job|work|sector)|all jobs)"
)
_ANYWHERE = re.compile(
    _WISHING
    + r"(?:todo el (?:peru|pais)|cualquier (?:region|lugar|parte|ciudad)|anywhere|any region|the whole country)"
)


def change(text: str, wish: Wish, country: Country, now: datetime) -> Wish | None:
    """The wish after these words; None when the words ask for no change that we are sure of."""
    said = fold(text)
    if len(said) > 80:
        return None
    if _PAUSE.search(said):
        return replace(wish, paused_until=now + _span(said))
    if _RESUME.search(said):
        return replace(wish, paused_until=None)
    return _rhythm(said, wish) or _pay(said, wish) or _mode(said, wish) or _place_or_sector(text, said, wish, country)


def _span(said: str) -> timedelta:
    found = _SPAN.search(said)
    if found is None:
        return timedelta(days=14)
    number = int(found[1]) if found[1].isdigit() else _NUMBERS[found[1]]
    unit = found[2]
    days = 30 if unit.startswith(("mes", "month")) else 7 if unit.startswith(("semana", "week")) else 1
    return min(timedelta(days=number * days), _LONGEST_PAUSE)


def _rhythm(said: str, wish: Wish) -> Wish | None:
    words = said.split()
    day = next((word for word in words if word in _DAYS), None)
    if day and re.search(r"\b(?:solo|solamente|los|cada|only|on|every)\b", said):
        return replace(wish, frequency="weekly", weekday=_DAYS[day])
    if re.search(r"\b(?:cada semana|una vez (?:a|por) la semana|semanal|semanalmente|weekly|once a week)\b", said):
        return replace(wish, frequency="weekly", weekday=0)
    if re.search(r"\b(?:cada dia|diario|diaria|diariamente|una vez al dia|daily|every day)\b", said):
        return replace(wish, frequency="daily", weekday=None)
    if re.search(r"\b(?:al momento|al toque|de inmediato|inmediato|enseguida|right away|at once|immediately)\b", said):
        return replace(wish, frequency="now", weekday=None)
    return None


def _pay(said: str, wish: Wish) -> Wish | None:
    if re.search(r"\b(?:cualquier sueldo|sin minimo|any pay|no minimum)\b", said):
        return replace(wish, min_pay=None)
    found = _MIN.search(said)
    amount = int(found[1].replace(" ", "")) if found else 0
    return replace(wish, min_pay=amount) if 100 <= amount <= 50_000 else None


def _mode(said: str, wish: Wish) -> Wish | None:
    modes = tuple(
        mode
        for mode, words in (
            ("remoto", r"\b(?:remoto|remotos|teletrabajo|desde casa|remote|from home)\b"),
            ("presencial", r"\b(?:presencial|presenciales|on site|in person)\b"),
            ("hibrido", r"\b(?:hibrido|hibridos|mixto|hybrid)\b"),
        )
        if re.search(words, said)
    )
    if re.search(r"\b(?:cualquier modalidad|any mode)\b", said):
        return replace(wish, modes=())
    return (
        replace(wish, modes=modes)
        if modes and re.search(r"\b(?:solo|solamente|only|prefiero|quiero|cambia)\b", said)
        else None
    )


def _place_or_sector(text: str, said: str, wish: Wish, country: Country) -> Wish | None:
    if _ANY_WORK.fullmatch(said):
        return replace(wish, sectors=())
    if _ANYWHERE.fullmatch(said):
        return replace(wish, regions=())
    if not _CHANGE.search(said):
        return None
    if re.search(r"\btodo el (?:peru|pais)\b|\bwhole country\b|\banywhere\b", said):
        return replace(wish, regions=())
    regions = find_regions(text, country)
    sectors = find_sectors(text, country)
    if not regions and not sectors:
        return None
    return replace(wish, regions=regions or wish.regions, sectors=sectors or wish.sectors)


def find_regions(text: str, country: Country) -> tuple[str, ...]:
    """The codes of every region that a text names: "Lima y Callao" is two."""
    parts = re.split(r",|;|/|\by\b|\be\b|\bo\b|\band\b|\bor\b", text, flags=re.IGNORECASE)
    found = (country.find_region(part) for part in parts if part.strip())
    return tuple(dict.fromkeys(region.code for region in found if region is not None))


def find_sectors(text: str, country: Country) -> tuple[str, ...]:
    """The ids of every kind of work that a text names."""
    return tuple(sector.id for sector in country.find_sectors(text))
