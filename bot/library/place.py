"""Where a content file stands, and what its path says it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from bot.library.article import LANGUAGES
from bot.library.fields import is_slug

FLOW = ".flow.yaml"
FAIR_TOPIC = "ferias"
_FAIR = re.compile(r"\d{4}-\d\d-\d\d-.+")


class What(StrEnum):
    """The kinds of content file."""

    ARTICLE = "article"
    FAIR = "fair"
    FLOW = "flow"
    DATOS = "datos"
    COUNTRY = "country"
    OFFICES = "offices"
    TEAM = "team"
    GLOSSARY = "glossary"
    WORDING = "wording"
    CONTROLS = "controls"
    VOCABULARY = "vocabulary"
    DANGER = "danger"
    OFFERS = "offers"
    VACANCIES = "vacancies"
    GAZETTEER = "gazetteer"
    RATES = "rates"
    MISPLACED = "misplaced"  # something that looks like content and stands where nobody reads it


AT_TOP: Mapping[str, What] = {
    "datos.yaml": What.DATOS,
    "pais.yaml": What.COUNTRY,
    "glosario.yaml": What.GLOSSARY,
    "oficinas.yaml": What.OFFICES,
    "equipo.yaml": What.TEAM,
    "controles.yaml": What.CONTROLS,
    "vocabulario.yaml": What.VOCABULARY,
    "peligro.txt": What.DANGER,
    "ofertas.yaml": What.OFFERS,
    "vacantes.yaml": What.VACANCIES,
    "lugares-peru.yaml": What.GAZETTEER,
    "tarifas.yaml": What.RATES,
}
"""The files that stand beside the folders of the languages."""


@dataclass(frozen=True, slots=True)
class Place:
    """A content file by its path relative to the content folder."""

    path: str
    what: What
    language: str = ""
    topic: str = ""
    slug: str = ""

    @property
    def id(self) -> str:
        """topic/slug, the same in every language."""
        return f"{self.topic}/{self.slug}"


def place_of(path: str) -> Place | None:
    """What that path is; None for files that are none of our business (notes, drafts)."""
    steps = PurePosixPath(path).parts
    name = steps[-1]
    if name.startswith((".", "~", "#")) or name.endswith("~"):
        return None
    if len(steps) == 1:
        return Place(path, AT_TOP[name]) if name in AT_TOP else None
    if steps[0] not in LANGUAGES:
        return None
    if len(steps) == 2 and name == "ui.po":
        return Place(path, What.WORDING, steps[0])
    if not name.endswith((".md", ".yaml", ".yml", ".markdown", ".txt")):
        return None
    if len(steps) != 3:
        return Place(path, What.MISPLACED, steps[0])
    return _article(path, steps[0], steps[1], name)


def _article(path: str, language: str, topic: str, name: str) -> Place:
    if name.endswith(FLOW):
        return Place(path, What.FLOW, language, topic, name.removesuffix(FLOW))
    slug, suffix = name.rsplit(".", 1)
    if suffix != "md":
        return Place(path, What.MISPLACED, language, topic, slug)
    what = What.FAIR if topic == FAIR_TOPIC and _FAIR.fullmatch(slug) else What.ARTICLE
    return Place(path, what, language, topic, slug)


def good_name(place: Place) -> bool:
    """Topic and slug can stand in an address: lower case, no accents, words joined by hyphens."""
    return is_slug(place.topic) and is_slug(place.slug)
