"""What search reads of the content, and no more: it must not depend on how articles are stored or checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

LANGUAGES = ("es", "en")


class Section(Protocol):
    """One part of an article, as the library gives it."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...


class Article(Protocol):
    """What the index reads of an article."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def questions(self) -> Sequence[str]: ...
    @property
    def keywords(self) -> Sequence[str]: ...
    @property
    def summary(self) -> str: ...
    @property
    def sections(self) -> Sequence[Section]: ...


class Library(Protocol):
    """Where the articles come from; a language without articles gives an empty row."""

    def articles(self, language: str) -> Sequence[Article]: ...
