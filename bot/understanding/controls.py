"""The few words that steer Rumbo: menu, back, stop, erase and the like, said in natural words.

A control is recognised only when the WHOLE message is made of forms that stand in the glossary: the wish itself, and
before and after it courtesy, remarks ("ya conseguí trabajo") or another wish. A question that merely contains `baja` or
`borrar` is a question. Typos are forgiven only where being wrong costs nothing. Must never guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.understanding.forms import Forms, words_in
from bot.understanding.text import Glossary, plain, sound, words
from bot.understanding.typos import Typos, a_typo_apart

_LONGEST = 24  # words: nobody steers in longer sentences
_TYPO_FROM = 4
_SOUND_FROM = 5  # letters: shorter words that sound alike may be different ones
_PAST = re.compile(r"\w+é\b")


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
    KEEP = "keep"  # "no pares": the opposite of a command


class Scope(StrEnum):
    """What a stop is about."""

    ALL = "all"
    ALERTS = "alerts"
    FAIRS = "fairs"


GRAVE = frozenset(
    {Control.STOP, Control.UNSUBSCRIBE, Control.SUBSCRIBE, Control.DELETE_DATA, Control.MY_DATA, Control.KEEP}
)
"""Controls about what is kept of a person or sent to them: their words must be spelt as in the glossary."""

_ORDER = (
    Control.DELETE_DATA,
    Control.UNSUBSCRIBE,
    Control.STOP,
    Control.KEEP,
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


_CHATTER = frozenset({Control.GREETING, Control.THANKS})
_TOGETHER = 3  # commands in one message
_Told = tuple[int, ...]
"""Ranks of the commands that are told, each once, the first in rank in front."""


@dataclass(frozen=True, slots=True)
class Command:
    """A control as it was given; `scope` tells what `stop` and `unsubscribe` are about."""

    control: Control
    scope: Scope = Scope.ALL


def _agree(one: Command, other: Command) -> bool:
    """Whether two commands can be one message. What changes what is kept of a person stands beside chatter, or beside
    giving up; "salir y volver" is a question about a journey.
    """
    both = {one.control, other.control}
    if both & _CHATTER or both <= {Control.STOP, Control.DELETE_DATA}:
        return True
    if both & GRAVE:
        return Control.CANCEL in both or both == {Control.UNSUBSCRIBE, Control.DELETE_DATA}
    return both != {Control.CANCEL, Control.BACK}


class Controls:
    """Reads controls by the forms of one glossary."""

    def __init__(self, glossary: Glossary) -> None:
        self._spellings = glossary.spellings
        self._fillers: dict[str, list[tuple[str, ...]]] = {}
        for filler in glossary.fillers:
            self._fillers.setdefault(filler.split()[0], []).append(tuple(filler.split()))
        self._forms = Forms()
        self._around = self._forms.state()
        self._beside = self._forms.state()
        for form in glossary.courtesy:
            self._forms.add(form, self._around, self._around)
        for form in (*glossary.courtesy, *glossary.remarks):
            self._forms.add(form, self._beside, self._beside)
        self._begin = self._forms.state()
        self._commands: list[Command] = []  # the grave ones first, the chatter last
        self._ends = self._read_forms(glossary.controls)
        self._spelt = _Spelling(glossary)

    def _read_forms(self, controls: Mapping[str, Sequence[str]]) -> dict[int, int]:
        """Where the forms of each command end, and its rank."""
        commands = {name: _command(name) for name in controls}
        order = sorted(commands, key=lambda name: (_ORDER.index(commands[name].control), "." not in name))
        self._commands = [commands[name] for name in order]
        ends: dict[int, int] = {}
        for name, entries in controls.items():
            end = self._forms.state()
            ends[end] = order.index(name)
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
        command = self._command(text, said) if len(said) <= _LONGEST else None
        greeted = max(at for at, reached in self._forms.walk(said, self._around) if self._around in reached)
        return command, " ".join(said[greeted:]) if greeted and len(said) - greeted > 1 else text

    def _command(self, text: str, said: Sequence[str]) -> Command | None:
        spelt, exact = self._spelt.out(said)
        if not spelt:
            return None
        return self._match(self._without_fillers(spelt), grave=exact and not self._spelt.is_told(text))

    def _words(self, text: str) -> list[str]:
        if len(text) > 300:
            return []
        out: list[str] = []
        for word in words(text):
            out.extend(self._spellings.get(word, (word,)))
        return out

    def _without_fillers(self, said: Sequence[str]) -> Sequence[str]:
        """The words without those of courtesy that may stand in the middle; all of them when nothing else is said."""
        if self._fillers.keys().isdisjoint(said):
            return said
        left: list[str] = []
        at = 0
        while at < len(said):
            filler = next((f for f in self._fillers.get(said[at], ()) if tuple(said[at : at + len(f)]) == f), ())
            left += () if filler else (said[at],)
            at += len(filler) or 1
        return left or said

    def _match(self, said: Sequence[str], *, grave: bool) -> Command | None:
        """The command that fills the message, with courtesy and remarks around it; of several, the first in rank."""
        ways: list[set[_Told]] = [set() for _ in range(len(said) + 1)]  # what may have been told up to each word
        ways[0].add(())
        for at in range(len(said)):
            if not ways[at]:
                continue
            for there, reached in self._forms.walk(said, self._beside, at):
                if self._beside in reached:
                    ways[there] |= ways[at]
            for there, reached in self._forms.walk(said, self._begin, at):
                for end in reached & self._ends.keys():
                    ways[there].update(self._together(ways[at], self._ends[end], grave=grave))
        told = sorted((len(ranks), ranks) for ranks in ways[-1] if ranks)
        return self._commands[told[0][1][0]] if told else None

    def _together(self, before: Iterable[_Told], rank: int, *, grave: bool) -> Iterator[_Told]:
        """What a message tells with one command more, where the two may stand together."""
        command = self._commands[rank]
        if not grave and command.control in GRAVE:
            return
        for ranks in before:
            if rank in ranks:
                yield ranks
            elif len(ranks) < _TOGETHER and all(_agree(command, self._commands[known]) for known in ranks):
                yield tuple(sorted((*ranks, rank)))

    def _emoji(self, text: str) -> Command | None:
        """A wave greets and folded hands thank; other pictures say nothing."""
        bare = plain(text)
        if any(c in bare for c in "👋🖐✋"):
            return Command(Control.GREETING)
        return Command(Control.THANKS) if any(c in bare for c in "🙏👍❤💛💙👌🤝🤗😘") else None


class _Spelling:
    """The words of controls, and how else they are written."""

    def __init__(self, glossary: Glossary) -> None:
        forms = [
            (_command(name).control in GRAVE, form) for name, listed in glossary.controls.items() for form in listed
        ]
        beside = {word for form in (*glossary.courtesy, *glossary.remarks) for word in words_in(form)}
        grave = {word for is_grave, form in forms if is_grave for word in words_in(form)}
        harmless = {word for is_grave, form in forms if not is_grave for word in words_in(form)}
        self._known = harmless | beside | grave | {word for filler in glossary.fillers for word in filler.split()}
        self._orders = {
            w for w in grave - beside if w[-1] == "e" and {w[:-1] + "a", w + "n"} <= grave
        }  # borra, borre, borren
        self._sounds = {sound(word): word for word in sorted(self._known, reverse=True) if len(word) >= _SOUND_FROM}
        self._mendable = sorted(word for word in harmless | beside if len(word) >= _TYPO_FROM)
        self._typos = Typos(self._mendable)

    def out(self, said: Sequence[str]) -> tuple[list[str], bool]:
        """The words as they stand in some form, and whether all are written or sound as there ("vorra" is "borra").

        No words when one of them stands in none: then no form can fit.
        """
        out: list[str] = []
        exact = True
        for word in said:
            known = word if word in self._known else self._heard(word) if len(said) > 1 else ""
            if not known:
                known, exact = self._mend(word), False
            if not known:
                return [], False
            out.append(known)
        return out, exact

    def _heard(self, word: str) -> str:
        """The word that sounds like this one, or an empty one. One alone must be written as it stands in a form."""
        return self._sounds.get(sound(word), "") if len(word) >= _SOUND_FROM else ""

    def is_told(self, text: str) -> bool:
        """Whether an order is none, by its accent: "borré mis datos" tells what was done."""
        past = _PAST.findall(unicodedata.normalize("NFC", text).lower()) if "é" in text or "\u0301" in text else ()
        return any(plain(word) in self._orders for word in past)

    def _mend(self, word: str) -> str:
        """The harmless word that this one is a typo of, or an empty one."""
        if len(word) < _TYPO_FROM:
            return ""
        near = {self._mendable[at] for places in self._typos.near(word) for at in places}
        typos = [known for known in near if a_typo_apart(word, known)]
        return min(
            typos,
            key=lambda known: (known[0] != word[0], known[-1] != word[-1], len(known) <= len(word), known),
            default="",
        )


def _command(name: str) -> Command:
    control, _, scope = name.partition(".")
    if scope:
        return Command(Control(control), Scope(scope))
    return Command(Control(control), Scope.ALERTS if control == Control.UNSUBSCRIBE else Scope.ALL)
