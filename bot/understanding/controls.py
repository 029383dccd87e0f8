"""The few words that steer Rumbo: menu, back, stop, erase and the like, said in natural words.

A control is recognised only when the WHOLE message has a form that stands in the glossary: a question that merely
contains `baja` or `borrar` is a question. Typos are forgiven only where being wrong costs nothing. Must never guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.understanding.text import Glossary, a_typo_apart, plain, with_one_less, words

_LONGEST = 24  # words: nobody steers in longer sentences
_TYPO_FROM = 4
_TOKEN = re.compile(r"[()|?]|[a-z0-9]+")


class Control(StrEnum):
    """What a person can tell Rumbo to do. `LANGUAGE` asks to choose; the others name their wish."""

    GREETING = "greeting"
    THANKS = "thanks"
    MENU = "menu"
    BACK = "back"
    CANCEL = "cancel"
    HELP = "help"
    HUMAN = "human"
    SOURCE = "source"
    MY_DATA = "my_data"
    STOP = "stop"
    UNSUBSCRIBE = "unsubscribe"
    SUBSCRIBE = "subscribe"
    DELETE_DATA = "delete_data"
    LANGUAGE_ES = "language_es"
    LANGUAGE_EN = "language_en"
    LANGUAGE = "language"


class Scope(StrEnum):
    """What a stop is about."""

    ALL = "all"
    ALERTS = "alerts"
    FAIRS = "fairs"


GRAVE = frozenset({Control.STOP, Control.UNSUBSCRIBE, Control.SUBSCRIBE, Control.DELETE_DATA, Control.MY_DATA})
"""Controls that change or show what is kept of a person: their words must be spelt as in the glossary."""

_ORDER = (
    Control.DELETE_DATA,
    Control.UNSUBSCRIBE,
    Control.STOP,
    Control.SUBSCRIBE,
    Control.MY_DATA,
    Control.LANGUAGE_EN,
    Control.LANGUAGE_ES,
    Control.LANGUAGE,
    Control.HUMAN,
    Control.SOURCE,
    Control.CANCEL,
    Control.BACK,
    Control.MENU,
    Control.HELP,
    Control.THANKS,
    Control.GREETING,
)


@dataclass(frozen=True, slots=True)
class Command:
    """A control as it was given; `scope` tells what `stop` and `unsubscribe` are about."""

    control: Control
    scope: Scope = Scope.ALL


class Controls:
    """Reads controls by the forms of one glossary."""

    def __init__(self, glossary: Glossary) -> None:
        self._spellings = glossary.spellings
        courtesy = "|".join(_form(words_of) for words_of in glossary.courtesy) or "(?!)"
        self._courtesy = re.compile(f"(?:{courtesy})+")
        self._forms = list(_compiled(glossary.controls, courtesy))
        self._harmless = _Typos(glossary.controls, glossary.courtesy)

    def control(self, text: str) -> Control | None:
        """The control that a message is, or nothing."""
        command = self.read(text)
        return command.control if command else None

    def read(self, text: str) -> Command | None:
        """The control with its scope. Greeting and thanks only when nothing else is said."""
        said = self._words(text)
        if not said or len(said) > _LONGEST:
            return self._emoji(text) if not said else None
        if self._harmless.knows(said):
            return self._match(" ".join(said) + " ", grave=True)
        mended = [self._harmless.mend(word) for word in said]
        return self._match(" ".join(mended) + " ", grave=False) if self._harmless.knows(mended) else None

    def without_courtesy(self, text: str) -> str:
        """The message without the greeting that it begins with, when at least two words follow: `hola, como saco...`."""
        line = " ".join(self._words(text)) + " "
        found = self._courtesy.match(line)
        rest = line[found.end() :].strip() if found else ""
        return rest if len(rest.split()) > 1 else text

    def _words(self, text: str) -> list[str]:
        if len(text) > 300:
            return []
        out: list[str] = []
        for word in words(text):
            out.extend(self._spellings.get(word, (word,)))
        return out

    def _match(self, line: str, *, grave: bool) -> Command | None:
        for command, form, _ in self._forms:
            if (grave or command.control not in GRAVE) and form.fullmatch(line):
                return command
        return None

    def _emoji(self, text: str) -> Command | None:
        """A wave greets and folded hands thank; other pictures say nothing."""
        bare = plain(text)
        if any(c in bare for c in "👋🖐✋"):
            return Command(Control.GREETING)
        return Command(Control.THANKS) if any(c in bare for c in "🙏👍❤💛💙👌🤝🤗😘") else None


class _Typos:
    """The words of harmless controls, and what is one letter off them."""

    def __init__(self, controls: Mapping[str, Iterable[str]], courtesy: Iterable[str]) -> None:
        harmless = [f for name, forms in controls.items() if _command(name).control not in GRAVE for f in forms]
        self._known = {w for form in (*harmless, *courtesy) for w in _TOKEN.findall(plain(form)) if w.isalnum()}
        self._grave = {
            w
            for name, forms in controls.items()
            if _command(name).control in GRAVE
            for form in forms
            for w in _TOKEN.findall(plain(form))
        }
        self._near: dict[str, list[str]] = {}
        for word in sorted(self._known):
            if len(word) >= _TYPO_FROM:
                for less in with_one_less(word):
                    self._near.setdefault(less, []).append(word)

    def knows(self, said: Iterable[str]) -> bool:
        """Whether every word stands in some form: without that no form can fit, and none need be tried."""
        return all(word in self._known or word in self._grave for word in said)

    def mend(self, word: str) -> str:
        """The harmless word that this one is a typo of, or the word itself."""
        if word in self._known or word in self._grave or len(word) < _TYPO_FROM:
            return word
        near = {known for less in with_one_less(word) for known in self._near.get(less, ())}
        typos = [known for known in near if a_typo_apart(word, known)]
        return min(typos, key=lambda known: (known[0] != word[0], known[-1] != word[-1], known), default=word)


def _command(name: str) -> Command:
    control, _, scope = name.partition(".")
    if scope:
        return Command(Control(control), Scope(scope))
    return Command(Control(control), Scope.ALERTS if control == Control.UNSUBSCRIBE else Scope.ALL)


def _compiled(controls: Mapping[str, Sequence[str]], courtesy: str) -> list[tuple[Command, re.Pattern[str], str]]:
    """One pattern a control, the grave ones first, the chatter last."""
    forms = []
    for name, entries in controls.items():
        command = _command(name)
        body = "|".join(f"(?:{_form(entry)})" for entry in entries)
        forms.append((command, re.compile(f"(?:{courtesy})*(?:{body})(?:{courtesy})*"), name))
    return sorted(forms, key=lambda form: (_ORDER.index(form[0].control), "." not in form[2]))


def _form(entry: str) -> str:
    """The regular expression of a form; every word carries the space after it."""
    marks = {"(": "(?:", ")": ")", "|": "|", "?": "?"}
    form = "".join(marks.get(part) or f"(?:{part} )" for part in _TOKEN.findall(plain(entry)))
    try:
        compiled = re.compile(form)
    except re.error as error:
        raise ValueError(f"la forma «{entry}» no se entiende: {error}") from error
    if compiled.fullmatch(""):
        raise ValueError(f"la forma «{entry}» también vale para un mensaje vacío: deja al menos una palabra sin «?»")
    return form
