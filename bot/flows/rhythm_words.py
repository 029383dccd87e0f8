"""How often somebody wants to be told: "cada día", "los viernes", "apenas salga"; and what nobody can have.

Pure. "Solo miércoles y viernes" or "cada quince días" is no rhythm that we have: it is said, never rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DAYS = {
    word: number
    for number, words in enumerate(
        (
            "lunes monday mondays", "martes tuesday tuesdays", "miercoles wednesday wednesdays",
            "jueves thursday thursdays", "viernes friday fridays", "sabado sabados saturday saturdays",
            "domingo domingos sunday sundays",
        )
    )
    for word in words.split()
}  # fmt: skip
_NOT_NEWS = re.compile(
    r"\b(?:pagan|pagaron|paga|pagar|cobro|cobra|cobran|cobrar|sueldo|salario|descuent\w+|descansos?|jornada|turnos?|feriados?|paid|salary)\b"
    r"|^(?:yo )?trabaj(?:o|amos|e|aba)\b"
)
_DAY = re.compile(r"\b(?:solo|solamente|unicamente|los|cada|only|on|every)\b")
_WEEKLY = re.compile(
    r"\b(?:cada semana|todas las semanas|una vez (?:a|por) la semana|una vez por semana|semanal|semanales|semanalmente|weekly|once a week|every week)\b"
)
_DAILY = re.compile(
    r"\b(?:cada dia|todos los dias|a diario|diario|diarios|diaria|diarias|diariamente|(?:una|1) vez (?:al|por|cada) dia|daily|every day|once a day|each day)\b"
)
_NOW = re.compile(
    r"\b(?:al momento|al toque|al instante|de inmediato|inmediato|inmediatamente|enseguida|right away|at once|immediately|instantly)\b"
    r"|^(?:avisame )?(?:apenas|cuando|en cuanto|ni bien|siempre que|as soon as|when|whenever) (?:salgan?|haya|hayan|llegue|lleguen|aparezcan?|there is|there are)"
    r"(?: algo| una?| trabajos?| vacantes?| uno| something| one| a job)*$"
)
_NONE_OF_OURS = re.compile(
    r"\b(?:cada|every) (?:\d+|dos|tres|cuatro|cinco|diez|quince|veinte|two|three|other|few) (?:dias?|semanas?|horas?|meses|days?|weeks?|hours?|months?)\b"
    r"|\b(?:quincenal|quincenalmente|cada quincena|cada hora|cada mes|mensual|mensualmente|una vez al mes|interdiario|dia por medio|un dia si)\b"
    r"|\b(?:dos|2|tres|3|varias) veces (?:a|por|al) (?:la )?(?:semana|dia|mes)\b|\b(?:entre semana|fin de semana|fines de semana|lunes a (?:viernes|sabado))\b"
    r"|\b(?:every hour|hourly|every month|monthly|once a month|twice a (?:day|week|month)|fortnightly|biweekly|weekends|weekdays)\b"
)
_ABOUT_NEWS = re.compile(
    r"\b(?:avis\w*|mand\w+|envi\w+|escrib\w+|alertas?|solo|quiero|prefiero|mejor|cambia\w*|send|write|alerts?|only|want)\b"
)
_SHORT = 4


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often; not `possible` when we have no such rhythm."""

    frequency: str = ""
    weekday: int | None = None
    possible: bool = True
    days: tuple[int, ...] = ()


def days_in(said: str) -> tuple[int, ...]:
    """The days of the week that folded words name, 0 for Monday."""
    return tuple(dict.fromkeys(_DAYS[word] for word in said.split() if word in _DAYS))


def rhythm_in(said: str, *, alone: bool = False) -> Rhythm | None:
    """The rhythm that folded words ask for. `alone`: they answer the question how often."""
    if _NOT_NEWS.search(said):
        return None
    days = days_in(said)
    if _NONE_OF_OURS.search(said):
        short = alone or len(said.split()) <= _SHORT or _ABOUT_NEWS.search(said)
        return Rhythm(possible=False, days=days) if short else None
    if days and (alone or _DAY.search(said)):
        return Rhythm("weekly", days[0], days=days) if len(days) == 1 else Rhythm(possible=False, days=days)
    if _WEEKLY.search(said):
        return Rhythm("weekly", 0)
    if _DAILY.search(said):
        return Rhythm("daily")
    return Rhythm("now") if _NOW.search(said) else None
