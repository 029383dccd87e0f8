"""What the articles are called: titles, labels and abbreviations. A message that is such a name and nothing else is clear.

"el SIS", "qué es el CPP", "requisitos para el carné de extranjería" say too few words for the ranking to be sure by
itself, yet nobody who reads them doubts what is meant. A name that several articles share is none.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from bot.understanding.articles import LANGUAGES, Article, Library
from bot.understanding.forms import Forms
from bot.understanding.text import Analyser, Glossary, Terms, is_function_word, stem

_FRAME = frozenset(
    """saco sacar saca sacarlo obtener obtengo tramitar tramito tramite hacer hago hace pedir pido solicitar solicito conseguir
    consigo info informacion saber quiero quisiera necesito necesita sobre significa sirve cuesta cuestan costo costos precio
    vale sale cobran cobra pagar paga demora demoran tarda tardan dura tiempo dias requisitos requisito documentos piden
    pide hola favor ayuda dime explicame gratis
    apply need want know about cost costs much long take takes requirements documents mean means tell explain price""".split()
)
"""What is asked about a thing, whatever it is called."""
_ABBREVIATION = re.compile(r"[A-ZÁÉÍÓÚÑ]{2,7}")
_HEAD = re.compile(r"[,:(]")


class Names:
    """The names of the articles of one content."""

    def __init__(self, library: Library, analyser: Analyser) -> None:
        names: dict[tuple[str, ...], set[str]] = {}
        letters: dict[tuple[str, ...], set[str]] = {}
        for language in LANGUAGES:
            for article in library.articles(language):
                for owners, found in ((names, _names(article)), (letters, _abbreviations(article))):
                    for name in found:
                        owners.setdefault(_stems(analyser.words(name)), set()).add(article.id)
        owned = {**letters, **names}  # what a title says wins over keywords
        self._called = {name: min(ids) for name, ids in owned.items() if name and len(ids) == 1}

    def called(self, terms: Terms) -> str:
        """The one article that is called by these words and by no more; empty when there is none."""
        bare = [word for word in terms.words if word not in _FRAME]
        return self._called.get(_stems(terms.words)) or self._called.get(_stems(bare), "")


class DirectForms:
    """Whole messages that the office sends to one article, whatever the ranking says: "¿quién te hizo?"."""

    def __init__(self, glossary: Glossary, known: Container[str]) -> None:
        self._forms = Forms()
        self._begin = self._forms.state()
        self._ends: dict[int, str] = {}
        for article, entries in glossary.direct.items():
            end = self._forms.state()
            if article in known:
                self._ends[end] = article
            for form in entries:
                self._forms.add(form, self._begin, end)
            for form in glossary.courtesy:
                self._forms.add(form, end, end)

    def article(self, said: Sequence[str]) -> str:
        """The article that these words ask for, empty for all other messages."""
        *_, (at, reached) = self._forms.walk(said, self._begin)
        return next((self._ends[end] for end in reached if end in self._ends), "") if at == len(said) else ""


def _names(article: Article) -> Iterator[str]:
    yield article.title
    yield _HEAD.split(article.title, maxsplit=1)[0]
    yield article.label


def _abbreviations(article: Article) -> Iterator[str]:
    return (word for word in article.keywords if _ABBREVIATION.fullmatch(word))


def _stems(said: Sequence[str]) -> tuple[str, ...]:
    """The stems of the words that say something, in any order."""
    return tuple(sorted({stem(word) for word in said if not is_function_word(word)}))
