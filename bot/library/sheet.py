"""One content file as it was read: its place, its text, what it says and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.library.country import Country
from bot.library.datos import Datum
from bot.library.fairs import ReadFair
from bot.library.glossary import Glossary
from bot.library.guided import ReadFlow
from bot.library.offices import Office, Team
from bot.library.place import Place, What
from bot.library.problems import Notes, Problem
from bot.library.reading import ReadArticle


@dataclass(frozen=True, slots=True)
class WordList:
    """What a file of words says, as whoever uses the words has read it."""

    value: object


Found = (
    ReadArticle
    | ReadFair
    | ReadFlow
    | Mapping[str, Datum]
    | Country
    | tuple[Office, ...]
    | Team
    | Glossary
    | WordList
    | None
)

WordReaders = Mapping[What, Callable[[str, Notes], object]]
"""Who reads the word lists of search, trust gate and announcements: they live above the library and are brought along.
What has a mistake is noted, and None given."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file. `found` depends on `place.what`."""

    place: Place
    digest: str
    text: str
    found: Found
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """There is something in it that can be served."""
        match self.found:
            case ReadArticle():
                return self.found.article is not None
            case ReadFair():
                return self.found.fair is not None
            case ReadFlow():
                return self.found.flow is not None
            case Mapping() | tuple():
                return bool(self.found)
        return self.found is not None
