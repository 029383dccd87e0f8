"""The few words that steer Rumbo: menu, back, stop, erase and the like, said in natural words.

A control is recognised only when the WHOLE message has a form that stands in the glossary: a question that merely
contains `baja` or `borrar` is a question. Typos are forgiven only where being wrong costs nothing. Must never guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.understanding.forms import Forms, words_in
from bot.understanding.text import Glossary, a_typo_apart, plain, with_one_less, words

_LONGEST = 24  # words: nobody steers in longer sentences
_TYPO_FROM = 4


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
        self._forms = Forms()
        self._around = self._forms.state()
        for form in glossary.courtesy:
            self._forms.add(form, self._around, self._around)
        self._begin = self._forms.state()
        self._ends = self._read_forms(glossary.controls)
        self._harmless = _Typos(glossary.controls, glossary.courtesy)

    def _read_forms(self, controls: Mapping[str, Sequence[str]]) -> dict[int, tuple[int, Command]]:
        """Where the forms of each command end, and its rank: the grave ones first, the chatter last."""
        commands = {name: _command(name) for name in controls}
        order = sorted(commands, key=lambda name: (_ORDER.index(commands[name].control), "." not in name))
        ends: dict[int, tuple[int, Command]] = {}
        for name, entries in controls.items():
            end = self._forms.state()
            ends[end] = (order.index(name), commands[name])
            for form in entries:
                self._forms.add(form, self._begin, end)
        return ends

    def control(self, text: str) -> Control | None:
        """The control that a message is, or nothing."""
        command = self.read(text)
        return command.control if command else None

    def read(self, text: str) -> Command | None:
        """The control with its scope. Greeting and thanks only when nothing else is said."""
        return self.hear(text)[0]

    def hear(self, text: str) -> tuple[Command | None, str]:
        """The control that a message is, and the message without the greeting that it begins with.

        The greeting is left out when at least two words follow it: `hola, como saco...`.
        """
        said = self._words(text)
        if not said:
            return self._emoji(text), text
        command = self._command(said) if len(said) <= _LONGEST else None
        greeted = max(at for at, reached in self._forms.walk(said, self._around) if self._around in reached)
        return command, " ".join(said[greeted:]) if greeted and len(said) - greeted > 1 else text

    def _command(self, said: Sequence[str]) -> Command | None:
        mended = self._harmless.mended(said)
        return self._match(mended, grave=mended == said) if mended else None

    def _words(self, text: str) -> list[str]:
        if len(text) > 300:
            return []
        out: list[str] = []
        for word in words(text):
            out.extend(self._spellings.get(word, (word,)))
        return out

    def _match(self, said: Sequence[str], *, grave: bool) -> Command | None:
        """The first of the commands that fill the message, but for courtesy before and after."""
        found: set[tuple[int, Command]] = set()
        starts = [at for at, reached in self._forms.walk(said, self._around) if self._around in reached]
        for start in starts:
            for at, reached in self._forms.walk(said, self._begin, start):
                ended = reached.intersection(self._ends)
                if ended and self._is_courtesy(said, at):
                    found.update(self._ends[end] for end in ended)
        fitting = [ranked for ranked in found if grave or ranked[1].control not in GRAVE]
        return min(fitting, key=lambda ranked: ranked[0])[1] if fitting else None

    def _is_courtesy(self, said: Sequence[str], begin: int) -> bool:
        """Whether from there on nothing but courtesy follows."""
        *_, (at, reached) = self._forms.walk(said, self._around, begin)
        return at == len(said) and self._around in reached

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
        grave = [f for name, forms in controls.items() if _command(name).control in GRAVE for f in forms]
        self._known = {word for form in (*harmless, *courtesy) for word in words_in(form)}
        self._grave = {word for form in grave for word in words_in(form)}
        self._near: dict[str, list[str]] = {}
        for word in sorted(self._known):
            if len(word) >= _TYPO_FROM:
                for less in with_one_less(word):
                    self._near.setdefault(less, []).append(word)

    def mended(self, said: Iterable[str]) -> list[str]:
        """The words as they stand in some form; empty when one of them does not: then no form can fit."""
        out = []
        for word in said:
            known = word if word in self._known or word in self._grave else self._mend(word)
            if not known:
                return []
            out.append(known)
        return out

    def _mend(self, word: str) -> str:
        """The harmless word that this one is a typo of, or an empty one."""
        if len(word) < _TYPO_FROM:
            return ""
        near = {known for less in with_one_less(word) for known in self._near.get(less, ())}
        typos = [known for known in near if a_typo_apart(word, known)]
        return min(typos, key=lambda known: (known[0] != word[0], known[-1] != word[-1], known), default="")


def _command(name: str) -> Command:
    control, _, scope = name.partition(".")
    if scope:
        return Command(Control(control), Scope(scope))
    return Command(Control(control), Scope.ALERTS if control == Control.UNSUBSCRIBE else Scope.ALL)
