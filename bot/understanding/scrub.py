"""Takes out of a text what could name somebody, before it is kept as a question that we could not answer.

Numbers, addresses of all kinds, links, names that are introduced as names, capitalised words inside a sentence and
common given names go. It errs on the side of taking too much: what is kept must still say what was asked, not by whom.
"""

from __future__ import annotations

import re
import unicodedata

GAP = "…"
LONGEST = 200

_LINKS = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+|@\w+|\b[\w-]+\.(?:com|pe|org|net|ve|me|ly|gob)\b\S*", re.IGNORECASE
)
_STREETS = re.compile(
    r"\b(?:av|avenida|jr|jir[oó]n|calle|psje|pasaje|mz|manzana|lote|lt|urb|urbanizaci[oó]n|aa\.?hh|asentamiento|street)\b\.?"
    r"(?:\s+[\w.º°#-]+){1,4}",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(me llamo|mi nombre es|se llama|my name is|i am called|nombre|llamad[oa]|señora?|sra?|don|doña|doctora?|dra?)\b\.?"
    r"\s+(?:es\s+)?[\w'´-]+(?:\s+[A-ZÁÉÍÓÚÑ][\w'´-]+){0,3}",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\S*\d\S*")
_INNER_CAPITAL = re.compile(
    r"(?<=[\w,;:)] )[A-ZÁÉÍÓÚÑ][a-záéíóúñ'´-]+(?:\s+(?:de|del|la)\s+[A-ZÁÉÍÓÚÑ]\w+|\s+[A-ZÁÉÍÓÚÑ]\w+)*"
)
_GIVEN = frozenset(
    "jose maria juan luis carlos jesus pedro miguel angel jorge rafael manuel david daniel alejandro andres antonio "
    "francisco gabriel victor hector eduardo fernando ricardo roberto javier oscar julio cesar alberto enrique ana "
    "carmen rosa luisa elena isabel patricia gabriela daniela andrea alejandra carolina maria josefina yolanda "
    "yuleisy yusmary wilmer yorman jhon jonathan kevin brayan anderson franklin gregorio orlando nelson ramon simon "
    "valentina camila sofia lucia paola diana claudia monica sandra martha gloria teresa beatriz adriana mariana "
    "milagros karina vanessa jessica katherine stephany genesis oriana dayana yesenia marisol leidy wendy "
    "gonzalez rodriguez perez hernandez garcia martinez sanchez lopez diaz rojas ramirez torres gutierrez fernandez "
    "moreno castillo medina vargas mendoza quispe flores mamani chavez huaman".split()
)


def scrub(text: str) -> str:
    """The text without what could name somebody, one line, at most 200 characters."""
    out = _LINKS.sub(GAP, text)
    out = _STREETS.sub(GAP, out)
    out = _NAMED.sub(GAP, out)
    out = _NUMBERS.sub(GAP, out)
    out = _INNER_CAPITAL.sub(GAP, out)
    words = [GAP if _plain(word) in _GIVEN else word for word in out.split()]
    kept: list[str] = []
    for word in words:
        if word != GAP or kept[-1:] != [GAP]:
            kept.append(word)
    return " ".join(kept)[:LONGEST]


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in folded if letter.isalpha())
