"""The library: one unchanging snapshot of everything that Rumbo knows. Asking it costs a look-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.library.article import MAIN_LANGUAGE, Article
from bot.library.country import Country
from bot.library.datos import Datum
from bot.library.fairs import Fair
from bot.library.guided import Flow
from bot.library.offices import NOBODY, Office, Team
from bot.library.pais import NOWHERE
from bot.library.problems import Problem

Keyed = tuple[str, str]
"""(language, id)."""


@dataclass(frozen=True, slots=True)
class Library:
    """A snapshot. Where a translation is missing the Spanish one comes back: its `language` says so."""

    pages: Mapping[Keyed, Article] = field(default_factory=dict)  # the articles, drafts too, in menu order
    fairs: Mapping[Keyed, Fair] = field(default_factory=dict)
    flows: Mapping[Keyed, Flow] = field(default_factory=dict)
    datos: Mapping[str, Datum] = field(default_factory=dict)
    country: Country = NOWHERE
    places: tuple[Office, ...] = ()
    team: Team = NOBODY
    version: str = ""  # changes with any content file
    problems: Sequence[Problem] = ()
    topics: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The topics that have something to show, in menu order; their names are the wording keys `topic.<id>`."""

    def __post_init__(self) -> None:
        there = {article.topic for article in self.pages.values() if article.published}
        listed = [topic.id for topic in self.country.topics]
        shown = tuple(t for t in [*listed, *sorted(there.difference(listed))] if t in there)
        object.__setattr__(self, "topics", shown)

    def article(self, name: str, language: str = MAIN_LANGUAGE) -> Article | None:
        """The published article, in that language or else in Spanish."""
        found = self.pages.get((language, name)) or self.pages.get((MAIN_LANGUAGE, name))
        return found if found and found.published else None

    def flow(self, name: str, language: str = MAIN_LANGUAGE) -> Flow | None:
        """The published flow or checklist, in that language or else in Spanish."""
        found = self.flows.get((language, name)) or self.flows.get((MAIN_LANGUAGE, name))
        return found if found and found.published else None

    def fair(self, name: str, language: str = MAIN_LANGUAGE) -> Fair | None:
        """The fair of that id (`2026-12-05-comas`; a leading `ferias/` is allowed), also a past or cancelled one."""
        slug = name.rsplit("/", 1)[-1]
        return self.fairs.get((language, slug)) or self.fairs.get((MAIN_LANGUAGE, slug))

    def upcoming(self, now: datetime, region: str | None = None, language: str = MAIN_LANGUAGE) -> tuple[Fair, ...]:
        """The fairs that one can still go to, the next one first."""
        slugs = {slug for _, slug in self.fairs}
        fairs = [fair for slug in slugs if (fair := self.fair(slug, language)) and fair.announced and fair.end > now]
        wanted = [fair for fair in fairs if region is None or fair.region == region]
        return tuple(sorted(wanted, key=lambda fair: (fair.start, fair.id)))

    def in_topic(self, topic: str, language: str = MAIN_LANGUAGE) -> tuple[Article, ...]:
        """The published articles of a topic, in menu order."""
        return tuple(article for article in self.each(language) if article.topic == topic)

    def articles(self, language: str = MAIN_LANGUAGE) -> tuple[Article, ...]:
        """The published articles that are written in that language, in menu order; nothing in the place of others."""
        return tuple(page for page in self.pages.values() if page.language == language and page.published)

    def offices(self, region: str) -> tuple[Office, ...]:
        """Where people are attended in that region, the ones for everybody first."""
        return tuple(office for office in self.places if office.region == region)

    def each(self, language: str = MAIN_LANGUAGE) -> Iterator[Article]:
        """Every published article once, in that language or else in Spanish, in menu order."""
        for name in dict.fromkeys(name for _, name in self.pages):
            if article := self.article(name, language):
                yield article
