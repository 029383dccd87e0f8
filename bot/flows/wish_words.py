"""Reads changes to a wish from plain words: "pausa 2 semanas", "agrega Cusco", "solo los lunes", "mínimo 1500".

Pure. It knows no region or sector by itself: the country file does. A word that is negated never does what it names,
and what we cannot do is not turned into something near it: the reader says what is possible.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.choosing import fold
from bot.flows.fair_words import fairs_in
from bot.flows.pause_words import pause
from bot.flows.rhythm_words import Rhythm, days_in, rhythm_in
from bot.flows.wish_around import nothing_else
from bot.library.country import Country
from bot.person import Wish

LONGEST = 140
"""Characters in which somebody changes a wish; more of them tell a story."""

RHYTHM = "alerts.note.rhythm"
UNCHANGED = "alerts.note.unchanged"
ALREADY = "alerts.note.already"

_CLAUSES = re.compile(r"[;\n]|[,.](?!\d)|\b(?:pero|sino|mejor|but|rather|instead)\b", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:no|nunca|jam[aá]s|ni|tampoco|don'?t|not|never)\b", re.IGNORECASE)
_STILL_POSITIVE = re.compile(r"\bno (?:menos|minimum|fairs|english|mas pausa)\b")
_PAUSE = re.compile(r"\b(?:en pausa|pausa|pausar|pausame|pausalo|pausalas|pausen|pause|suspende|suspender|descansa)\b")
_RESUME = re.compile(
    r"\b(?:reanuda|reanudar|reactiva|reactivar|resume|unpause|vuelve a mandarme"
    r"|(?:quita|saca|termina|fin de|sin|no mas|ya no)(?: \w+){0,2} pausa)\b"
)
_MIN = re.compile(
    r"\b(?:minimo|desde|mas de|por lo menos|al menos|por encima de|arriba de|a partir de|superior(?:es)? a|mayor(?:es)? a"
    r"|no menos de|que paguen|minimum|at least|from|above|over|more than)\s+(?:de )?(?:s |soles )?(\d[\d ]{2,6})\b"
)
_REPLACE = re.compile(
    r"\b(?:cambia|cambiar|cambiame|cambialo|cambialos|mueve|mudame|ahora (?:vivo|estoy) en|me mude a|change|switch|i moved to)\b"
)
_ADD = re.compile(
    r"\b(?:agrega|agregar|agregame|agreguen|anade|anadir|anademe|suma|sumar|sumale|incluye|incluir|aumenta|aumentar"
    r"|tambien|ademas|add|include|also|too|as well)\b"
)
_REMOVE = re.compile(
    r"\b(?:quita|quitar|quitame|quiten|saca|sacar|sacame|elimina|eliminar|excluye|menos|sin|remove|drop|without|except)\b"
)
_UNWANTED = re.compile(
    r"\bno (?:me )?(?:quiero|mandes|manden|envies|envien|interesa|interesan|busco|want|send)|\b(?:dont|don t) (?:want|send)"
)
_ONLY = re.compile(r"^(?:(?:ahora |mejor )?quiero |i want )?(?:solo|solamente|unicamente|only|just)\b")
_ANY_WORK = re.compile(
    r"\b(?:cualquier (?:trabajo|sector|rubro|oficio|chamba|puesto|cosa)|todos los (?:trabajos|sectores|rubros|oficios)"
    r"|todo tipo de trabajos?|de todo|any (?:job|work|sector)|all jobs)\b"
)
_ANYWHERE = re.compile(
    r"\b(?:todo el (?:peru|pais)|cualquier (?:region|lugar|parte|ciudad|lado|sitio)|todas partes|todos lados|donde sea"
    r"|anywhere|any region|any place|the whole country|everywhere)\b"
)
_ANY_AROUND = re.compile(
    r"(?:ahora|mejor|quiero|busco|cambia|cambiar|me|sirve|i|want|change|to|in|en|a|de|por|los|avisos|solo|y)"
)
_STEPS = {
    "region": r"(?:region|regiones|ciudad|ciudades|zona|departamento|city|region|place)",
    "sector": r"(?:sector|sectores|rubro|rubros|oficio|oficios|tipo de trabajo|kind of work|sector)",
    "rhythm": r"(?:frecuencia|el dia|los dias|dia|dias|ritmo|cada cuanto|frequency|day|days|how often)",
}
_STEP = {
    step: re.compile(
        r"(?:(?:quiero|quisiera|puedo|i want to|can i) )?(?:cambia|cambiar|cambiame|cambio|modifica|modificar|change)"
        rf"(?: de| la| el| mi| mis| las| los| my| the)* {words}(?: de (?:los |mis )?avisos)?"
    )
    for step, words in _STEPS.items()
}  # fmt: skip
_ENGLISH, _SPANISH = re.compile(r"\b(?:ingles|english)\b"), re.compile(r"\b(?:espanol|castellano|spanish)\b")
_OF_WORK = re.compile(r"\b(?:vacantes?|ofertas?|trabajos?|empleos?|puestos?|chambas?|jobs?|vacanc\w+|openings?)\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """What words ask of a wish."""

    wish: Wish | None = None  # the wish after them; None: it stays as it is
    note: str = ""  # what is to be said besides: what we did not understand or cannot do
    step: str = ""  # the question that is to be asked: region, sector, rhythm
    days: tuple[int, ...] = ()  # days of the week that were named
    fairs: str = ""  # yes, no, only


def asked(text: str, wish: Wish, country: Country, now: datetime) -> Asked | None:
    """What these words ask of the wish; None when they ask for nothing that we are sure of."""
    said = fold(text)
    if not said or len(said) > LONGEST or said.startswith(("por que ", "porque ", "why ")):
        return None
    fairs = fairs_in(said)
    if fairs:
        return Asked(fairs=fairs)
    if not _NEGATED.search(text) or _STILL_POSITIVE.search(said):
        return _clause(text, said, wish, country, now)
    return _with_negation(text, wish, country, now)


def _with_negation(text: str, wish: Wish, country: Country, now: datetime) -> Asked | None:
    """Clause by clause: what is negated is at most taken out of the wish; the rest does what it says."""
    result = wish
    refused: Asked | None = None
    parts = [(_NEGATED.search(part) is not None, part) for part in _CLAUSES.split(text) if part.strip()]
    for negated, part in sorted(parts, key=lambda one: one[0]):  # what is added first: then something is left
        said = fold(part)
        found = _unwanted(part, said, result, country) if negated else _clause(part, said, result, country, now)
        if negated and found is None and nothing_else(part, country) and _would_change(part, said, wish, country, now):
            refused = Asked(note=RHYTHM if days_in(said) else UNCHANGED)
        if found is not None and found.wish is not None:
            result = found.wish
        elif found is not None:
            refused = found
    return Asked(result) if result != wish else refused


def _would_change(part: str, said: str, wish: Wish, country: Country, now: datetime) -> bool:
    """Whether the words, negated, speak of the wish at all."""
    bare = re.sub(
        r"\b(?:quiero|me|mandes|manden|envies|envien|escribas|escriban|avises|avisen|send|write|want)\b", " ", said
    )
    found = _clause(part, said, wish, country, now) or _clause(
        part, f"solo {' '.join(bare.split())}", wish, country, now
    )
    return found is not None


def _unwanted(part: str, said: str, wish: Wish, country: Country) -> Asked | None:
    """`ya no quiero limpieza`: out with it, when it is in the wish."""
    if "pausa" in said and _RESUME.search(said):
        return Asked(replace(wish, paused_until=None))
    if _ENGLISH.search(said) and _OF_WORK.search(said):
        return Asked(replace(wish, languages=("es",)))
    regions, sectors = find_regions(part, country), find_sectors(part, country)
    if not _UNWANTED.search(said) or not (set(regions) & set(wish.regions) or set(sectors) & set(wish.sectors)):
        return None
    return _less(wish, regions, sectors)


def _clause(text: str, said: str, wish: Wish, country: Country, now: datetime) -> Asked | None:
    if _RESUME.search(said):
        return Asked(replace(wish, paused_until=None))
    if _PAUSE.search(said):
        until, note = pause(said, now, country.zone)
        return Asked(replace(wish, paused_until=until), note)
    for step, words in _STEP.items():
        if words.fullmatch(said):
            return Asked(step=step)
    only = nothing_else(text, country)
    rhythm = rhythm_in(said) if only else None
    if rhythm is not None and not rhythm.possible:
        return Asked(note=RHYTHM, days=rhythm.days)
    changed = wish if rhythm is None else _with_rhythm(wish, rhythm)
    if spoken := _language(said, changed):
        return Asked(spoken)
    if only or _REPLACE.search(said):
        changed = _pay(said, changed) or changed
    changed = _mode(said, changed) or changed
    if changed != wish or (rhythm is not None and rhythm.possible):
        placed = _places(text, said, changed, country)
        return placed if placed is not None and placed.wish is not None else Asked(changed)
    return _places(text, said, wish, country)


def _with_rhythm(wish: Wish, rhythm: Rhythm) -> Wish:
    return replace(wish, frequency=rhythm.frequency, weekday=rhythm.weekday)


def _pay(said: str, wish: Wish) -> Wish | None:
    if re.search(r"\b(?:cualquier sueldo|sin minimo|any pay|no minimum)\b", said):
        return replace(wish, min_pay=None)
    amount = pay_in(said)
    return replace(wish, min_pay=amount) if amount else None


def pay_in(said: str) -> int | None:
    """The least pay that these folded words ask for."""
    found = _MIN.search(said)
    amount = int(found[1].replace(" ", "")) if found else 0
    return amount if 100 <= amount <= 50_000 else None


def _mode(said: str, wish: Wish) -> Wish | None:
    if re.search(r"\b(?:cualquier modalidad|any mode)\b", said):
        return replace(wish, modes=())
    modes = modes_in(said)
    wished = modes and re.search(r"\b(?:solo|solamente|only|prefiero|quiero|cambia)\b", said)
    return replace(wish, modes=modes) if wished else None


def modes_in(said: str) -> tuple[str, ...]:
    """The ways of working that these folded words name."""
    return tuple(
        mode
        for mode, words in (
            ("remoto", r"\b(?:remoto|remotos|teletrabajo|desde casa|remote|from home)\b"),
            ("presencial", r"\b(?:presencial|presenciales|on site|in person)\b"),
            ("hibrido", r"\b(?:hibrido|hibridos|mixto|hybrid)\b"),
        )
        if re.search(words, said)
    )


def _language(said: str, wish: Wish) -> Wish | None:
    """Jobs that ask for English, or none of them: `vacantes en inglés también`, `solo vacantes en español`."""
    english, spanish = _ENGLISH.search(said), _SPANISH.search(said)
    verb = _ADD.search(said) or _REMOVE.search(said)
    if len(said.split()) > 9 or not (english or spanish) or not (_OF_WORK.search(said) or verb):
        return None
    without = not english or _REMOVE.search(said) or "no english" in said
    return replace(wish, languages=("es",) if without else ("es", "en"))


def _places(text: str, said: str, wish: Wish, country: Country) -> Asked | None:
    if any_in(_ANY_WORK, said):
        return Asked(replace(wish, sectors=()))
    if any_in(_ANYWHERE, said):
        return Asked(replace(wish, regions=()))
    regions, sectors = find_regions(text, country), find_sectors(text, country)
    if not regions and not sectors:
        return None
    if _REPLACE.search(said):
        return Asked(replace(wish, regions=regions or wish.regions, sectors=sectors or wish.sectors))
    if not nothing_else(text, country):
        return None
    if _REMOVE.search(said):
        return _less(wish, regions, sectors)
    if _ADD.search(said):
        return _more(wish, regions, sectors)
    if _ONLY.search(said):
        return Asked(replace(wish, regions=regions or wish.regions, sectors=sectors or wish.sectors))
    return None


def any_in(words: re.Pattern[str], said: str) -> bool:
    """The text says any of them, and at most that somebody wants it."""
    found = words.search(said)
    return found is not None and all(
        _ANY_AROUND.fullmatch(word) for word in (said[: found.start()] + said[found.end() :]).split()
    )


def _more(wish: Wish, regions: Sequence[str], sectors: Sequence[str]) -> Asked:
    """Nothing is added to everywhere, or to any work: it is in there already."""
    both = replace(
        wish,
        regions=tuple(dict.fromkeys((*wish.regions, *regions))) if wish.regions else (),
        sectors=tuple(dict.fromkeys((*wish.sectors, *sectors))) if wish.sectors else (),
    )
    return Asked(both) if both != wish else Asked(note=ALREADY)


def _less(wish: Wish, regions: Sequence[str], sectors: Sequence[str]) -> Asked:
    """What is left; when nothing would be, that would be everywhere: so it is asked."""
    if (regions and not wish.regions) or (sectors and not wish.sectors):
        return Asked(step="region" if regions and not wish.regions else "sector", note="alerts.note.all")
    left = replace(
        wish,
        regions=tuple(code for code in wish.regions if code not in regions),
        sectors=tuple(name for name in wish.sectors if name not in sectors),
    )
    if left == wish:
        return Asked(note="alerts.note.not_in")
    if wish.regions and not left.regions:
        return Asked(step="region", note="alerts.note.last")
    if wish.sectors and not left.sectors:
        return Asked(step="sector", note="alerts.note.last")
    return Asked(left)


def told(text: str, country: Country, *, alone: bool = False) -> Mapping[str, Any]:
    """What a text says of a wish that is being made, under the short names that the sign-up keeps.

    `alone`: the text answers the question how often, so that `lunes` is enough.
    """
    if _NEGATED.search(text):
        text = " ".join(part for part in _CLAUSES.split(text) if not _NEGATED.search(part))
    said = fold(text)
    if (spoken := _language(said, Wish())) is not None:
        return {"l": list(spoken.languages)}
    found: dict[str, Any] = {}
    if regions := find_regions(text, country):
        found["r"] = list(regions)
    elif any_in(_ANYWHERE, said):
        found["r"] = []
    if sectors := find_sectors(text, country):
        found["s"] = list(sectors)
    elif any_in(_ANY_WORK, said):
        found["s"] = []
    rhythm = rhythm_in(said, alone=alone)
    if rhythm is not None and rhythm.possible:
        found |= {"f": rhythm.frequency, "d": rhythm.weekday}
    if amount := pay_in(said):
        found["p"] = amount
    if modes := modes_in(said):
        found["m"] = list(modes)
    return found


def find_regions(text: str, country: Country) -> tuple[str, ...]:
    """The codes of every region that a text names: "Lima y Callao" is two. A number names none."""
    parts = re.split(r",|;|/|\by\b|\be\b|\bo\b|\band\b|\bor\b", text, flags=re.IGNORECASE)
    found = (country.find_region(part) for part in parts if any(letter.isalpha() for letter in part))
    return tuple(dict.fromkeys(region.code for region in found if region is not None))


def find_sectors(text: str, country: Country) -> tuple[str, ...]:
    """The ids of every kind of work that a text names."""
    return tuple(sector.id for sector in country.find_sectors(text))
