"""An article: what Rumbo answers with, and where it was taken from. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SECTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("requisitos", {"es": "Requisitos", "en": "Requirements"}),
    ("pasos", {"es": "Pasos", "en": "Steps"}),
    ("costo", {"es": "Costo", "en": "Cost"}),
    ("tiempo", {"es": "Tiempo", "en": "Time"}),
    ("donde", {"es": "Dónde", "en": "Where"}),
    ("ojo", {"es": "Ojo", "en": "Careful"}),
)
"""The sections an article may have, in their order, with the heading that each language of the files uses."""

SECTION_KEYS = tuple(key for key, _ in SECTIONS)
LANGUAGES = ("es", "en")
MAIN_LANGUAGE = "es"
"""The language that every article has; the others are translations of it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so. `as_of` is as exact as it is known: YYYY, YYYY-MM or YYYY-MM-DD."""

    name: str
    url: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an article that is shown on demand."""

    key: str  # requisitos, pasos, costo, tiempo, donde, ojo
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """That a person of the NGO confirmed the article, and when."""

    on: date
    by: str


@dataclass(frozen=True, slots=True)
class Article:
    """One answer with its sources. In a `Library` the values of `datos.yaml` are already filled in."""

    id: str  # topic/slug, as in the catalogue
    topic: str
    slug: str
    language: str
    title: str
    label: str  # on a button
    questions: tuple[str, ...]
    keywords: tuple[str, ...]
    sources: tuple[Source, ...]  # the first one is shown under the answer
    verified: Verified | None
    review_by: date
    regions: tuple[str, ...]  # empty: the whole country
    related: tuple[str, ...]
    status: str  # published, draft
    summary: str
    sections: tuple[Section, ...]
    translates: str  # hash of the Spanish file that this is a translation of
    path: str  # relative to the content folder
    hash: str  # changes when a translator would have work to do
    official: str = ""  # the address to look at when the article is old

    def section(self, key: str) -> Section | None:
        """The section of that name, or None."""
        return next((section for section in self.sections if section.key == key), None)

    @property
    def published(self) -> bool:
        """It may be shown to people."""
        return self.status == "published"


def heading(key: str, language: str) -> str:
    """How that section is headed in the files of that language."""
    return dict(SECTIONS)[key].get(language, key)
