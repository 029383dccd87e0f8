"""Where a person can go or write: offices by region, and the team behind the assistant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.library.article import LANGUAGES, MAIN_LANGUAGE
from bot.library.fields import Fields
from bot.library.problems import Notes
from bot.library.tree import read_yaml


@dataclass(frozen=True, slots=True)
class Office:
    """One office that a source names. Addresses and hours change: whoever shows it shows `as_of` too."""

    region: str  # two-digit code
    name: str
    address: str
    source: str  # who says so, short
    as_of: str
    phone: str = ""
    open: Mapping[str, str] = field(default_factory=dict)  # language -> hours in words
    url: str = ""
    district: str = ""
    topics: tuple[str, ...] = ()  # ids of the articles that it serves
    notes: Mapping[str, str] = field(default_factory=dict)  # language -> what to know before going

    def note(self, language: str) -> str:
        """What to know before going there; "" when there is nothing."""
        return self.notes.get(language) or self.notes.get(MAIN_LANGUAGE, "")

    def hours(self, language: str) -> str:
        """When it is open, in words; "" when no source says."""
        return self.open.get(language) or self.open.get(MAIN_LANGUAGE, "")


@dataclass(frozen=True, slots=True)
class Team:
    """The people behind the assistant. Empty until the NGO has written itself into `equipo.yaml`."""

    contact: str = ""
    open: Mapping[str, str] = field(default_factory=dict)

    def hours(self, language: str) -> str:
        """When somebody answers, in words; "" when nobody has said."""
        return self.open.get(language) or self.open.get(MAIN_LANGUAGE, "")


NOBODY = Team()


def read_offices(text: str, notes: Notes) -> tuple[Office, ...]:
    """The offices of a file: a list under `offices`."""
    tree = read_yaml(text, notes)
    if tree is None:
        return ()
    fields = Fields(tree, notes)
    fields.only(("offices",))
    return tuple(_office(row) for row in fields.rows("offices", empty=True))


def read_team(text: str, notes: Notes) -> Team:
    """The team of a file."""
    tree = read_yaml(text, notes)
    if tree is None:
        return NOBODY
    fields = Fields(tree, notes)
    fields.only(("contact", "hours"))
    return Team(fields.text("contact", empty=True), _said(fields, "hours"))


def _office(row: Fields) -> Office:
    row.only(("region", "name", "address", "source", "as_of"), ("phone", "hours", "url", "district", "topics", "note"))
    return Office(
        region=row.text("region"),
        name=row.text("name"),
        address=row.text("address"),
        source=row.text("source"),
        as_of=row.as_of("as_of"),
        phone=row.text("phone", empty=True),
        open=_said(row, "hours"),
        district=row.text("district", empty=True),
        topics=row.texts("topics", empty=True),
        notes=_said(row, "note"),
        url=row.url("url"),
    )


def _said(fields: Fields, name: str) -> dict[str, str]:
    inner = fields.child(name)
    if inner is None:
        return {}
    inner.only((MAIN_LANGUAGE,), tuple(language for language in LANGUAGES if language != MAIN_LANGUAGE))
    return {language: inner.text(language, empty=True) for language in LANGUAGES}
