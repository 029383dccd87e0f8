"""Who stands behind an offer: a name one can ask for, or a door one can knock at.

A name is told by its capitals and by the words around it (a business, a verb of hiring, a legal form, an own domain).
The name of a place, a product or a paper does not count; the name of a person counts only where the employer is a household.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from bot.alerts.offer_text import OfferText, fold

_LEGAL = re.compile(
    r"\b(?:s\.? ?a\.? ?c\b|s\.a\.(?:a\.)?(?!\w)|sac\b|e\.?i\.?r\.?l\b|s\.?r\.?l\b|inc\b|ruc\W{0,3}(?:10|20)\d{9})"
)
_DOMAIN = re.compile(
    r"(?:https?://|www\.|@)?\b([a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:example|com\.pe|org\.pe|gob\.pe|edu\.pe|pe|com|org|net))\b"
)
_FREE = re.compile(
    r"gmail|hotmail|outlook|yahoo|live\.com|proton|icloud|whatsapp|wa\.me|facebook|instagram|tiktok|telegram|forms|google|youtube|linkedin|computrabajo|bumeran|mail\.com"
)
_DOOR = re.compile(
    r"\b(?:av|avda|avenida|jr|jiron|calle|psje|urb|prolongacion|malecon|carretera)\b\.? ?[a-z0-9]|\bpasaje (?:los|las|el|san|santa)\b|\bmz\.? ?\w+ ?(?:lt|lote)|"
    r"\bcerca (?:al?|del?)(?: la| los| las)? (?:parque|plaza|hospital|mercado|colegio|iglesia|estadio|grifo|metro|ovalo|comisaria|"
    r"municipalidad|posta|universidad|terminal|paradero|puente|mall|banco|real plaza|malecon)|"
    r"\bkm\.? ?\d|esquina (?:de|con)|(?:frente|al costado|a la espalda|espalda|al lado|a (?:media|una|\d) cuadras?) (?:a|al|de|del)\b|"
    r"\b(?:stand|puesto|tienda|counter|pabellon|oficina|of\.) ?(?:n[°ro.]* ?)?\d|\bpuerta \d|cuadra \d|\b\d{1,2} cuadra|local comunal|parque industrial|\bc\.?c\. |"
    r"(?:mercado|galeria|terminal|mall|losa|plaza de|plaza) [a-z0-9]|paradero central|plazuela"
)
_PICK_UP = re.compile(
    r"(?:recojo|recogemos|recoge|recoja|encontramos|vemos|nos juntamos|los llevo|llevamos|salida|salimos|sales|partimos|cita en|pasamos por|esperamos|espero|ven solo|traer|trae)"
    r"\b[^.;\n]{0,45}$"
)
_HIRES = re.compile(
    r" (?:(?:te|les|los|esta|estamos|nos|se) )?(?:busca|buscamos|necesita|contrata|requiere|solicita|ofrece|selecciona|convoca|convocan|informa|invita|coloca|abre|"
    r"esta contratando|is hiring|needs|seeks|paga|recluta|incorpora|capacita)\w{0,3}\b"
)
_TOKEN = re.compile(r"[^\W\d_][\w'’&.-]*[\w'’]|[^\W\d_]|&")
_PERSON_BEFORE = re.compile(
    r"(?:\b(?:soy|sra?|senora?|senorita|srta|ing|ingeniero|ingeniera|lic|licenciad[oa]|dra?|doctora?|dona?|chef|asistente|coordinadora?|con|contacto|hablar con|(?:contactar|escribir|llamar|escribe|llama|preguntar) a|pregunt\w+ (?:por|x)|"
    r"asesora?|tutora?|supervisora?|reclutadora?|i.m|call|llamo|patron|patrona|maestro|tio|tia|contratista|capitan|for|agente|miss|mister)\.?:? ?)$"
)
_HOUSEHOLD = re.compile(
    r"dental|consultorio|mi (?:casa|depa\w*|papa|mama|abuel\w+|hij\w+|bebe|esposo|familia|hogar|mascota)|mama de|cuidar|acompan|limpi|planch|ninera|nana|hogar|cocin|family|cats|housekeep|nanny|"
    r"departamento|bebe|jardin|pint|casa\b|senora sola"
)
_FAMILY = re.compile(r"(?:[Ff]amilia|[Ff]amily|[Tt]he) ([A-ZÁÉÍÓÚÑ]\w+)|the ([A-Z]\w+) family")
_TITLE = re.compile(r" [A-ZÁÉÍÓÚÑ][\w']+(?: (?:de |del |la |las |los |el |y )*[A-ZÁÉÍÓÚÑ][\w']+)+")
_OWNER = re.compile(r"(?:de|del) (?:la |el )?(?:don|dona|senora?|sr|sra|tia|tio)\.? [a-z]+")
_ARTICLES = frozenset({"El", "La", "Los", "Las", "Mi", "Don", "Doña"})
_BREAKS = frozenset('.!?;:\n,()"“”/|-')


@dataclass(frozen=True, slots=True)
class Names:
    """The word lists of the rules by which a name of a business is told from other words."""

    businesses: re.Pattern[str]
    places: frozenset[str]
    common: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """What an offer says about who stands behind it."""

    named: bool  # a firm, a shop, a household is named
    registered: bool  # with its legal form or its own site
    door: bool  # there is a place to walk to

    @property
    def known(self) -> bool:
        """Whether anybody could find who makes this offer."""
        return self.named or self.registered or self.door


def source(text: OfferText, names: Names) -> Source:
    """Who stands behind the offer, as far as its words tell."""
    registered = bool(_LEGAL.search(text.folded)) or _own_site(text.folded)
    named = _named(text, names) or _household(text, names)
    return Source(named, registered, _has_door(text))


def _own_site(folded: str) -> bool:
    return any(not _FREE.search(found[0]) for found in _DOMAIN.finditer(folded))


def _has_door(text: OfferText) -> bool:
    return any(
        not _PICK_UP.search(text.folded[max(0, door.start() - 60) : door.start()])
        for door in _DOOR.finditer(text.folded)
    )


def _household(text: OfferText, names: Names) -> bool:
    """A household counts as named by a family name, or by a first name together with a place."""
    if _FAMILY.search(text.written):
        return True
    if not _HOUSEHOLD.search(text.folded):
        return False
    person = any(_is_person(text, token) for token in _TOKEN.finditer(text.written) if token[0][0].isupper())
    return person and (_has_door(text) or any(len(word) > 3 and word in names.places for word in _runs(text.folded)))


def _runs(folded: str) -> Collection[str]:
    words = re.findall(r"[a-z]+", folded)
    return {
        *words,
        *(" ".join(pair) for pair in pairwise(words)),
        *(" ".join(three) for three in zip(words, words[1:], words[2:], strict=False)),
    }


def _is_person(text: OfferText, token: re.Match[str]) -> bool:
    return bool(_PERSON_BEFORE.search(text.folded[max(0, token.start() - 22) : token.start()]))


def _named(text: OfferText, names: Names) -> bool:
    letters = [letter for letter in text.written if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    if not letters or capitals < 3 or capitals > len(letters) * 0.5:
        return _named_by_business(text, names, loud=True)
    return _named_by_business(text, names, loud=False) or _named_by_capitals(text, names)


def _named_by_business(text: OfferText, names: Names, *, loud: bool) -> bool:
    """«pollería Rico Rico», «hotel de la señora Irma»; in a text without capitals any word that is not a common one."""
    for business in names.businesses.finditer(text.folded):
        after = text.folded[business.end() : business.end() + 60]
        if _OWNER.match(after.lstrip()) or re.match(r"[^.;\n]{0,12}(?:se llama|llamad[oa]) \w", after):
            return True
        if not loud and _TITLE.match(text.written, business.end()) and _proper(business.group()):
            return True
        for offset, token in enumerate(_TOKEN.finditer(text.written, business.end(), business.end() + 60)):
            gap = text.written[business.end() : token.start()]
            if offset > (3 if loud else 5) or re.search(r"[.;!?\n]|," if loud else r"[;!?\n]|\.\s", gap):
                break
            word = token[0]
            if (
                (loud or word[0].isupper())
                and _uncommon(word, names)
                and not (loud and offset > _reach(business.group()))
            ):
                return True
    return False


def _reach(business: str) -> int:
    """How many words after it may be a name where capitals tell nothing: «empresa del sector…» names nobody."""
    return 2 if _proper(business) else 0


def _proper(business: str) -> bool:
    """Whether a name of several capitals right after this word is surely its name, even one made of places and common words."""
    return business not in {
        "empresa",
        "agencia",
        "compania",
        "puesto de",
        "stand de",
        "centro",
        "mercado",
        "planta",
        "agua",
        "gas",
        "caja",
        "playa",
    }


def _named_by_capitals(text: OfferText, names: Names) -> bool:
    for run in _capital_runs(text):
        odd = any(_uncommon(token[0], names) for token in run) or (
            len(run) >= 3 and any(token[0] in _ARTICLES for token in run)
        )
        if not odd or _place_run(run, names) or _is_person(text, run[0]):
            continue
        if _HIRES.match(text.folded, run[-1].end()):
            return True
        starts = _starts(text.written, run[0].start())
        ends = _ends(text.written, run[-1].end())
        if len(run) >= 2 or (not starts) or (starts and ends) or _camel(run[0][0]):
            return True
    return False


def _capital_runs(text: OfferText) -> list[list[re.Match[str]]]:
    """Neighbouring words with capitals (small link words between them allowed)."""
    runs: list[list[re.Match[str]]] = []
    last: re.Match[str] | None = None
    for token in _TOKEN.finditer(text.written):
        if not token[0][0].isupper() and token[0] != "&":
            continue
        between = text.written[last.end() : token.start()] if last else ""
        if last and re.fullmatch(
            r"\s|\s?(?:de|del|la|las|los|el|y|e|&|d)\s|\s(?:de|del|y) (?:la|las|los|el)\s", between
        ):
            runs[-1].append(token)
        else:
            runs.append([token])
        last = token
    return runs


def _place_run(run: list[re.Match[str]], names: Names) -> bool:
    words = [fold(token[0]) for token in run]
    return " ".join(words) in names.places or all(word in names.places for word in words)


def _uncommon(word: str, names: Names) -> bool:
    plain = fold(word).strip(".'’-")
    return (
        len(plain) > 2
        and plain not in names.common
        and plain not in names.places
        and plain.rstrip("s") not in names.common
    )


def _starts(written: str, at: int) -> bool:
    before = written[:at].rstrip(" ")
    return not before or before[-1] in _BREAKS or not (before[-1].isalnum() or before[-1] in "&'")


def _ends(written: str, at: int) -> bool:
    after = written[at:].lstrip(" ")
    return not after or after[0] in _BREAKS or not (after[0].isalnum() or after[0] in "&'")


def _camel(word: str) -> bool:
    return any(letter.isupper() for letter in word[1:]) and not word.isupper()
